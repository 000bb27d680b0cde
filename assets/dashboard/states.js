/**
 * The table of the classes of the selection, which sorts by each column; a row narrows to its class.
 * The server computes it; see `workbench/dashboard/pages/states.py`.
 */

import { element, text } from "./elements.js";
import { endsText, numberText } from "./words.js";

/** Key, title, explanation, and whether the first click sorts downwards. */
const COLUMNS = [
  ["class", "class", "Order of the classes", false],
  ["n", "n", "Locations of the class in the selection", true],
  ["recall", "recall", "Share of the class's locations that are right", false],
  ["n_predicted", "predicted", "Locations in the selection that are predicted as the class", true],
  ["precision", "precision", "Share of the locations predicted as the class that are right", false],
  ["auc", "AUC", "Area under the ROC curve: the selected locations against all of other classes", false],
  ["n_confused", "most confused with", "What most of the class's locations are wrongly predicted as", true],
];

const state = { table: null, narrow: null, rows: null, by: "class", down: false };

/** @param {import("./table.js").Table} table @param {(name: string, join: boolean) => void} narrow */
export function connectStates(table, narrow) {
  Object.assign(state, { table, narrow });
  if (state.rows) draw();
}

/** @param {Record<string, any>[] | null} rows */
export function showStates(rows) {
  state.rows = rows;
  if (state.table && rows) draw();
}

function draw() {
  const { table, by, down } = state;
  const index = new Map(table.classNames.map((name, i) => [name, i]));
  const value = (row) => (by === "class" ? index.get(row.class) : row[by]);
  // Unknown numbers stand last in either direction.
  const rows = [...state.rows].sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return (down ? other - one : one - other) || index.get(a.class) - index.get(b.class);
  });
  const box = document.getElementById("states-table");
  const focused = document.activeElement?.dataset.sort;
  box.replaceChildren(
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...COLUMNS.map(head))),
      element("tbody", {}, ...rows.map((row) => line(row, table.manifest.classes[index.get(row.class)])))
    )
  );
  if (focused) box.querySelector(`[data-sort=${focused}]`)?.focus();
}

function head([key, title, words, down]) {
  const chosen = state.by === key;
  const click = () => {
    Object.assign(state, { by: key, down: chosen ? !state.down : down });
    draw();
  };
  const direction = chosen ? (state.down ? "down" : "up") : "";
  const button = element(
    "button",
    { type: "button", title: words, "data-sort": key, "data-direction": direction, "aria-pressed": String(chosen), click },
    title
  );
  const order = chosen ? (state.down ? "descending" : "ascending") : "none";
  return element("th", { scope: "col", "aria-sort": order }, button);
}

function line(row, { label, color }) {
  const number = (value) => element("td", {}, value.toLocaleString("en"));
  const name = className({ label, color }, { title: `${row.class}: narrow to it` });
  const confused = row.n_confused ? `${row.confused_with} ${row.n_confused.toLocaleString("en")}` : "–";
  const click = (event) => state.narrow(row.class, event.ctrlKey || event.metaKey || event.shiftKey);
  return element(
    "tr",
    { click },
    element("td", {}, name),
    number(row.n),
    share(row.recall, row.recall_low, row.recall_high),
    number(row.n_predicted),
    share(row.precision, row.precision_low, row.precision_high),
    element("td", {}, row.auc === null ? "–" : row.auc.toFixed(3)),
    element("td", { title: confused }, confused)
  );
}

/** A button with the colour and the label of a class. @param {Record<string, any>} properties */
export function className({ label, color }, properties) {
  const swatch = element("span", { class: "swatch" });
  swatch.style.background = color;
  return element("button", { type: "button", ...properties }, swatch, text("span", label));
}

/**
 * Fill the table of a panel, and say in its head what it shows.
 *
 * @param {string} id of its place @param {string} status @param {HTMLElement[]} heads
 * @param {HTMLElement[]} lines @param {string} empty what stands there without any
 */
export function fill(id, status, heads, lines, empty) {
  const box = document.getElementById(id);
  const head = document.getElementById(id + "-status");
  head.textContent = head.title = status;
  const focused = box.contains(document.activeElement) && document.activeElement.textContent;
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines));
  box.replaceChildren(lines.length ? table : text("p", empty, { class: "hint" }));
  // A click that selects keeps the focus for the next one.
  if (focused) [...box.querySelectorAll("button")].find((button) => button.textContent === focused)?.focus();
  return box;
}

/** A cell with a share, its interval as a bar from 0 to 1, and the ends of the interval. */
export function share(value, low, high) {
  if (value === null) return element("td", {}, "–");
  const percent = (one, digits) => numberText(one, "share", digits);
  const [band, mark] = [element("i"), element("b")];
  band.style.left = `${low * 100}%`;
  band.style.width = `${(high - low) * 100}%`;
  mark.style.left = `${value * 100}%`;
  const ends = `${(low * 100).toFixed(0)} to ${(high * 100).toFixed(0)}`;
  const title = `${percent(value)}, 95 % interval ${percent(low)} to ${percent(high)}`;
  return element(
    "td",
    { title },
    element(
      "span",
      { class: "proportion" },
      element("span", {}, `${(value * 100).toFixed(1)} %`),
      element("span", { class: "interval" }, band, mark),
      element("span", { class: "ends" }, ends)
    )
  );
}

/**
 * A cell with a number above its interval, if that is known.
 *
 * @param {{value: number | null, low: number | null, high: number | null}} one
 * @param {(value: number) => string} write
 */
export function interval(one, write) {
  if (one.value === null) return element("td", {}, "–");
  const ends = text("span", endsText(one, write), { class: "ends" });
  return element("td", {}, element("span", { class: "stacked" }, text("span", write(one.value)), ends));
}
