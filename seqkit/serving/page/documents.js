// Documents: dropped in or chosen, translated by the server as jobs, fetched back.

import { ApiError, Away, Unsent, back, call, fetchFile, isAbort, pause } from "./api.js";
import { find, make, save, takeFiles } from "./dom.js";
import { keep, recall, tab } from "./kept.js";
import { showProblem } from "./live.js";
import { directionsOf, offerDirections } from "./models.js";
import { hush, inEachLanguage, number, say, sayLabel } from "./strings.js";

/** @typedef {import("./api.js").Model} Model */
/** @typedef {import("./terms.js").Terms} Terms */

/**
 * @typedef {object} Job what the server says of a document
 * @property {string} id
 * @property {string} state "waiting", "running", "done", "failed"
 * @property {number} done
 * @property {number} total
 * @property {{message: string}} [error]
 */

/** @typedef {{id: string, name: string}} Known a job that this tab began */

const AT_ONCE = 2; // files sent; the browser's few connections are for the rest of the page, too
const SOONEST = 0.5; // seconds until a job is asked about again
const LATEST = 4; // where nothing has happened for a while

export class DocumentsView {
  #problem = find("documents-problem", HTMLElement);
  #list = find("documents-list", HTMLUListElement);
  /** @type {Known[]} */
  #known = recall("documents", [], tab);
  #inTurn = turns(AT_ONCE);
  #limit = Infinity; // bytes

  /**
   * @param {Model[]} models
   * @param {Terms} terms
   */
  constructor(models, terms) {
    this.terms = terms;
    this.direction = offerDirections(
      find("documents-direction", HTMLSelectElement),
      directionsOf(models),
      () => this.#showTerms(),
    );
    terms.onChange(() => this.#showTerms());
    this.#showTerms();
    this.#describe();

    takeFiles(
      find("documents-drop", HTMLElement),
      find("documents-file", HTMLInputElement),
      (files) => files.forEach((file) => this.#send(file)),
    );
    for (const { id, name } of this.#known) {
      const row = this.#addRow(name);
      row.follow(id, () => this.#forget(id));
    }
  }

  /** What may be dropped, where the server says it. */
  async #describe() {
    const place = find("documents-types", HTMLElement);
    try {
      const { types = [], limit = Infinity } = await call("v1/documents");
      this.#limit = limit;
      if (!types.length) return;
      find("documents-file", HTMLInputElement).accept = types.join(",");
      inEachLanguage(() =>
        say(place, "documents.types", { types: types.join(", "), size: sizeOf(limit) }),
      );
    } catch (error) {
      if (error instanceof Away) {
        await back();
        await this.#describe();
        return;
      }
      if (!(error instanceof ApiError)) throw error; // an older server: no list
    }
  }

  #glossary() {
    const { model, source, target } = this.direction();
    return this.terms.of(source && target ? `${source}>${target}` : model.name);
  }

  #showTerms() {
    const n = this.#glossary().length;
    find("documents-with-terms", HTMLElement).hidden = !n;
    say(find("documents-terms-text", HTMLElement), "documents.terms", { n });
  }

