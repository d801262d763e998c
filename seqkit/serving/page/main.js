// Starts the page: its strings, what the server offers, and a view for each of it.

import { Away, back, call, handlers } from "./api.js";
import { DocumentsView } from "./documents.js";
import { find, make } from "./dom.js";
import { ImagesView } from "./images.js";
import { keep, recall } from "./kept.js";
import { LabelsView } from "./labels.js";
import { LanguageView } from "./language.js";
import { showProblem } from "./live.js";
import { RowsView } from "./rows.js";
import { chooseLanguage, hush, inEachLanguage, loadStrings, say, t } from "./strings.js";
import { Terms } from "./terms.js";
import { TranslateView } from "./translate.js";

/** @typedef {import("./api.js").Model} Model */

const RETRY = 3000; // milliseconds between questions to a server that is away

const notice = find("notice", HTMLElement);
const main = find("main", HTMLElement);
/** @type {string[]} */
const views = [];

async function start() {
  await loadStrings();
  offerChoices();
  Object.assign(handlers, { askForToken, away, busy });

  const models = await modelsOfServer();
  if (models === null) return;
  makeViews(models);
  if (!views.length) {
    say(find("loading", HTMLElement), models.length ? "nothing.shown" : "nothing.served");
    return;
  }

  find("loading", HTMLElement).remove();
  addEventListener("hashchange", () => show(true));
  show(false);
}

/** @returns {Promise<Model[] | null>} null where the server refuses */
async function modelsOfServer() {
  for (;;) {
    try {
      return (await call("v1/models")).models;
    } catch (error) {
      if (!(error instanceof Away)) {
        showProblem(find("loading", HTMLElement), error);
        return null;
      }
      await back();
    }
  }
}

/**
 * Each view with the models that it can use; the others stay hidden.
 * @param {Model[]} models
 */
function makeViews(models) {
  /** @param {string[]} names */
  const offering = (...names) =>
    models.filter((model) => names.some((name) => model.operations.includes(name)));

  const translating = offering("translate");
  const documents = offering("documents");
  const speaking = offering("surprisal", "complete", "generate");
  const predicting = offering("predict");
  const labelling = predicting.filter(({ reads }) => reads === "texts" || reads === "sentences");
  const seeing = predicting.filter(({ reads }) => reads === "images");
  const tabular = predicting.filter(({ reads }) => reads === "rows");

  const terms = new Terms();
  if (translating.length) add("translate", () => new TranslateView(translating, terms));
  if (documents.length) add("documents", () => new DocumentsView(documents, terms));
  if (speaking.length) add("language", () => new LanguageView(speaking));
  if (labelling.length) add("labels", () => new LabelsView(labelling));
  if (seeing.length) add("images", () => new ImagesView(seeing));
  if (tabular.length) add("rows", () => new RowsView(tabular));
}

/**
 * @param {string} name of the section
 * @param {() => unknown} make_
 */
function add(name, make_) {
  make_();
  views.push(name);
  const link = make("a", { href: `#${name}` });
  say(link, `view.${name}`);
  find("views", HTMLElement).append(make("li", {}, link));
}

/**
 * Show the view that the address names, or the first one.
 * @param {boolean} move the focus to its heading, as a new page would
 */
function show(move) {
  const wanted = location.hash.slice(1);
  const shown = views.find((view) => !find(view, HTMLElement).hidden);
  if (wanted === "main" && shown) return main.focus();

  const name = views.includes(wanted) ? wanted : views[0];
  for (const view of views) find(view, HTMLElement).hidden = view !== name;
  for (const link of document.querySelectorAll("#views a")) {
    if (link.getAttribute("href") === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${t(`view.${name}`)} · seqkit`;
  if (move) find(`${name}-title`, HTMLElement).focus();
  scrollTo(0, 0);
}

function offerChoices() {
  const language = find("page-language", HTMLSelectElement);
  language.value = recall("language", "");
  language.addEventListener("change", () => chooseLanguage(language.value));

  const theme = find("page-theme", HTMLSelectElement);
  theme.value = recall("theme", "");
  theme.addEventListener("change", () => {
    keep("theme", theme.value);
    document.documentElement.dataset.theme = theme.value;
  });

  inEachLanguage(() => {
    const current = document.querySelector("#views [aria-current]");
    if (current) document.title = `${current.textContent} · seqkit`;
  });
}

/** @type {Promise<string> | null} */
let asking = null;

/**
 * Ask for the token; requests that ask at the same time get the same answer.
 * @param {boolean} wrong whether there was one
 */
function askForToken(wrong) {
  asking ??= new Promise((resolve) => {
    const dialog = find("token-dialog", HTMLDialogElement);
    const field = find("token", HTMLInputElement);
    field.value = "";
    say(find("token-problem", HTMLElement), wrong ? "token.wrong" : "token.hint");

    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener(
      "close",
      () => {
        asking = null;
        resolve(field.value.trim());
      },
      { once: true },
    );
    dialog.showModal();
  });
  return asking;
}

let isAway = false;

/** Say that the server is away, and ask until it is back. */
async function away() {
  if (isAway) return;
  isAway = true;
  say(notice, "notice.away");
  do await new Promise((later) => setTimeout(later, RETRY));
  while (!(await isThere()));

  isAway = false;
  hush(notice);
  document.dispatchEvent(new Event("server-back"));
}

async function isThere() {
  try {
    return (await fetch("health", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** @param {number} seconds */
function busy(seconds) {
  say(notice, "notice.busy", { n: seconds });
  setTimeout(() => {
    if (!isAway) hush(notice);
  }, seconds * 1000);
}

start();
