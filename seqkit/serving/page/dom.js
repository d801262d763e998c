// Elements: found, made, filled. Text only ever enters through textContent.

/**
 * The element of an id, of the kind it must have.
 * @template {Element} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`no ${kind.name} #${id}`);
  return element;
}

/**
 * A new element; `text` is its text, all else are its attributes.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, { text = "", ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

/**
 * Let a textarea grow with its text: the mirror behind it holds the same text and the height.
 * @param {HTMLTextAreaElement} area
 * @param {HTMLElement} mirror
 */
export function grow(area, mirror) {
  const copy = () => {
    mirror.textContent = `${area.value}\n`; // a last empty line has a height, too
  };
  area.addEventListener("input", copy);
  copy();
  return copy;
}

/**
 * Call when a field's text has changed, but not while an input method composes a word of it.
 * @param {HTMLTextAreaElement} area
 * @param {() => void} listener
 */
export function onText(area, listener) {
  area.addEventListener("input", (event) => {
    const isComposing = event instanceof InputEvent && event.isComposing;
    if (!isComposing) listener();
  });
  area.addEventListener("compositionend", () => listener());
}

/**
 * Replace a field's text as a person would who types, so that it can be undone.
 * @param {HTMLTextAreaElement} area
 * @param {string} text
 */
export function retype(area, text) {
  area.focus();
  area.select();
  document.execCommand(text ? "insertText" : "delete", false, text); // what is newer cannot be undone
}

/**
 * Take files that are dropped on an element or chosen in its file field.
 * @param {HTMLElement} zone
 * @param {HTMLInputElement} field
 * @param {(files: File[]) => void} take
 */
export function takeFiles(zone, field, take) {
  field.addEventListener("change", () => {
    const files = [...(field.files ?? [])];
    field.value = ""; // so that the same file can be chosen again
    if (files.length) take(files);
  });

  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) take(files);
  });
}

/**
 * Let the browser save bytes as a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
