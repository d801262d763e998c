// Tables as text (RFC 4180): read with commas, semicolons or tabs, written with commas.

import { Unsent } from "./api.js";

/**
 * @typedef {object} Table
 * @property {string[]} header
 * @property {string[][]} rows cells, as many as the header has
 */

/**
 * The table that a text is, whose first line names the columns; null without any row.
 * @param {string} text
 * @returns {Table | null}
 */
export function readTable(text) {
  const [header, ...rows] = records(text.replace(/^\ufeff/, ""));
  if (!rows.length) return null;

  rows.forEach((row, i) => {
    if (row.length === header.length) return;
    const values = { n: i + 1, cells: row.length, columns: header.length };
    throw new Unsent("rows.ragged", values);
  });
  return { header, rows };
}

/**
 * @param {(string | number)[][]} records
 * @returns {string}
 */
export function writeTable(records) {
  const lines = records.map((cells) => cells.map((cell) => quoted(String(cell))).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

/** @param {string} cell */
function quoted(cell) {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/**
 * The cells of each line that is not empty; a line may go on within quotation marks.
 * @param {string} text
 * @returns {string[][]}
 */
function records(text) {
  const mark = separatorOf(text);
  const quotes = '"((?:[^"]|"")*)"';
  const plain = `((?:[^"${mark}\r\n][^${mark}\r\n]*)?)`;
  const cell = new RegExp(`(?:${quotes}|${plain})(${mark}|\r\n|\r|\n|$)`, "y");

  const found = [];
  let record = [];
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex;
    const match = cell.exec(text);
    if (!match) throw new Unsent("rows.quotes", { n: found.length + 1, at: text.slice(at, at + 20) });

    const [, inQuotes, asItIs, end] = match;
    record.push(inQuotes === undefined ? asItIs.trim() : inQuotes.replaceAll('""', '"'));
    const isOver = end !== mark;
    if (!isOver && cell.lastIndex === text.length) record.push("");
    if (isOver || cell.lastIndex === text.length) {
      if (record.some((one) => one !== "")) found.push(record);
      record = [];
    }
  }
  return found;
}

/**
 * What separates the cells: of tab, semicolon and comma the commonest in the first line.
 * @param {string} text
 */
function separatorOf(text) {
  const [first] = text.trimStart().split(/\r|\n/, 1);
  const plain = first.replace(/"[^"]*"/g, "");
  const counts = ["\t", ";", ","].map((mark) => ({ mark, n: plain.split(mark).length }));
  return counts.reduce((best, one) => (one.n > best.n ? one : best), { mark: ",", n: 1 }).mark;
}
