// Language models: how much each word of a text surprises, what may come next, and going on.

import { call, stream } from "./api.js";
import { find, grow, make, onText } from "./dom.js";
import { keep, recall, tab } from "./kept.js";
import { Live } from "./live.js";
import { offerModels } from "./models.js";
import { chance, hush, inEachLanguage, number, percent, say, sayLabel } from "./strings.js";
import { Words } from "./words.js";

/** @typedef {import("./api.js").Model} Model */

/**
 * @typedef {object} Token
 * @property {string} text
 * @property {number | null} bits null for infinitely many
 * @property {boolean} [end] of a line
 * @property {boolean} [unknown]
 */

const BRIGHTEST = 16; // bits; what surprises more is no redder
const KEY = [0, 2, 4, 8, 12, 16]; // bits

export class LanguageView {
  #text = find("language-text", HTMLTextAreaElement);
  #tokens = find("surprise-tokens", HTMLElement);
  #hint = find("surprise-hint", HTMLElement);
  #generated = find("generated", HTMLElement);
  #surprise = new Live(find("surprise", HTMLElement), find("surprise-problem", HTMLElement));
  #next = new Live(find("next", HTMLElement), find("next-problem", HTMLElement));
  #generation = new Live(find("generation", HTMLElement), find("generate-problem", HTMLElement));
  /** @type {Token[]} */
  #shown = [];

  /** @param {Model[]} models */
  constructor(models) {
    this.model = offerModels(find("language-model", HTMLSelectElement), models, () =>
      this.#chosen(),
    );
    this.words = new Words(this.#tokens, {
      point: (index) => this.#tell(index),
      leave: () => say(this.#hint, "language.hint"),
    });
    this.#text.value = recall("text", "", tab);
    this.mirror = grow(this.#text, find("language-mirror", HTMLElement));
    onText(this.#text, () => this.#typed());
    this.#makeButtons();
    this.#makeLegend();
    inEachLanguage(() => this.#label());
    this.#chosen();
  }

  #makeButtons() {
    find("generate", HTMLButtonElement).addEventListener("click", () => this.#generate());
    find("generate-stop", HTMLButtonElement).addEventListener("click", () => {
      this.#generation.stop();
      this.#ended();
    });
    find("generate-take", HTMLButtonElement).addEventListener("click", () => {
      this.#append(this.#generated.textContent ?? "");
      this.#text.focus();
    });
  }

  #makeLegend() {
    const title = make("span");
    say(title, "language.legend");
    const steps = KEY.map((bits) => {
      const step = make("span", { class: "step", text: String(bits) });
      step.style.setProperty("--share", String(bits / BRIGHTEST));
      return step;
    });
    find("surprise-legend", HTMLElement).replaceChildren(title, ...steps);
  }

  /** @param {string} operation */
  #can(operation) {
    return this.model().operations.includes(operation);
  }

  #chosen() {
    find("surprise", HTMLElement).hidden = !this.#can("surprisal");
    find("next", HTMLElement).hidden = !this.#can("complete");
    find("generation", HTMLElement).hidden = !this.#can("generate");
    this.#follow("now");
  }

  #typed() {
    keep("text", this.#text.value, tab);
    this.#follow("later");
  }

  /** @param {"now" | "later"} when */
  #follow(when) {
    const text = this.#text.value;
    if (this.#can("surprisal")) {
      if (text.trim()) this.#surprise[when]((signal) => this.#measure(text, signal));
      else this.#cleared();
    }
    if (this.#can("complete")) this.#next[when]((signal) => this.#complete(text, signal));
  }

