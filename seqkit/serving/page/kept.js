// What the browser keeps for us. It may refuse (private windows, full, switched off): then the
// page works as before and forgets when it is closed.

const PREFIX = "seqkit.";

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
    const text = where().getItem(PREFIX + name);
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
  try {
    where().setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** For what is gone when the tab is closed: texts and the token. */
export const tab = () => sessionStorage;
