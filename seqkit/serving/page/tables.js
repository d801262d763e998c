// Tables as text (RFC 4180): read with commas, semicolons, tabs or bars as the commands read them,
// written with commas.

import { Unsent } from "./api.js";

const SEPARATORS = [",", ";", "\t", "|"];

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
  const [first = [], ...rows] = records(text.replace(/^\ufeff/, ""));
  if (!rows.length) return null;

  const header = first.map((cell, i) => cell || `column_${i + 1}`);
  const twice = header.find((name, i) => header.indexOf(name) < i);
  if (twice !== undefined) throw new Unsent("rows.twice", { name: twice });

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
 * The cells of each line that is not blank; a line may go on within quotation marks.
 * @param {string} text
 * @returns {string[][]}
 */
function records(text) {
  const mark = separatorOf(text);
  const ends = new RegExp(`[${mark}\r\n]`, "g");

  const found = [];
  let record = [];
  let at = 0;
  while (at < text.length) {
    const [cell, end] = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at, ends);
    const isStray = end < text.length && text[end] !== mark && !isBreak(text[end]);
    if (end < 0 || isStray)
      throw new Unsent("rows.quotes", { n: found.length + 1, at: text.slice(at, at + 20) });

    record.push(cell.trim());
    const isOver = text[end] !== mark;
    at = end + (text.startsWith("\r\n", end) ? 2 : 1);
    if (!isOver && at < text.length) continue;

    if (!isOver) record.push("");
    if (record.length > 1 || record[0] !== "") found.push(record);
    record = [];
  }
  return found;
}

/**
 * The content of a cell in quotation marks, and where it ends; -1 if it never does.
 * @param {string} text
 * @param {number} start
 * @returns {[string, number]}
 */
function quotedCell(text, start) {
  let close = text.indexOf('"', start + 1);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close < 0) return ["", -1];
  return [text.slice(start + 1, close).replaceAll('""', '"'), close + 1];
}

/**
 * @param {string} text
 * @param {number} start
 * @param {RegExp} ends finds what ends a cell
 * @returns {[string, number]}
 */
function plainCell(text, start, ends) {
  ends.lastIndex = start;
  const end = ends.exec(text)?.index ?? text.length;
  return [text.slice(start, end), end];
}

/** @param {string} character */
function isBreak(character) {
  return character === "\r" || character === "\n";
}

/**
 * What separates the cells: the commonest of the separators in the first line.
 * @param {string} text
 */
function separatorOf(text) {
  const plain = firstLine(text.trimStart());
  const counts = SEPARATORS.map((mark) => ({ mark, n: plain.split(mark).length }));
  return counts.reduce((best, one) => (one.n > best.n ? one : best)).mark;
}

/**
 * The first line of a table without what stands in quotation marks, which may have line breaks.
 * @param {string} text
 */
function firstLine(text) {
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const end = plainCell(text, at, /[\r\n"]/g)[1];
    plain += text.slice(at, end);
    if (text[end] !== '"') break;
    const close = text.indexOf('"', end + 1);
    at = close < 0 ? text.length : close + 1;
  }
  return plain;
}
