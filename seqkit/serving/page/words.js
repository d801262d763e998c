// A text of which every word can be pointed at, focused and chosen. It is one stop of the Tab key;
// the arrow keys go from word to word.

import { make } from "./dom.js";

/**
 * @typedef {object} Piece
 * @property {string} text
 * @property {number} start of it in the whole text
 * @property {boolean} isWord or else what stands between words
 */

const SCRIPTS = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"];
const UNSPACED = new RegExp(SCRIPTS.map((name) => `\\p{Script=${name}}`).join("|"), "u");

/**
 * Words and what is between them. Scripts without spaces are cut by the browser's own rules.
 * @param {string} text
 * @returns {Piece[]}
 */
export function piecesOf(text) {
  const pieces = [];
  for (const match of text.matchAll(/\s+|\S+/gu)) {
    const [found] = match;
    const isWord = /\S/u.test(found);
    const parts = isWord && UNSPACED.test(found) ? segments(found) : [found];
    let start = match.index;
    for (const part of parts) {
      pieces.push({ text: part, start, isWord });
      start += part.length;
    }
  }
  return pieces;
}

/** @param {string} text */
function segments(text) {
  const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
  return [...segmenter.segment(text)].map((part) => part.segment);
}

/**
 * Where each of `words` stands in `text`, one after the other; null for what is not there.
 * @param {string[]} words
 * @param {string} text
 * @returns {([number, number] | null)[]}
 */
export function placesOf(words, text) {
  let from = 0;
  return words.map((word) => {
    const start = word ? text.indexOf(word, from) : -1;
    if (start < 0) return null;
    from = start + word.length;
    return [start, from];
  });
}

export class Words {
  /** @type {HTMLElement[]} */
  #words = [];
  /** @type {Piece[]} */
  #pieces = [];

  /**
   * @param {HTMLElement} root
   * @param {object} listeners
   * @param {(index: number, element: HTMLElement) => void} listeners.point
   * @param {() => void} listeners.leave
   * @param {(index: number, element: HTMLElement) => void} [listeners.choose]
   */
  constructor(root, { point, leave, choose }) {
    this.root = root;
    /** @type {"button" | "option" | ""} */
    this.role = choose ? "button" : "option";
    this.point = point;
    this.leave = leave;
    this.choose = choose;

    root.addEventListener("pointerover", (event) => this.#pointed(event));
    root.addEventListener("focusin", (event) => this.#pointed(event));
    root.addEventListener("pointerleave", () => this.#left());
    root.addEventListener("focusout", () => this.#left());
    root.addEventListener("keydown", (event) => this.#pressed(event));
    if (choose) root.addEventListener("click", (event) => this.#clicked(event));
  }

  /** The words' elements, in order. */
  get elements() {
    return this.#words;
  }

  /** The words, in order. */
  get pieces() {
    return this.#pieces.filter((piece) => piece.isWord);
  }

  /**
   * Say what the words are: buttons where they can be chosen, options of a list where they can be
   * pointed at, mere text where a model can do neither.
   * @param {"button" | "option" | ""} role
   */
  become(role) {
    if (role === this.role) return;
    this.role = role;
    this.root.setAttribute("role", role === "option" ? "listbox" : "group");
    const pieces = this.#pieces;
    this.show([]);
    this.show(pieces);
  }

  /**
   * Show pieces. Those at the beginning that stand there already stay, so that a text can grow
   * under a reader's pointer.
   * @param {Piece[]} pieces
   */
  show(pieces) {
    const same = this.#sameUpTo(pieces);
    const nodes = [...this.root.childNodes];
    for (const node of nodes.slice(same)) node.remove();
    this.#words = this.#words.filter((word) => word.isConnected);
    this.#pieces = pieces;

    for (const piece of pieces.slice(same)) {
      if (piece.isWord) this.#words.push(this.#word(piece.text));
      this.root.append(piece.isWord ? this.#words[this.#words.length - 1] : piece.text);
    }
    if (!this.#words.some((word) => word.tabIndex === 0)) this.#stopAt(this.#words[0]);
  }

  /**
   * Move the focus to a word.
   * @param {number} index
   */
  focus(index) {
    const word = this.#words[Math.max(0, Math.min(index, this.#words.length - 1))];
    if (!word) return;
    this.#stopAt(word);
    word.focus();
  }

  /** @param {Piece[]} pieces */
  #sameUpTo(pieces) {
    let same = 0;
    while (same < pieces.length && pieces[same].text === this.#pieces[same]?.text) same += 1;
    return same;
  }

  /** @param {string} text */
  #word(text) {
    const element = make("span", { class: "word", text });
    if (!this.role) return element;

    element.setAttribute("role", this.role);
    element.tabIndex = -1;
    if (this.role === "button") element.setAttribute("aria-haspopup", "dialog");
    return element;
  }

  /** @param {HTMLElement | undefined} stop */
  #stopAt(stop) {
    if (!this.role) return;
    for (const word of this.#words) word.tabIndex = word === stop ? 0 : -1;
  }

  /** @param {Event} event */
  #indexOf(event) {
    return this.#words.findIndex((word) => word === event.target);
  }

  /** @param {Event} event */
  #pointed(event) {
    const index = this.#indexOf(event);
    if (index >= 0) this.point(index, this.#words[index]);
  }

  #left() {
    const focused = this.#words.findIndex((word) => word === document.activeElement);
    if (focused >= 0) this.point(focused, this.#words[focused]);
    else this.leave();
  }

  /** @param {Event} event */
  #clicked(event) {
    const index = this.#indexOf(event);
    if (index < 0) return;
    this.focus(index);
    this.choose?.(index, this.#words[index]);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const index = this.#indexOf(event);
    if (index < 0 || event.ctrlKey || event.metaKey || event.altKey) return;

    const forward = getComputedStyle(this.root).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backward = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
    /** @type {Record<string, () => void>} */
    const actions = {
      [forward]: () => this.focus(index + 1),
      [backward]: () => this.focus(index - 1),
      Home: () => this.focus(0),
      End: () => this.focus(this.#words.length - 1),
      Enter: () => this.choose?.(index, this.#words[index]),
      " ": () => this.choose?.(index, this.#words[index]),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
