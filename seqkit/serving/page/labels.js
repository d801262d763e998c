// Labelling: the labels of a text with their probabilities, or the spans that a tagger finds.

import { call } from "./api.js";
import { find, grow, make, onText } from "./dom.js";
import { keep, recall, tab } from "./kept.js";
import { Live } from "./live.js";
import { offerModels } from "./models.js";
import { shares } from "./shares.js";
import { percent } from "./strings.js";
import { placesOf } from "./words.js";

/** @typedef {import("./api.js").Model} Model */

/** @typedef {{type: string, start: number, end: number}} Span of words */

/**
 * @typedef {object} Prediction a record of the server; which of these it has, its task decides
 * @property {string[]} [labels]
 * @property {Record<string, number>} [classes]
 * @property {string[]} [words]
 * @property {string[]} [tags]
 * @property {Span[]} [spans]
 * @property {number[]} [probabilities] of the tags
 */

const COLOURS = 6; // of kinds of spans; more kinds begin again

export class LabelsView {
  #text = find("labels-text", HTMLTextAreaElement);
  #live = new Live(find("labels-card", HTMLElement), find("labels-problem", HTMLElement));
  /** @type {string[]} kinds of spans, in the order of their colours */
  #kinds = [];

  /** @param {Model[]} models */
  constructor(models) {
    this.model = offerModels(find("labels-model", HTMLSelectElement), models, () =>
      this.#follow("now"),
    );
    this.#text.value = recall("labelled", "", tab);
    grow(this.#text, find("labels-mirror", HTMLElement));
    onText(this.#text, () => {
      keep("labelled", this.#text.value, tab);
      this.#follow("later");
    });
    this.#follow("now");
  }

  /** @param {"now" | "later"} when */
  #follow(when) {
    if (this.#text.value.trim()) {
      this.#live[when]((signal) => this.#predict(signal));
    } else {
      this.#live.stop();
      this.#show([], []);
    }
  }

  /** @param {AbortSignal} signal */
  async #predict(signal) {
    const { name, reads } = this.model();
    const text = this.#text.value.trim();
    const lines = text.split("\n").filter((line) => line.trim());
    const inputs = reads === "sentences" ? lines : [text];
    const answer = await call("v1/predict", { json: { model: name, inputs }, signal });
    this.#show(answer.predictions, inputs);
  }

  /**
   * @param {Prediction[]} predictions
   * @param {string[]} inputs
   */
  #show(predictions, inputs) {
    const nodes = predictions.map((prediction, i) => this.#drawn(prediction, inputs[i]));
    find("labels-result", HTMLElement).replaceChildren(...nodes);
    find("labels-empty", HTMLElement).hidden = predictions.length > 0;
  }

  /**
   * @param {Prediction} prediction
   * @param {string} input
   */
  #drawn(prediction, input) {
    const { classes, labels, words, tags, spans } = prediction;
    if (classes) return shares(classes, labels ?? []);
    if (words && spans) return this.#drawnSpans(words, spans, input);
    if (words && tags) return drawnTags(words, tags, prediction.probabilities ?? []);
    if (words) return make("p", { class: "text cut", text: words.join(" · "), dir: "auto" });
    return make("pre", { text: JSON.stringify(prediction, null, 2) });
  }

  /**
   * The input with its spans marked; the words alone, where they do not stand in it.
   * @param {string[]} words
   * @param {Span[]} spans
   * @param {string} input
   */
  #drawnSpans(words, spans, input) {
    const isIn = placesOf(words, input).every((place) => place !== null);
    const text = isIn ? input : words.join(" ");
    const places = placesOf(words, text);
    const place = make("p", { class: "text spans", dir: "auto" });
    let from = 0;
    for (const { type, start, end } of spans) {
      const [begin] = places[start] ?? [from];
      const [, after] = places[end - 1] ?? [from, from];
      const name = make("small", { text: type });
      const mark = make("mark", {}, text.slice(begin, after), " ", name);
      mark.dataset.colour = String(this.#colourOf(type));
      place.append(text.slice(from, begin), mark);
      from = after;
    }
    place.append(text.slice(from));
    return place;
  }

  /** @param {string} type */
  #colourOf(type) {
    if (!this.#kinds.includes(type)) this.#kinds.push(type);
    return this.#kinds.indexOf(type) % COLOURS;
  }
}

/**
 * Each word with its tag under it.
 * @param {string[]} words
 * @param {string[]} tags
 * @param {number[]} probabilities
 */
function drawnTags(words, tags, probabilities) {
  const items = words.map((word, i) => {
    const tag = make("small", { text: tags[i] });
    const item = make("li", {}, make("span", { text: word, dir: "auto" }), tag);
    if (i < probabilities.length) item.title = percent(probabilities[i]);
    return item;
  });
  return make("ul", { class: "tagged" }, ...items);
}

