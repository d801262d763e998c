// Choosing one of the models that the server offers.

import { make } from "./dom.js";
import { keep, recall } from "./kept.js";
import { inEachLanguage, languageName, t } from "./strings.js";

/** @typedef {import("./api.js").Model} Model */

/**
 * A model and a language that it translates into.
 * @typedef {object} Direction
 * @property {Model} model
 * @property {string} source a language, or "" where the model does not say
 * @property {string} target
 * @property {string} to what a request says of it: nothing, where the model has one language
 */

/**
 * Offer models by name; hide the choice where there is none. Returns what is chosen.
 * @param {HTMLSelectElement} select
 * @param {Model[]} models
 * @param {() => void} changed
 * @returns {() => Model}
 */
export function offerModels(select, models, changed) {
  for (const model of models) {
    const option = make("option", { text: model.name });
    option.selected = Boolean(model.default);
    select.append(option);
  }
  select.hidden = models.length < 2;
  remember(select, models.map((model) => model.name), changed);
  return () => models[select.selectedIndex] ?? models[0];
}

/**
 * Every direction that the models offer, the default model's first.
 * @param {Model[]} models
 * @returns {Direction[]}
 */
export function directionsOf(models) {
  const ordered = [...models].sort((a, b) => Number(b.default ?? 0) - Number(a.default ?? 0));
  return ordered.flatMap((model) => {
    const targets = model.targets?.length ? model.targets : [""];
    const source = model.source ?? "";
    const isOne = targets.length === 1;
    return targets.map((target) => ({ model, source, target, to: isOne ? "" : target }));
  });
}

/**
 * Offer directions as "English → German", with the model's name where two are alike.
 * @param {HTMLSelectElement} select
 * @param {Direction[]} directions
 * @param {() => void} changed
 * @returns {() => Direction}
 */
export function offerDirections(select, directions, changed) {
  inEachLanguage(() => {
    const chosen = Math.max(0, select.selectedIndex);
    const names = directions.map(nameOf);
    const options = directions.map((direction, i) => {
      const isAlone = names.indexOf(names[i]) === names.lastIndexOf(names[i]);
      return make("option", { text: isAlone ? names[i] : `${names[i]} (${direction.model.name})` });
    });
    select.replaceChildren(...options);
    select.selectedIndex = chosen;
  });
  remember(select, directions.map(({ model, target }) => `${model.name}>${target}`), changed);
  return () => directions[select.selectedIndex] ?? directions[0];
}

/**
 * Choose what was chosen the last time, if it is still there, and keep what is chosen now.
 * @param {HTMLSelectElement} select
 * @param {string[]} names of its options
 * @param {() => void} changed
 */
function remember(select, names, changed) {
  const before = names.indexOf(recall(select.id, ""));
  if (before >= 0) select.selectedIndex = before;
  select.addEventListener("change", () => {
    keep(select.id, names[select.selectedIndex]);
    changed();
  });
}

/** @param {Direction} direction */
function nameOf({ model, source, target }) {
  if (!target) return model.name;
  const from = source ? languageName(source) : t("translate.any");
  return `${from} → ${languageName(target)}`;
}
