// Other words for one word of a translation, in a small dialog under it.

import { make } from "./dom.js";
import { Live } from "./live.js";
import { hush, percent, say, sayLabel } from "./strings.js";

/**
 * @typedef {object} Alternative
 * @property {string} word
 * @property {string} translation with this word, the rest of its sentence redone
 * @property {number} probability
 */

/**
 * @typedef {object} Actions
 * @property {(signal: AbortSignal) => Promise<Alternative[]>} ask
 * @property {(word: string, signal: AbortSignal) => Promise<string>} redo with a word of one's own
 * @property {(translation: string) => void} take
 * @property {(giveBack: boolean) => void} closed whether the focus has to go back
 */

export class Alternatives {
  /** @type {Actions | null} */
  #actions = null;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.list = make("ul", { class: "alternatives" });
    this.problem = make("p", { class: "problem", role: "alert" });
    this.state = make("p", { class: "hint", role: "status" });
    this.form = make("form", { class: "row" });
    this.own = make("input", { autocomplete: "off", dir: "auto" });
    this.live = new Live(box, this.problem);
    box.tabIndex = -1; // has the focus until there is something to choose
    this.#fill();

    box.addEventListener("keydown", (event) => this.#pressed(event));
    box.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !box.contains(relatedTarget)) this.close();
    });
    document.addEventListener("pointerdown", (event) => {
      if (event.target instanceof Node && !box.contains(event.target)) this.close();
    });
  }

  get isOpen() {
    return this.#actions !== null;
  }

  /**
   * @param {HTMLElement} anchor the word
   * @param {string} word
   * @param {string} prefix the translation up to it
   * @param {Actions} actions
   */
  open(anchor, word, prefix, actions) {
    this.close();
    this.#actions = actions;
    this.list.replaceChildren();
    this.own.value = "";
    sayLabel(this.box, "alternatives.title", { word });
    this.box.hidden = false;
    this.#place(anchor);
    this.box.focus({ preventScroll: true });

    this.live.now(async (signal) => {
      say(this.state, "alternatives.busy");
      const found = await actions.ask(signal).catch((error) => {
        hush(this.state);
        throw error;
      });
      const others = found.filter((alternative) => alternative.word.trim() !== word);
      this.list.replaceChildren(...others.map((other) => this.#item(other, prefix)));
      say(this.state, others.length ? "alternatives.some" : "alternatives.none", {
        n: others.length,
      });
      if (document.activeElement === this.box) (this.#buttons()[0] ?? this.own).focus();
      this.box.scrollIntoView({ block: "nearest" });
    });
  }

  /** @param {boolean} giveBack the focus */
  close(giveBack = false) {
    const actions = this.#actions;
    if (!actions) return;
    this.#actions = null;
    this.live.stop();
    this.box.hidden = true;
    actions.closed(giveBack);
  }

  #fill() {
    const label = make("span");
    say(label, "alternatives.own");
    const send = make("button", { type: "submit" });
    say(send, "alternatives.take");
    this.form.append(make("label", {}, label, this.own), send);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const word = this.own.value.trim();
      const actions = this.#actions;
      if (!word || !actions) return;
      this.live.now(async (signal) => this.#take(await actions.redo(word, signal)));
    });
    this.box.append(this.list, this.state, this.problem, this.form);
  }

  /**
   * @param {Alternative} alternative
   * @param {string} prefix is left out where the translation begins with it
   */
  #item({ word, translation, probability }, prefix) {
    const isSame = prefix !== "" && translation.startsWith(prefix);
    const rest = isSame ? `… ${translation.slice(prefix.length)}` : translation;
    const button = make(
      "button",
      { type: "button" },
      make("strong", { text: word.trim(), dir: "auto" }),
      make("span", { text: percent(probability), class: "count" }),
      make("span", { text: rest, dir: "auto", class: "rest" }),
    );
    button.addEventListener("click", () => this.#take(translation));
    return make("li", {}, button);
  }

  /** @param {string} translation */
  #take(translation) {
    const actions = this.#actions;
    this.close();
    actions?.take(translation);
  }

  /** Under the word, inside the card. @param {HTMLElement} anchor */
  #place(anchor) {
    const word = anchor.getBoundingClientRect();
    const card = /** @type {HTMLElement} */ (this.box.offsetParent).getBoundingClientRect();
    const room = card.width - this.box.offsetWidth - 16;
    this.box.style.top = `${word.bottom - card.top + 6}px`;
    this.box.style.left = `${Math.max(8, Math.min(word.left - card.left, room))}px`;
  }

  #buttons() {
    return [...this.list.querySelectorAll("button")];
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing) return; // the keys are the input method's

    if (event.key === "Escape") {
      event.stopPropagation();
      this.close(true);
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = [...this.#buttons(), this.own];
    const at = stops.findIndex((stop) => stop === document.activeElement);
    stops[(at + step + stops.length) % stops.length].focus();
  }
}