  #cleared() {
    this.#surprise.stop();
    this.#show([], false);
    hush(find("surprise-figures", HTMLElement));
  }

  /**
   * @param {string} text
   * @param {AbortSignal} signal
   */
  async #measure(text, signal) {
    const json = { model: this.model().name, text };
    const answer = await call("v1/surprisal", { json, signal });
    this.#show(answer.tokens, Boolean(answer.spaced));

    const figures = find("surprise-figures", HTMLElement);
    const { perplexity } = answer.report ?? {};
    if (!Number.isFinite(perplexity)) {
      hush(figures);
      return;
    }
    say(figures, "language.figures", {
      perplexity: number(perplexity, { maximumSignificantDigits: 4 }),
      n: answer.report.tokens,
    });
  }

  /**
   * @param {Token[]} tokens
   * @param {boolean} spaced whether spaces belong between them
   */
  #show(tokens, spaced) {
    this.#shown = tokens;
    const pieces = [];
    for (const { text, end } of tokens) {
      if (spaced && pieces.length) pieces.push({ text: " ", start: 0, isWord: false });
      pieces.push({ text: end ? "⏎" : text || "·", start: 0, isWord: true });
      if (end) pieces.push({ text: "\n", start: 0, isWord: false });
    }
    this.words.show([]);
    this.words.show(pieces);
    this.#label();

    const isEmpty = !tokens.length;
    for (const id of ["surprise-tokens", "surprise-legend", "surprise-hint"])
      find(id, HTMLElement).hidden = isEmpty;
    find("surprise-empty", HTMLElement).hidden = !isEmpty;
  }

  #label() {
    this.#shown.forEach(({ text, bits, unknown }, index) => {
      const element = this.words.elements[index];
      const share = Math.min(1, Math.max(0, (bits ?? Infinity) / BRIGHTEST));
      element.style.setProperty("--share", share.toFixed(3));
      element.classList.toggle("unknown", Boolean(unknown));
      sayLabel(element, "language.bits", { word: text.trim() || "⏎", bits: rounded(bits) });
    });
  }

  /** @param {number} index */
  #tell(index) {
    const { text, bits, unknown } = this.#shown[index];
    const values = {
      word: text.trim() || "⏎",
      bits: rounded(bits),
      chance: chance(2 ** -(bits ?? Infinity)),
    };
    say(this.#hint, unknown ? "language.told.unknown" : "language.told", values);
  }

  /**
   * @param {string} text
   * @param {AbortSignal} signal
   */
  async #complete(text, signal) {
    const json = { model: this.model().name, text, top: 8 };
    const answer = await call("v1/complete", { json, signal });
    const items = answer.next.map((/** @type {{word: string, probability: number}} */ next) => {
      const word = make("span", { text: next.word, dir: "auto" });
      const share = make("span", { class: "count", text: percent(next.probability) });
      const button = make("button", { type: "button" }, word, " ", share);
      button.addEventListener("click", () => this.#taken(next.word));
      return make("li", {}, button);
    });
    find("next-words", HTMLElement).replaceChildren(...items);
  }

  /** @param {string} word */
  #taken(word) {
    const isApart = /\s$/.test(this.#text.value) || /^\s/.test(word) || !this.#text.value;
    this.#append(isApart ? word : ` ${word}`);
    this.#text.focus();
  }

  /** @param {string} more */
  #append(more) {
    this.#text.value += more;
    this.mirror();
    this.#typed();
  }

  #generate() {
    const tokens = Number(find("generate-length", HTMLSelectElement).value);
    const json = { model: this.model().name, text: this.#text.value, tokens, stream: true };
    this.#generation.now(async (signal) => {
      this.#begun();
      let text = "";
      try {
        for await (const event of stream("v1/generate", { json, signal })) {
          text = event.text ?? text + (event.delta ?? "");
          this.#generated.textContent = text;
        }
        find("generated-spoken", HTMLElement).textContent = text;
      } finally {
        if (!signal.aborted) this.#ended();
      }
    });
  }

  #begun() {
    find("generate-stop", HTMLElement).hidden = false;
    find("generate-take", HTMLElement).hidden = true;
    this.#generated.hidden = false;
    this.#generated.textContent = "";
  }

  #ended() {
    find("generate-stop", HTMLElement).hidden = true;
    find("generate-take", HTMLElement).hidden = !this.#generated.textContent;
    this.#generated.hidden = !this.#generated.textContent;
  }
}

/** @param {number | null} bits */
function rounded(bits) {
  return number(bits ?? Infinity, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
}
