// Images: the classes of one, and where the model looked for them (Grad-CAM).

import { call } from "./api.js";
import { find, takeFiles } from "./dom.js";
import { Live } from "./live.js";
import { offerModels } from "./models.js";
import { shares } from "./shares.js";
import { say } from "./strings.js";

/** @typedef {import("./api.js").Model} Model */

export class ImagesView {
  #card = find("images-card", HTMLElement);
  #image = find("image", HTMLImageElement);
  #live = new Live(find("images", HTMLElement), find("images-problem", HTMLElement));
  /** @type {File | null} */
  #file = null;

  /** @param {Model[]} models */
  constructor(models) {
    this.model = offerModels(find("images-model", HTMLSelectElement), models, () => this.#look());
    takeFiles(
      find("images-drop", HTMLElement),
      find("images-file", HTMLInputElement),
      ([file]) => this.#take(file),
    );
  }

  /** @param {File} file */
  #take(file) {
    URL.revokeObjectURL(this.#image.src);
    this.#file = file;
    this.#image.src = URL.createObjectURL(file);
    this.#image.alt = file.name;
    find("image-name", HTMLElement).textContent = file.name;
    find("image-classes", HTMLElement).replaceChildren();
    this.#card.hidden = false;
    this.#look();
  }

  #look(label = "") {
    const file = this.#file;
    if (!file) return;

    const figure = find("heat-figure", HTMLElement);
    figure.hidden = true;
    this.#live.now(async (signal) => {
      const form = new FormData();
      form.append("file", file);
      form.append("model", this.model().name);
      if (label) form.append("class", label);

      const canExplain = this.model().operations.includes("explain-image");
      const path = canExplain ? "v1/explain-image" : "v1/predict";
      this.#show(await call(path, { form, signal }));
    });
  }

  /** @param {any} answer */
  #show(answer) {
    const { classes } = answer.prediction ?? answer.predictions[0];
    const canExplain = Boolean(answer.image);
    const shown = answer.class ?? bestOf(classes);
    const choose = canExplain ? (/** @type {string} */ name) => this.#look(name) : undefined;
    const list = shares(classes, [shown], choose);
    find("image-classes", HTMLElement).replaceChildren(list);
    find("image-hint", HTMLElement).hidden = !canExplain;
    if (!canExplain) return;

    const heat = find("heat", HTMLImageElement);
    heat.src = `data:image/png;base64,${answer.image}`;
    say(find("heat-caption", HTMLElement), "images.heat", { label: shown });
    heat.alt = find("heat-caption", HTMLElement).textContent ?? "";
    find("heat-figure", HTMLElement).hidden = false;
  }
}

/** @param {Record<string, number>} classes */
function bestOf(classes) {
  return Object.keys(classes).reduce((a, b) => (classes[b] > classes[a] ? b : a));
}
