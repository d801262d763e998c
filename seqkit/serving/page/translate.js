// Type and see the translation grow; point at a word and see what it was made from; choose a word
// and have the rest redone.

import { Alternatives } from "./alternatives.js";
import { call, stream } from "./api.js";
import { Explained } from "./explained.js";
import { find, grow, onText, retype } from "./dom.js";
import { keep, recall, tab } from "./kept.js";
import { Live } from "./live.js";
import { directionsOf, offerDirections } from "./models.js";
import { inEachLanguage, percent, say, t, write } from "./strings.js";
import { Words, piecesOf } from "./words.js";

/** @typedef {import("./api.js").Model} Model */
/** @typedef {import("./terms.js").Terms} Terms */

const LONGEST_SPOKEN = 500; // characters that a screen reader is told without being asked

export class TranslateView {
  #source = find("source", HTMLTextAreaElement);
  #output = find("translation", HTMLElement);
  #hint = find("translation-hint", HTMLElement);
  #spoken = find("translation-spoken", HTMLElement);
  #notes = find("translation-notes", HTMLElement);
  #live = new Live(
    find("translation-card", HTMLElement),
    find("translation-problem", HTMLElement),
  );
  #translation = "";
  /** @type {string | null} the text that it translates; null while it may grow on */
  #translated = null;
  /** @type {string[]} translations before a word was chosen */
  #before = [];

  /**
   * @param {Model[]} models
   * @param {Terms} terms
   */
  constructor(models, terms) {
    this.terms = terms;
    this.directions = directionsOf(models);
    this.direction = offerDirections(
      find("direction", HTMLSelectElement),
      this.directions,
      () => this.#redirected(),
    );
    this.explained = new Explained(this.#source, find("source-mirror", HTMLElement));
    this.alternatives = new Alternatives(find("alternatives", HTMLElement));
    this.words = new Words(this.#output, {
      point: (index, element) => this.#pointed(index, element),
      leave: () => this.#left(),
      choose: (index, element) => this.#chosen(index, element),
    });

    this.#source.value = recall("source", "", tab);
    grow(this.#source, find("source-mirror", HTMLElement));
    onText(this.#source, () => this.#typed());
    this.#makeButtons();
    terms.onChange(() => this.#translateAfter("now"));
    inEachLanguage(() => this.#left());
    this.#redirected();
  }

  #makeButtons() {
    find("clear", HTMLButtonElement).addEventListener("click", () => retype(this.#source, ""));
    find("copy", HTMLButtonElement).addEventListener("click", () => this.#copied());
    find("swap", HTMLButtonElement).addEventListener("click", () => this.#swapped());
    find("undo", HTMLButtonElement).addEventListener("click", () => {
      if (!this.#isCurrent) return;
      this.#finish(this.#before.pop() ?? this.#translation);
      this.words.focus(0);
    });
  }

  async #copied() {
    try {
      await navigator.clipboard.writeText(this.#translation);
    } catch {
      say(this.#live.problem, "translate.uncopied");
      return;
    }
    const copy = find("copy", HTMLButtonElement);
    say(copy, "translate.copied");
    say(this.#spoken, "translate.copied");
    setTimeout(() => say(copy, "translate.copy"), 2000);
  }

  /** Go back the other way, from the translation if there is a whole one. */
  #swapped() {
    const select = find("direction", HTMLSelectElement);
    const back = this.#reverse();
    if (this.#isCurrent && this.#translation) retype(this.#source, this.#translation);
    select.selectedIndex = back;
    select.dispatchEvent(new Event("change"));
  }

  /** Whether the whole translation of the present text stands there. */
  get #isCurrent() {
    return this.#translated === this.#source.value;
  }

  /** The number of the direction that leads back, or -1. */
  #reverse() {
    const { source, target } = this.direction();
    return this.directions.findIndex((other) => other.source === target && other.target === source);
  }

  #key() {
    const { model, source, target } = this.direction();
    return source && target ? `${source}>${target}` : model.name;
  }

  #redirected() {
    const { source, target } = this.direction();
    this.#source.lang = source;
    this.#output.lang = target;
    find("swap", HTMLButtonElement).hidden = !source || this.#reverse() < 0;
    this.words.become(this.#canChoose() ? "button" : this.#canExplain() ? "option" : "");
    this.terms.edit(this.#key());
    this.#translateAfter("now");
  }

  #typed() {
    keep("source", this.#source.value, tab);
    this.#translateAfter("later");
  }

  /** @param {"now" | "later"} when */
  #translateAfter(when) {
    find("clear", HTMLButtonElement).hidden = this.#source.value === "";
    find("undo", HTMLButtonElement).hidden = true;
    this.alternatives.close();
    this.explained.forget();
    this.#before = [];
    this.#translated = null;
    if (this.#source.value.trim()) {
      this.#live[when]((signal) => this.#translate(signal));
    } else {
      this.#live.stop();
      this.#finish("");
    }
  }

  /** What every request about this text says. */
  #request() {
    const { model, to } = this.direction();
    const glossary = this.terms.of(this.#key());
    return {
      model: model.name,
      text: this.#source.value,
      ...(to && { to }),
      ...(glossary.length && { glossary }),
    };
  }

  /** @param {AbortSignal} signal */
  async #translate(signal) {
    this.alternatives.close();
    const request = { ...this.#request(), stream: true };
    let text = "";
    let record = {};
    for await (const event of stream("v1/translate", { json: request, signal })) {
      if (typeof event.text === "string") text = event.text;
      record = event.record ?? record;
      this.#show(text);
    }
    this.#translated = request.text;
    this.#finish(text, record);
  }

  /** @param {string} translation that may grow on */
  #show(translation) {
    this.#translation = translation;
    this.words.show(piecesOf(translation));
    find("translation-empty", HTMLElement).hidden = translation !== "";
  }

  /**
   * @param {string} translation that is complete
   * @param {Record<string, any>} record what the server says of it
   */
  #finish(translation, record = {}) {
    this.#show(translation);
    this.explained.begin(this.#request(), translation);
    this.#note(record);

    find("copy", HTMLButtonElement).hidden = translation === "" || !navigator.clipboard;
    find("undo", HTMLButtonElement).hidden = !this.#before.length;
    this.#hint.hidden = translation === "" || !this.#canExplain();
    if (translation.length > LONGEST_SPOKEN) say(this.#spoken, "translate.ready");
    else write(this.#spoken, translation, this.direction().target);
    this.#left();
  }

  #canExplain() {
    return this.direction().model.operations.includes("explain");
  }

  #canChoose() {
    return this.direction().model.operations.includes("alternatives");
  }

  /** @param {Record<string, any>} record */
  #note(record) {
    /** @type {[string, Record<string, string>][]} */
    const notes = [];
    for (const term of record.unplaced_terms ?? []) notes.push(["translate.unplaced", { term }]);
    if (record.lost_numbers?.length)
      notes.push(["translate.lost", { numbers: record.lost_numbers.join(", ") }]);

    const items = notes.map(([key, values]) => {
      const item = document.createElement("li");
      say(item, key, values);
      return item;
    });
    this.#notes.replaceChildren(...items);
    this.#notes.hidden = !items.length;
  }

  /**
   * Show what a word looked at.
   * @param {number} index
   * @param {HTMLElement} element
   */
  async #pointed(index, element) {
    this.#mark(element);
    if (!this.#isCurrent || !this.#canExplain()) return;

    const piece = this.words.pieces[index];
    const translation = this.#translation;
    try {
      const found = await this.explained.of(piece);
      const isSame = this.#isCurrent && translation === this.#translation;
      if (!found || !isSame || !element.classList.contains("at")) return;
      this.#markUnsure();
      this.explained.light(found.sources);
      this.#tell(piece.text, found);
    } catch (error) {
      const isSame = this.#isCurrent && translation === this.#translation;
      if (isSame) this.#say("translate.unexplained", error);
    }
  }

  /**
   * @param {string} key
   * @param {unknown} error
   */
  #say(key, error) {
    say(this.#hint, key, { why: error instanceof Error ? error.message : "" });
  }

  /**
   * @param {string} word
   * @param {import("./explained.js").Found} found
   */
  #tell(word, { sources, probability }) {
    const seen = sources
      .slice(0, 3)
      .map(({ text, weight }) => t("translate.seen", { text, share: percent(weight) }));
    const sure = probability === null ? "" : percent(probability);
    const key = sure ? "translate.looked" : "translate.looked.only";
    say(this.#hint, key, { word, seen: seen.join(", ") || "–", sure });
  }

  /** @param {HTMLElement | null} element */
  #mark(element) {
    for (const word of this.words.elements) word.classList.toggle("at", word === element);
  }

  /** A dotted line under the words that the model was unsure of. */
  #markUnsure() {
    this.words.pieces.forEach((piece, index) => {
      const unsure = this.explained.isUnsure(piece);
      this.words.elements[index].classList.toggle("unsure", unsure);
    });
  }

  #left() {
    if (this.alternatives.isOpen) return;
    this.#mark(null);
    this.explained.light([]);
    say(this.#hint, this.#canChoose() ? "translate.hint" : "translate.hint.only");
  }

  /**
   * Offer other words for one, and have the rest of its sentence redone with the one that is taken.
   * @param {number} index
   * @param {HTMLElement} element
   */
  #chosen(index, element) {
    if (!this.#isCurrent || !this.#canChoose()) return;

    const { text, start } = this.words.pieces[index];
    const translation = this.#translation;
    const prefix = translation.slice(0, start);
    const request = this.#request();
    this.alternatives.open(element, text, prefix, {
      ask: async (signal) => {
        const json = { ...request, prefix, translation, top: 6 };
        const answer = await call("v1/alternatives", { json, signal });
        return answer.alternatives;
      },
      redo: async (word, signal) => {
        const json = { ...request, prefix, translation, word };
        const answer = await call("v1/alternatives", { json, signal });
        return answer.alternatives[0]?.translation ?? translation;
      },
      take: (translation) => {
        this.#live.stop();
        this.#before.push(this.#translation);
        this.#finish(translation);
        this.words.focus(index);
      },
      closed: (giveBack) => {
        if (giveBack) this.words.focus(index);
        this.#left();
      },
    });
  }
}

