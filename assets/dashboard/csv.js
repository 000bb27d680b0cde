/** Tables as CSV, safe to open in a spreadsheet; `common/tables.py` writes the same. */

/** What a spreadsheet could run as a formula begins so; see `escape_formula` in common/text.py. */
const FORMULA = /^[=+\-@＝＋－＠\t\r\n']/;

/** @param {string[]} names @param {Iterable<(string | number)[]>} rows @returns {string} */
export function csv(names, rows) {
  const lines = [names.map(cell).join(",")];
  for (const row of rows) lines.push(row.map(cell).join(","));
  return lines.join("\n") + "\n";
}

/** @param {any} value NaN, null and undefined are empty @returns {string} */
function cell(value) {
  if (typeof value === "number") return Number.isNaN(value) ? "" : String(value);
  const text = value === null || value === undefined ? "" : String(value);
  const safe = FORMULA.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {number} value of float32 @returns {number} without digits that it does not have */
export function single(value) {
  return Number(value.toPrecision(7));
}
