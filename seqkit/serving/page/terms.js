// The list of words that are to be translated one way, kept in the browser for each direction.

import { find, make, save } from "./dom.js";
import { textOf } from "./files.js";
import { keep, onKeptElsewhere, recall } from "./kept.js";
import { showProblem } from "./live.js";
import { hush, say, sayLabel } from "./strings.js";

/** @typedef {[string, string]} Term a source term and its translation; "-": left as it is */

const LARGEST_FILE = 1_000_000; // bytes
const KEEP = "-";

export class Terms {
  #direction = "";
  /** @type {Record<string, Term[]>} */
  #all = recall("terms", {});
  /** @type {(() => void)[]} */
  #listeners = [];

  constructor() {
    const form = find("terms-form", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#added();
    });

    const file = find("terms-file", HTMLInputElement);
    file.addEventListener("change", () => this.#loaded(file));
    find("terms-save", HTMLButtonElement).addEventListener("click", () => this.#saved());
    onKeptElsewhere("terms", () => {
      this.#all = recall("terms", {});
      this.#changed();
    });
  }

  /**
   * The terms of a direction.
   * @param {string} direction
   * @returns {Term[]}
   */
  of(direction) {
    return this.#all[direction] ?? [];
  }

  /**
   * Show and edit the terms of a direction from now on.
   * @param {string} direction
   */
  edit(direction) {
    this.#direction = direction;
    this.#show();
  }

  /**
   * Call after every change.
   * @param {() => void} listener
   */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /**
   * Change the terms of this direction. Another tab may have changed them just before.
   * @param {(terms: Term[]) => Term[]} change
   */
  #set(change) {
    this.#all = recall("terms", this.#all);
    this.#all[this.#direction] = change(this.of(this.#direction));
    const problem = find("terms-problem", HTMLElement);
    if (keep("terms", this.#all)) hush(problem);
    else say(problem, "terms.unkept");
    this.#changed();
  }

  #changed() {
    this.#show();
    for (const listener of this.#listeners) listener();
  }

  #added() {
    const source = find("term-source", HTMLInputElement);
    const target = find("term-target", HTMLInputElement);
    const term = source.value.trim();
    if (!term) return source.focus();

    const translation = target.value.trim() || KEEP;
    this.#set((terms) => merged(terms, [[term, translation]]));
    source.value = "";
    target.value = "";
    source.focus();
  }

  /** @param {HTMLInputElement} field */
  async #loaded(field) {
    const file = field.files?.[0];
    field.value = "";
    if (!file) return;

    const problem = find("terms-problem", HTMLElement);
    try {
      const added = file.size <= LARGEST_FILE ? readTerms(await textOf(file)) : [];
      if (added.length) this.#set((terms) => merged(terms, added));
      else say(problem, "terms.unread", { name: file.name });
    } catch (error) {
      showProblem(problem, error);
    }
  }

  #saved() {
    const lines = this.of(this.#direction).map((term) => `${term.join("\t")}\n`);
    save(new Blob(lines, { type: "text/tab-separated-values" }), "terms.tsv");
  }

  #show() {
    const terms = this.of(this.#direction);
    const rows = terms.map(([source, target]) => this.#row(source, target));
    const list = find("terms-list", HTMLUListElement);
    list.replaceChildren(...rows);
    list.hidden = !terms.length;
    find("terms-save", HTMLButtonElement).hidden = !terms.length;

    const count = find("terms-count", HTMLElement);
    if (terms.length) say(count, "terms.count", { n: terms.length });
    else hush(count);
  }

  /**
   * @param {string} source
   * @param {string} target
   */
  #row(source, target) {
    const kept = make("em");
    say(kept, "terms.kept");
    const result = target === KEEP ? kept : make("span", { dir: "auto", text: target });
    const remove = make("button", { type: "button", class: "quiet", text: "×" });
    sayLabel(remove, "terms.remove", { term: source });
    remove.addEventListener("click", () => {
      this.#set((terms) => terms.filter(([term]) => term !== source));
      find("term-source", HTMLInputElement).focus();
    });
    const from = make("span", { dir: "auto", text: source });
    return make("li", {}, from, make("span", { class: "arrow", text: "→" }), result, remove);
  }
}

/**
 * New terms after the old ones; a source term has one translation, the newest.
 * @param {Term[]} old
 * @param {Term[]} added
 * @returns {Term[]}
 */
function merged(old, added) {
  const byTerm = new Map(old);
  for (const [source, target] of added) byTerm.set(source, target);
  return [...byTerm];
}

/**
 * Lines of a source term, a tab and its translation, as `seqkit translate --glossary` reads them.
 * @param {string} text
 * @returns {Term[]}
 */
function readTerms(text) {
  /** @type {Term[]} */
  const terms = [];
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    if (line.startsWith("#")) continue; // a comment
    const [source = "", target = ""] = line.split("\t").map((part) => part.trim());
    if (source && target) terms.push([source, target]);
  }
  return terms;
}
