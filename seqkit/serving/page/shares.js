// Classes and their probabilities, as bars.

import { make } from "./dom.js";
import { percent } from "./strings.js";

/**
 * @param {Record<string, number>} classes probabilities
 * @param {string[]} labels those that were given
 * @param {((name: string) => void)} [choose] called for a class that is chosen
 */
export function shares(classes, labels, choose) {
  const sorted = Object.entries(classes).sort(([, a], [, b]) => b - a);
  const rows = sorted.map(([name, share]) => {
    const isGiven = labels.includes(name);
    const bar = make("span", { class: "share", "aria-hidden": "true" });
    bar.style.setProperty("--share", share.toFixed(4));
    const text = make(isGiven ? "strong" : "span", { text: name, dir: "auto", class: "name" });
    const value = make("span", { class: "count", text: percent(share) });
    if (!choose) return make("li", { class: isGiven ? "given" : "" }, text, value, bar);

    const button = make("button", { type: "button", class: "plain" }, text, value, bar);
    button.addEventListener("click", () => choose(name));
    return make("li", { class: isGiven ? "given" : "" }, button);
  });
  return make("ul", { class: "shares" }, ...rows);
}
