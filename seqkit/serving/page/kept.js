// What the browser keeps for us. It may refuse (private windows, full, switched off): then the
// page works as before and forgets when it is closed.

const PREFIX = "seqkit.";

/** @type {Map<string, string>} what the browser refused */
const refused = new Map();

/**
 * A value of before, or `otherwise`.
 * @template T
 * @param {string} name
 * @param {T} otherwise
 * @param {() => Storage} where
 * @returns {T}
 */
export function recall(name, otherwise, where = () => localStorage) {
  try {
    const text = refused.get(name) ?? where().getItem(PREFIX + name);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/**
 * Keep a value; return whether the browser did.
 * @param {string} name
 * @param {unknown} value
 * @param {() => Storage} where
 * @returns {boolean}
 */
export function keep(name, value, where = () => localStorage) {
  const text = JSON.stringify(value);
  try {
    where().setItem(PREFIX + name, text);
    refused.delete(name);
    return true;
  } catch {
    refused.set(name, text);
    return false;
  }
}

/**
 * Call when another tab has changed what is kept under a name.
 * @param {string} name
 * @param {() => void} listener
 */
export function onKeptElsewhere(name, listener) {
  addEventListener("storage", ({ key }) => {
    if (key === PREFIX + name) listener();
  });
}

/** For what is gone when the tab is closed: texts and the token. */
export const tab = () => sessionStorage;
