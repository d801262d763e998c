// What the words of a translation looked at in the source, asked for once when it is first needed.

import { call } from "./api.js";
import { make } from "./dom.js";
import { placesOf } from "./words.js";

/**
 * @typedef {object} Seen a source word and how much of the attention went to it
 * @property {string} text
 * @property {number} start in the source
 * @property {number} end
 * @property {number} weight of 1
 */

/**
 * @typedef {object} Found
 * @property {Seen[]} sources what was looked at most comes first
 * @property {number | null} probability of the word
 */

/**
 * @typedef {object} Explanation
 * @property {([number, number] | null)[]} sourcePlaces
 * @property {([number, number] | null)[]} targetPlaces
 * @property {number[][]} attention target words × source words
 * @property {number[]} probabilities
 */

/** @typedef {import("./words.js").Piece} Piece */

const UNSURE = 0.4; // a word less probable than this is worth a second look
const FAINTEST = 0.06; // of the attention; less is not shown

export class Explained {
  /** @type {Record<string, unknown>} */
  #request = {};
  #translation = "";
  /** @type {Promise<Explanation> | null} */
  #asked = null;
  /** @type {Explanation | null} */
  #answer = null;
  /** @type {AbortController | null} */
  #running = null;

  /**
   * @param {HTMLTextAreaElement} source
   * @param {HTMLElement} mirror lies behind the text and carries the marks
   */
  constructor(source, mirror) {
    this.source = source;
    this.mirror = mirror;
  }

  /** The text has changed. */
  forget() {
    this.#running?.abort();
    this.#asked = null;
    this.#answer = null;
    this.light([]);
  }

  /**
   * @param {Record<string, unknown>} request
   * @param {string} translation
   */
  begin(request, translation) {
    this.forget();
    const { model, text, to } = request;
    this.#request = { model, text, ...(to ? { to } : {}), translation };
    this.#translation = translation;
  }

  /**
   * What a word of the translation looked at; null if the server does not say.
   * @param {Piece} piece
   * @returns {Promise<Found | null>}
   */
  async of(piece) {
    this.#asked ??= this.#ask();
    const answer = await this.#asked;
    const rows = rowsOf(answer, piece);
    if (!rows.length) return null;

    const sources = answer.sourcePlaces.map((place, i) => {
      const weight = mean(rows.map((row) => answer.attention[row]?.[i] ?? 0));
      const [start, end] = place ?? [0, 0];
      return { text: String(this.#request.text).slice(start, end), start, end, weight };
    });
    const probabilities = rows.map((row) => answer.probabilities[row]).filter(Number.isFinite);
    return {
      sources: sources
        .filter(({ weight, end }) => end > 0 && weight >= FAINTEST)
        .sort((a, b) => b.weight - a.weight),
      probability: probabilities.length ? Math.min(...probabilities) : null,
    };
  }

  /**
   * Whether the model was unsure of a word; false while nothing was asked.
   * @param {Piece} piece
   */
  isUnsure(piece) {
    const answer = this.#answer;
    if (!answer) return false;
    return rowsOf(answer, piece).some((row) => answer.probabilities[row] < UNSURE);
  }

  /**
   * Mark source words, each as strongly as it was looked at.
   * @param {Seen[]} sources
   */
  light(sources) {
    const text = this.source.value;
    const strongest = Math.max(...sources.map(({ weight }) => weight), 0);
    const nodes = [];
    let from = 0;
    for (const { start, end, weight } of [...sources].sort((a, b) => a.start - b.start)) {
      const mark = make("mark", { text: text.slice(start, end) });
      mark.style.setProperty("--weight", (weight / strongest).toFixed(2));
      nodes.push(text.slice(from, start), mark);
      from = end;
    }
    this.mirror.replaceChildren(...nodes, `${text.slice(from)}\n`);
  }

  async #ask() {
    this.#running = new AbortController();
    const { signal } = this.#running;
    try {
      const answer = await call("v1/explain", { json: this.#request, signal });
      const explanation = {
        sourcePlaces: placesOf(answer.source, String(this.#request.text)),
        targetPlaces: placesOf(answer.target, this.#translation),
        attention: answer.attention ?? [],
        probabilities: answer.probabilities ?? [],
      };
      this.#answer = explanation;
      return explanation;
    } catch (error) {
      if (!signal.aborted) this.#asked = null; // the next word asks again
      throw error;
    }
  }
}

/**
 * The rows of an explanation that a piece of the translation covers.
 * @param {Explanation} answer
 * @param {Piece} piece
 */
function rowsOf(answer, piece) {
  const end = piece.start + piece.text.length;
  const rows = [];
  for (const [row, place] of answer.targetPlaces.entries())
    if (place && place[0] < end && place[1] > piece.start) rows.push(row);
  return rows;
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
