// The page's words, in the language of the browser or the one chosen; all stand in strings.json.

import { keep, recall } from "./kept.js";

/** @typedef {Record<string, string | number>} Values */
/** @typedef {string | Record<string, string>} Entry one string, or one for each plural form */

/** @type {Record<string, Record<string, Entry>>} */
let all = {};
let language = "en";
/** @type {(() => void)[]} */
const listeners = [];

export async function loadStrings() {
  const response = await fetch("page/strings.json");
  all = await response.json();
  chooseLanguage(recall("language", ""));
}

/**
 * Set the page's language and say everything again.
 * @param {string} chosen one of strings.json, or "" for the browser's
 */
export function chooseLanguage(chosen) {
  keep("language", chosen);
  const wanted = [chosen, ...navigator.languages.map((tag) => tag.split("-")[0])];
  language = wanted.find((tag) => tag in all) ?? "en";
  document.documentElement.lang = language;

  for (const element of document.querySelectorAll("[data-text], [data-label], [data-placeholder]"))
    speak(/** @type {HTMLElement} */ (element));
  for (const listener of listeners) listener();
}

/**
 * Call now and whenever the language changes.
 * @param {() => void} listener
 */
export function inEachLanguage(listener) {
  listeners.push(listener);
  listener();
}

/**
 * A string; `{name}` in it becomes the value of that name. With a plural, `n` decides.
 * @param {string} key
 * @param {Values} values
 * @returns {string}
 */
export function t(key, values = {}) {
  const entry = all[language]?.[key];
  if (entry === undefined) return key;

  const text = typeof entry === "string" ? entry : entry[plural(Number(values.n))] ?? entry.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : String(value ?? whole);
  });
}

/**
 * Set an element's text, in every language that is chosen later, too.
 * @param {HTMLElement} element
 * @param {string} key
 * @param {Values} values
 */
export function say(element, key, values = {}) {
  element.removeAttribute("lang");
  element.dataset.text = key;
  element.dataset.values = JSON.stringify(values);
  speak(element);
}

/**
 * The same for the name that a screen reader reads.
 * @param {HTMLElement} element
 * @param {string} key
 * @param {Values} values
 */
export function sayLabel(element, key, values = {}) {
  element.dataset.label = key;
  element.dataset.labelValues = JSON.stringify(values);
  speak(element);
}

/**
 * Set an element's text to one that is the same in every language of the page.
 * @param {HTMLElement} element
 * @param {string} text
 * @param {string} lang its language, "" if it is the page's or not known
 */
export function write(element, text, lang = "") {
  delete element.dataset.text;
  element.textContent = text;
  if (lang) element.lang = lang;
  else element.removeAttribute("lang");
}

/**
 * Take an element's text away.
 * @param {HTMLElement} element
 */
export function hush(element) {
  write(element, "");
}

/** @param {HTMLElement} element */
function speak(element) {
  const { text, values, label, labelValues, placeholder } = element.dataset;
  if (text) element.textContent = t(text, JSON.parse(values ?? "{}"));
  if (label) element.setAttribute("aria-label", t(label, JSON.parse(labelValues ?? "{}")));
  if (placeholder) element.setAttribute("placeholder", t(placeholder));
}

/** @param {number} value */
function plural(value) {
  return new Intl.PluralRules(language).select(value);
}

/**
 * @param {number} value
 * @param {Intl.NumberFormatOptions} options
 */
export function number(value, options = {}) {
  return new Intl.NumberFormat(language, options).format(value);
}

/**
 * A share of 1 as a percentage: "71%", "0.4%".
 * @param {number} share
 */
export function percent(share) {
  const digits = share < 0.1 ? { maximumSignificantDigits: 1 } : { maximumFractionDigits: 0 };
  return number(share, { style: "percent", ...digits });
}

/**
 * A probability that may be very small: "71%", "1 in 4,096".
 * @param {number} probability
 */
export function chance(probability) {
  if (probability >= 0.1) return percent(probability);
  if (probability === 0) return percent(0);
  const n = 1 / probability;
  /** @type {Intl.NumberFormatOptions} */
  const short = n < 1e6 ? {} : { notation: "compact", compactDisplay: "long" };
  return t("chance.one.in", { n: number(n, { ...short, maximumSignificantDigits: 2 }) });
}

/**
 * The name of a language in the page's own: "German", "Deutsch".
 * @param {string} code
 */
export function languageName(code) {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(code) ?? code;
  } catch {
    return code; // not a code of BCP 47
  }
}
