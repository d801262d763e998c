// The service's API: JSON in and out, streams of server-sent events, and what can go wrong.
// Every address is relative to the page's own, so that both may stand behind a proxy's prefix.

import { keep, recall, tab } from "./kept.js";

/**
 * @typedef {object} Model one entry of GET v1/models
 * @property {string} name
 * @property {string} task
 * @property {string[]} operations
 * @property {string | null} [source] a language
 * @property {string[]} [targets]
 * @property {string} [reads] what it predicts of: "texts", "sentences", "images", "rows"
 * @property {string} [target] the column that it predicts
 * @property {import("./rows.js").Column[]} [columns] those that it reads
 * @property {boolean} [default]
 */

/**
 * @typedef {object} Call
 * @property {string} [method]
 * @property {unknown} [json] the body
 * @property {FormData} [form] the body
 * @property {AbortSignal} [signal]
 */

const TRIES = 4; // of a request that a busy server turns away
const LONGEST_WAIT = 30; // seconds
const NO_SERVER = [502, 503, 504]; // a proxy's answers when it reaches none

/** An answer of the server that says what was wrong. Its sentence is in the server's English. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   * @param {number} retryAfter seconds
   */
  constructor(message, status, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The server did not answer at all. */
export class Away extends Error {}

/** What the page says in one of its strings: it cannot send this, or has to add where it failed. */
export class Unsent extends Error {
  /**
   * @param {string} key
   * @param {Record<string, string | number>} values
   */
  constructor(key, values) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/**
 * What the rest of the page does about a state of the server.
 * @type {{askForToken: (wrong: boolean) => Promise<string>, away: () => void,
 *         busy: (seconds: number) => void}}
 */
export const handlers = {
  askForToken: () => Promise.reject(new Error("a token is needed")),
  away: () => {},
  busy: () => {},
};

/**
 * Call the API; return what it answers.
 * @param {string} path
 * @param {Call} options
 * @returns {Promise<any>}
 */
export async function call(path, options = {}) {
  const response = await send(path, options);
  if (response.status === 204) return null;
  return received(response.json());
}

/**
 * Call the API for a file.
 * @param {string} path
 * @param {Call} options
 */
export async function fetchFile(path, options = {}) {
  const response = await send(path, options);
  return received(response.blob());
}

/**
 * Call the API and yield the data of each event, until the server says `end`.
 * @param {string} path
 * @param {Call} options
 * @returns {AsyncGenerator<any>}
 */
export async function* stream(path, options = {}) {
  const response = await send(path, options);
  if (!response.body) throw new Away();

  let ended = false;
  for await (const { event, data } of events(response.body)) {
    if (event === "error") throw errorOf(JSON.parse(data), 500);
    if (event === "end") {
      ended = true;
      break;
    }
    if (data) yield JSON.parse(data);
  }
  if (!ended) throw lost();
}

/**
 * Server-sent events (WHATWG HTML, 9.2) of a body: EventSource can neither post nor show a token.
 * @param {ReadableStream<Uint8Array>} body
 */
async function* events(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await received(reader.read());
      if (done) return;

      rest += decoder.decode(value, { stream: true }).replaceAll("\r", "");
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) yield parse(block);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * An answer's body, or a part of it. One that is cut off is as good as no answer.
 * @template T
 * @param {Promise<T>} body
 */
async function received(body) {
  try {
    return await body;
  } catch (error) {
    throw isAbort(error) ? error : lost();
  }
}

/** @param {string} block */
function parse(block) {
  let event = "message";
  const data = [];
  for (const line of block.split("\n")) {
    const [, field, value] = /^(\w*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return { event, data: data.join("\n") };
}

/**
 * @param {string} path
 * @param {Call} options
 * @returns {Promise<Response>}
 */
async function send(path, options) {
  for (let attempt = 1; ; attempt += 1) {
    const token = recall("token", "", tab);
    const response = await post(path, options, token);
    if (response.ok) return response;

    const error = await failure(response);
    if (error.status === 401) {
      const newer = recall("token", "", tab); // another request may have asked meanwhile
      if (newer === token) keep("token", await handlers.askForToken(token !== ""), tab);
    } else if (error.retryAfter && attempt < TRIES) {
      handlers.busy(error.retryAfter);
      await pause(error.retryAfter, options.signal);
    } else {
      throw error;
    }
  }
}

/**
 * @param {string} path
 * @param {Call} options
 * @param {string} token
 */
async function post(path, { method, json, form, signal }, token) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (json !== undefined) headers["Content-Type"] = "application/json";

  if (form) await checkFiles(form);
  const body = json === undefined ? form : JSON.stringify(json);
  try {
    return await fetch(path, { method: method ?? (body ? "POST" : "GET"), headers, body, signal });
  } catch (error) {
    throw isAbort(error) ? error : lost();
  }
}

/**
 * A file that has vanished since it was chosen, or is a folder, would look like a server that is
 * away.
 * @param {FormData} form
 */
async function checkFiles(form) {
  for (const file of form.values()) {
    if (!(file instanceof File)) continue;
    try {
      await file.slice(0, 1).arrayBuffer();
    } catch {
      throw new Unsent("file.unreadable", { name: file.name });
    }
  }
}

/** @param {Response} response */
async function failure(response) {
  const seconds = Number(response.headers.get("Retry-After")) || 0;
  const waits = response.status === 429 || response.status === 503;
  const retryAfter = waits ? Math.min(seconds, LONGEST_WAIT) : 0;
  const body = await response.json().catch((error) => {
    if (isAbort(error)) throw error;
    return null; // the answer of a proxy
  });
  if (body === null && NO_SERVER.includes(response.status)) throw lost();
  return errorOf(body, response.status, retryAfter);
}

/**
 * @param {any} body
 * @param {number} status
 */
function errorOf(body, status, retryAfter = 0) {
  const message = body?.error?.message ?? `${status}`;
  return new ApiError(String(message), status, retryAfter);
}

function lost() {
  handlers.away();
  return new Away();
}

/**
 * Wait until a server that was away is back.
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function back(signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    document.addEventListener("server-back", () => resolve(), { once: true, signal });
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** @param {unknown} error */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const callOff = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", callOff);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", callOff, { once: true });
  });
}
