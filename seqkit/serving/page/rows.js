// Rows of tables: one that is filled in, or all of a file, with what the model predicts for each.

import { ApiError, Unsent, call } from "./api.js";
import { find, make, onText, save, takeFiles } from "./dom.js";
import { textOf } from "./files.js";
import { Live } from "./live.js";
import { offerModels } from "./models.js";
import { shares } from "./shares.js";
import { hush, inEachLanguage, number, percent, say, t, write } from "./strings.js";
import { readTable, writeTable } from "./tables.js";

/** @typedef {import("./api.js").Model} Model */
/** @typedef {import("./tables.js").Table} Table */

/**
 * @typedef {object} Column what a model reads
 * @property {string} name
 * @property {number} [mean] of a column of numbers
 * @property {string[]} [values] of a column of categories, the commonest first
 */

/** @typedef {Record<string, any>} Prediction the target, and `probabilities` of classes */

const MOST_AT_ONCE = 500; // rows of a request
const MOST_CHARACTERS = 300_000; // of a request: the service takes a megabyte
const MOST_SHOWN = 100; // rows of a table; the file that can be saved has all

export class RowsView {
  #form = find("rows-form", HTMLFormElement);
  #text = find("rows-text", HTMLTextAreaElement);
  #one = new Live(find("rows-card", HTMLElement), find("rows-problem", HTMLElement));
  #several = new Live(find("rows-file-card", HTMLElement), find("rows-file-problem", HTMLElement));
  /** @type {Table | null} the one whose predictions stand there */
  #table = null;
  /** @type {Prediction[]} */
  #predictions = [];
  /** @type {Prediction | null} of the row that is filled in */
  #prediction = null;

  /** @param {Model[]} models */
  constructor(models) {
    this.model = offerModels(find("rows-model", HTMLSelectElement), models, () => this.#changed());
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("input", () => this.#follow());
    onText(this.#text, () => {
      hush(find("rows-name", HTMLElement));
      this.#several.later((signal) => this.#predictAll(this.#text.value, signal));
    });
    takeFiles(
      find("rows-drop", HTMLElement),
      find("rows-file", HTMLInputElement),
      ([file]) => this.#take(file),
    );
    find("rows-save", HTMLButtonElement).addEventListener("click", () => this.#save());
    inEachLanguage(() => this.#showAgain());
    this.#changed();
  }

  /** @returns {Column[]} */
  get #columns() {
    return this.model().columns ?? [];
  }

  #changed() {
    this.#form.replaceChildren(...this.#columns.map((column, i) => fieldOf(column, `rows-${i}`)));
    this.#follow();
    this.#several.stop();
    hush(find("rows-name", HTMLElement)); // its rows are no more there
    this.#forget();
    if (this.#text.value.trim())
      this.#several.now((signal) => this.#predictAll(this.#text.value, signal));
  }

  // One row

  #follow() {
    const row = Object.fromEntries(
      this.#columns.map(({ name }, i) => [name, fieldAt(this.#form, i).value.trim()]),
    );
    if (Object.values(row).every((value) => value === "")) {
      this.#one.stop();
      this.#show(null);
      return;
    }
    this.#one.later(async (signal) => {
      try {
        const [prediction] = await this.#ask([row], signal);
        this.#show(prediction);
      } catch (error) {
        if (!signal.aborted) this.#show(null); // an old figure is none of this row
        throw error;
      }
    });
  }

  /** @param {Prediction | null} prediction */
  #show(prediction) {
    this.#prediction = prediction;
    const nodes = prediction ? [this.#drawn(prediction)] : [];
    find("rows-result", HTMLElement).replaceChildren(...nodes);
    find("rows-empty", HTMLElement).hidden = prediction !== null;
  }

  /** @param {Prediction} prediction */
  #drawn(prediction) {
    const target = this.model().target ?? "";
    const value = prediction[target];
    const probabilities = sharesOf(prediction);
    if (probabilities) return shares(probabilities, [value]);
    const figure = make("strong", { class: "figure", text: shown(value) });
    return make("p", {}, figure, " ", make("span", { text: target, class: "count" }));
  }

  // Rows of a file

  /** @param {File} file */
  #take(file) {
    this.#text.value = "";
    write(find("rows-name", HTMLElement), file.name);
    this.#several.now(async (signal) => this.#predictAll(await textOf(file), signal));
  }

  /**
   * @param {string} text
   * @param {AbortSignal} signal
   */
  async #predictAll(text, signal) {
    signal.throwIfAborted(); // while a file was read, another may have been chosen
    this.#forget();
    const table = readTable(text);
    if (!table) return;

    const { header, rows } = table;
    const objects = rows.map((cells) =>
      Object.fromEntries(header.map((name, i) => [name, cells[i]])),
    );
    const size = sizeOf(objects);
    /** @type {Prediction[]} */
    const predictions = [];
    for (let start = 0; start < rows.length; start += size) {
      const found = await this.#ask(objects.slice(start, start + size), signal, start);
      signal.throwIfAborted();
      predictions.push(...found);
      this.#table = table;
      this.#predictions = predictions;
      this.#showTable();
    }
    find("rows-save", HTMLButtonElement).hidden = false;
  }

  /**
   * @param {Record<string, string>[]} inputs
   * @param {AbortSignal} signal
   * @param {number} before how many rows of the file come before these
   * @returns {Promise<Prediction[]>}
   */
  async #ask(inputs, signal, before = 0) {
    try {
      const json = { model: this.model().name, inputs };
      return (await call("v1/predict", { json, signal })).predictions;
    } catch (error) {
      if (!before || !(error instanceof ApiError)) throw error;
      throw new Unsent("rows.after", { n: before, what: error.message });
    }
  }

  #forget() {
    this.#table = null;
    this.#predictions = [];
    find("rows-save", HTMLButtonElement).hidden = true;
    find("rows-table", HTMLElement).replaceChildren();
    hush(find("rows-count", HTMLElement));
    hush(find("rows-spoken", HTMLElement));
  }

  #showTable() {
    if (!this.#table) return;
    const target = this.model().target ?? "";
    const hasShares = Boolean(sharesOf(this.#predictions[0]));
    const names = [t("rows.row"), target, ...(hasShares ? [t("rows.probability")] : [])];
    const head = make("tr", {}, ...names.map((text) => make("th", { text, scope: "col" })));
    const lines = this.#predictions
      .slice(0, MOST_SHOWN)
      .map((prediction, i) => lineOf(prediction, target, i + 1));

    const body = make("tbody", {}, ...lines);
    find("rows-table", HTMLElement).replaceChildren(
      make("table", { class: "rows" }, make("thead", {}, head), body),
    );
    const [done, all] = [this.#predictions.length, this.#table.rows.length];
    const key = done < all ? "rows.running" : all > MOST_SHOWN ? "rows.first" : "rows.all";
    say(find("rows-count", HTMLElement), key, { n: all, done, shown: MOST_SHOWN });
    if (done === all) say(find("rows-spoken", HTMLElement), key, { n: all, shown: MOST_SHOWN });
  }

  #showAgain() {
    this.#show(this.#prediction);
    this.#showTable();
  }

  /** The rows with what was predicted for each, as a file. */
  #save() {
    if (!this.#table) return;
    const target = this.model().target ?? "";
    const classes = Object.keys(sharesOf(this.#predictions[0]) ?? {});
    const head = [...this.#table.header, `predicted ${target}`, ...classes];
    const lines = this.#table.rows.map((cells, i) => {
      const { probabilities, [target]: value } = this.#predictions[i];
      return [...cells, value, ...classes.map((name) => probabilities[name])];
    });
    save(new Blob([writeTable([head, ...lines])], { type: "text/csv" }), "predictions.csv");
  }
}

/**
 * How many rows are sent at once.
 * @param {Record<string, string>[]} rows
 */
function sizeOf(rows) {
  const characters = JSON.stringify(rows).length / rows.length;
  return Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(MOST_CHARACTERS / characters)));
}

