/** The tables of the page of one class; see `workbench/dashboard/pages/state.py`. */

import { setNumbers } from "./downloads.js";
import { element, number, text } from "./elements.js";
import { className, fill, share } from "./states.js";
import { numberText } from "./words.js";

/** Key, title, what it is the share of, and its number. */
const MEASURES = [
  ["recall", "recall", "Share of the class's locations that are right", "n"],
  ["precision", "precision", "Share of the locations predicted as the class that are right", "n_predicted"],
  ["auc", "AUC", "Area under the ROC curve against all other classes", "n"],
];

/** @param {any} numbers of a class @param {import("./table.js").Table} table */
export function showClass(numbers, table) {
  const heads = ["", "n", "value and interval"].map((title) => text("th", title, { scope: "col" }));
  const lines = MEASURES.map(([key, title, words, n]) => {
    const [value, low, high] = ends(numbers, key);
    const cell = key === "auc" ? area(value, low, high) : share(value, low, high);
    return element("tr", {}, text("th", title, { scope: "row", title: words }), text("td", number(numbers[n])), cell);
  });
  const status = `${number(numbers.n)} of ${number(numbers.selected)}`;
  const box = fill("state-numbers", status, heads, lines, "");
  const rows = MEASURES.map(([key, , , n]) => [numbers.class, key, numbers[n], ...ends(numbers, key)]);
  setNumbers(box, ["class", "measure", "n", "value", "low", "high"], rows);
  const about = new Map(table.manifest.classes.map((one) => [one.name, one]));
  showConfused("predicted", numbers.predicted_rows, numbers.n, "of the class's locations", about);
  showConfused("mistaken", numbers.mistaken_rows, numbers.n_predicted, "of those predicted as the class", about);
}

function ends(numbers, key) {
  return [numbers[key], numbers[key + "_low"], numbers[key + "_high"]];
}

/** An area is no percentage. */
function area(value, low, high) {
  const cell = share(value, low, high);
  if (value === null) return cell;
  const [first, , last] = cell.firstChild.children;
  first.textContent = value.toFixed(3);
  last.textContent = `${low.toFixed(2)} to ${high.toFixed(2)}`;
  cell.title = `${value.toFixed(3)}, 95 % interval ${low.toFixed(3)} to ${high.toFixed(3)}`;
  return cell;
}

function showConfused(way, rows, total, words, about) {
  const most = Math.max(...rows.map((row) => row.value));
  const heads = ["class", "", "n", "share"].map((title) => text("th", title, { scope: "col" }));
  const lines = rows.map((row) => {
    const percent = (value) => numberText(value, "share");
    const title = `${row.true} → ${row.as}: ${number(row.count)} ${words}, ${percent(row.value)} (95 % interval ${percent(row.low)} to ${percent(row.high)})`;
    const bar = element("span");
    bar.style.width = `${(100 * row.value) / most}%`;
    return element(
      "tr",
      { "data-true": row.true, "data-predicted": row.as, "data-ways": "one", title },
      element("td", {}, className(about.get(row.class), { "aria-pressed": String(row.chosen) })),
      element("td", {}, element("span", { class: "bar" }, bar)),
      text("td", number(row.count)),
      text("td", `${(row.value * 100).toFixed(1)} %`)
    );
  });
  const wrong = rows.reduce((sum, row) => sum + row.count, 0);
  const empty = total ? "None is wrong." : "The selection has none.";
  const box = fill(`state-${way}`, `${number(wrong)} of ${number(total)}`, heads, lines, empty);
  const names = ["true", "predicted", "count", "share", "low", "high"];
  setNumbers(box, names, rows.map((row) => [row.true, row.as, row.count, row.value, row.low, row.high]));
}