  /** @param {File} file */
  async #send(file) {
    hush(this.#problem);
    const { name } = file;
    const row = this.#addRow(name);
    if (file.size > this.#limit) {
      row.fail(new Unsent("documents.large", { name, size: sizeOf(this.#limit) }));
      return;
    }

    const form = this.#form(file);
    const send = () => call("v1/documents", { form, signal: row.signal });
    const job = await this.#inTurn(() => row.patiently(send));
    if (!job) return;

    this.#remember({ id: job.id, name });
    row.follow(job.id, () => this.#forget(job.id));
  }

  /** @param {File} file */
  #form(file) {
    const { model, to } = this.direction();
    const form = new FormData();
    form.append("file", file);
    form.append("model", model.name);
    if (to) form.append("to", to);

    const fields = find("documents-fields", HTMLInputElement).value.trim();
    if (fields) form.append("fields", fields);

    const glossary = this.#glossary();
    const wanted = find("documents-terms", HTMLInputElement).checked;
    if (wanted && glossary.length) form.append("glossary", JSON.stringify(glossary));
    return form;
  }

  /** @param {string} name */
  #addRow(name) {
    const { target } = this.direction();
    const row = new Row(name, target);
    this.#list.prepend(row.element);
    return row;
  }

  /** @param {Known} job */
  #remember(job) {
    this.#known.push(job);
    keep("documents", this.#known, tab);
  }

  /** @param {string} id */
  #forget(id) {
    this.#known = this.#known.filter((job) => job.id !== id);
    keep("documents", this.#known, tab);
  }
}

/** One document of the list. */
class Row {
  #ending = new AbortController();
  #id = "";
  #forget = () => {};

  /**
   * @param {string} name
   * @param {string} target a language
   */
  constructor(name, target) {
    this.name = name;
    this.target = target;
    this.state = make("span", { class: "count", role: "status" });
    this.progress = make("progress");
    this.problem = make("p", { class: "problem", role: "alert" });
    this.fetch = make("button", { type: "button", hidden: "" });
    this.remove = make("button", { type: "button", class: "quiet" });
    this.element = make(
      "li",
      { class: "card" },
      make("p", { class: "name", text: name, dir: "auto" }),
      this.state,
      this.progress,
      this.problem,
      make("div", { class: "bar" }, this.fetch, this.remove),
    );

    say(this.state, "documents.sending");
    say(this.fetch, "documents.fetch");
    say(this.remove, "documents.remove");
    sayLabel(this.progress, "documents.progress", { name });
    sayLabel(this.fetch, "documents.fetch.name", { name });
    sayLabel(this.remove, "documents.remove.name", { name });
    this.fetch.addEventListener("click", () => this.#fetched());
    this.remove.addEventListener("click", () => this.#removed());
  }

  get signal() {
    return this.#ending.signal;
  }

  /**
   * Show the state of a job until it has ended.
   * @param {string} id
   * @param {() => void} forget it
   */
  async follow(id, forget) {
    this.#id = id;
    this.#forget = forget;
    let seen = "";
    let seconds = SOONEST;
    for (;;) {
      const job = await this.patiently(() => call(this.#path(), { signal: this.signal }));
      if (!job || this.#ended(job)) return;

      const now = `${job.state} ${job.done}`;
      seconds = now === seen ? Math.min(LATEST, seconds * 1.5) : SOONEST;
      seen = now;
      await pause(seconds, this.signal).catch(() => {});
    }
  }

  /**
   * What `work` gives, again and again while the server is away or busy; null if it fails.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T | null>}
   */
  async patiently(work) {
    for (;;) {
      try {
        const result = await work();
        hush(this.problem);
        this.progress.hidden = false;
        return result;
      } catch (error) {
        if (isAbort(error)) return null;
        if (error instanceof ApiError && error.retryAfter) {
          await pause(error.retryAfter, this.signal).catch(() => {});
          continue;
        }
        this.fail(error);
        if (error instanceof ApiError && error.status === 404) this.#forget();
        if (!(error instanceof Away)) return null;
      }
      await back(this.signal).catch(() => {});
    }
  }

  /** @param {unknown} error */
  fail(error) {
    hush(this.state);
    this.progress.hidden = true;
    showProblem(this.problem, error);
  }

  #path() {
    return `v1/documents/${encodeURIComponent(this.#id)}`;
  }

  /** @param {Job} job */
  #show({ state, done, total }) {
    const isRunning = state === "running" && total > 0;
    if (isRunning) {
      this.progress.max = total;
      this.progress.value = done;
    }
    say(this.state, isRunning ? "documents.running" : `documents.${state}`, { done, total });
  }

  /** @param {Job} job */
  #ended(job) {
    this.#show(job);
    if (job.state === "failed") this.fail(new ApiError(job.error?.message ?? "", 500));
    if (job.state === "done") {
      this.progress.hidden = true;
      this.fetch.hidden = false;
    }
    return job.state !== "running" && job.state !== "waiting";
  }

  async #fetched() {
    hush(this.problem);
    try {
      save(await fetchFile(`${this.#path()}/file`), translatedName(this.name, this.target));
    } catch (error) {
      showProblem(this.problem, error);
    }
  }

  async #removed() {
    this.#ending.abort();
    this.#forget();
    this.element.remove();
    find("documents-file", HTMLInputElement).focus();
    if (this.#id) await call(this.#path(), { method: "DELETE" }).catch(() => {});
  }
}

/**
 * A way to do work of which no more than `most` pieces run at once; the others wait their turn.
 * @param {number} most
 */
function turns(most) {
  let free = most;
  /** @type {(() => void)[]} */
  const waiting = [];

  /**
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  return async (work) => {
    if (free) free -= 1;
    else await new Promise((go) => waiting.push(() => go(undefined)));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/**
 * "letter.docx" translated into German: "letter.de.docx".
 * @param {string} name
 * @param {string} target
 */
function translatedName(name, target) {
  const dot = name.lastIndexOf(".");
  const tag = target ? `.${target}` : ".translated";
  return dot > 0 ? `${name.slice(0, dot)}${tag}${name.slice(dot)}` : `${name}${tag}`;
}

/** @param {number} bytes */
function sizeOf(bytes) {
  return number(Math.round(bytes / 1e6), { style: "unit", unit: "megabyte" });
}