/** @type {Intl.NumberFormatOptions} */
const SHORT = { maximumSignificantDigits: 6 };

/**
 * A field for a number, or for any text, of which the commonest are offered.
 * @param {Column} column
 * @param {string} id of what is offered
 */
function fieldOf({ name, mean, values = [] }, id) {
  const isNumber = mean !== undefined;
  const placeholder = isNumber ? typed(mean) : values[0] ?? "";
  const how = isNumber ? { inputmode: "decimal" } : { list: id, dir: "auto" };
  const field = make("input", { autocomplete: "off", placeholder, ...how });

  const offered = values.map((value) => make("option", { value }));
  const list = isNumber ? [] : [make("datalist", { id }, ...offered)];
  return make("label", {}, make("span", { text: name, dir: "auto" }), field, ...list);
}

/**
 * A number as models read it: "1736.88" in every language of the page.
 * @param {number} value
 */
function typed(value) {
  return String(Number(value.toPrecision(6)));
}

/**
 * @param {HTMLFormElement} form
 * @param {number} i
 */
function fieldAt(form, i) {
  return /** @type {HTMLInputElement} */ (form.elements[i]);
}

/**
 * The probability of each class; none of a number, nor where the target itself is called so.
 * @param {Prediction} [prediction]
 * @returns {Record<string, number> | undefined}
 */
function sharesOf(prediction) {
  const found = prediction?.probabilities;
  return typeof found === "object" ? found : undefined;
}

/** @param {string | number} value */
function shown(value) {
  return typeof value === "number" ? number(value, SHORT) : value;
}

/**
 * @param {Prediction} prediction
 * @param {string} target
 * @param {number} place from 1
 */
function lineOf(prediction, target, place) {
  const value = prediction[target];
  const text = shown(value);
  const cells = [make("td", { text: number(place) }), make("td", { text, dir: "auto" })];
  const share = sharesOf(prediction)?.[value];
  if (share !== undefined) cells.push(make("td", { text: percent(share) }));
  return make("tr", {}, ...cells);
}
