// Files of text as text.

import { Unsent } from "./api.js";

/** What UTF-16 begins with, as spreadsheets save "Unicode text". */
const WIDE = [
  { mark: [0xff, 0xfe], label: "utf-16le" },
  { mark: [0xfe, 0xff], label: "utf-16be" },
];

/**
 * The text of a file in UTF-8, or in UTF-16 with a byte-order mark; without the mark.
 * @param {File} file
 * @returns {Promise<string>}
 * @throws {Unsent} for any other bytes, and for a file that is gone
 */
export async function textOf(file) {
  const bytes = await bytesOf(file);
  const wide = WIDE.find(({ mark }) => mark.every((byte, i) => bytes[i] === byte));
  try {
    return new TextDecoder(wide?.label ?? "utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Unsent("file.encoding", { name: file.name });
  }
}

/** @param {File} file */
async function bytesOf(file) {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Unsent("file.unreadable", { name: file.name });
  }
}
