/**
 * The list of classes: locations in the selection and in all, accuracy in the selection, AUC.
 *
 * A click on a class narrows to it, with Ctrl or Shift it joins those chosen; see main.js.
 */

import { element } from "./elements.js";
import { isTrueClass, narrowing } from "./selection.js";
import { numberText } from "./words.js";

/** From this number of classes on there is a field that searches them. */
const MANY = 13;

/** Key, title, explanation, and whether the first click sorts downwards. */
const COLUMNS = [
  ["name", "class", "Order of the classes", false],
  ["selected", "sel.", "Locations in the selection", true],
  ["all", "n", "All locations", true],
  ["accuracy", "acc.", "Share of the selected locations that are predicted correctly", true],
  ["auc", "AUC", "Area under the ROC curve, over all locations", true],
];

/**
 * Count the selected locations of each class.
 *
 * @param {ArrayLike<number>} label @param {Uint8Array} correct @param {Uint8Array | null} selected null for all
 * @param {number} classes @returns {{number: Uint32Array, right: Uint32Array}}
 */
function countClasses(label, correct, selected, classes) {
  const number = new Uint32Array(classes);
  const right = new Uint32Array(classes);
  for (let i = 0; i < label.length; i++) {
    const one = selected ? selected[i] : 1;
    number[label[i]] += one;
    right[label[i]] += one & correct[i];
  }
  return { number, right };
}

/**
 * Fill the list.
 *
 * @param {import("./table.js").Table} table @param {Uint8Array} correct
 * @param {(label: number) => void} emphasize called when the pointer or the focus is on a class; -1: none
 * @returns {(steps: any, selected: Uint8Array | null) => void} shows a selection
 */
export function connectClasses(table, correct, emphasize) {
  const list = document.getElementById("legend");
  const label = table.column("label");
  const all = countClasses(label, correct, null, table.classNames.length).number;
  const rows = table.manifest.classes.map((one, i) => ({
    ...entry(one, all[i]), index: i, all: all[i], auc: one.auc ?? -1, selected: 0, accuracy: -1,
  }));
  const sorting = { by: "name", down: false };
  const heads = COLUMNS.map(([key, title, words, down]) => {
    const click = () => {
      Object.assign(sorting, { by: key, down: sorting.by === key ? !sorting.down : down });
      sort();
    };
    return element("button", { type: "button", title: `${words}; click to sort`, "data-sort": key, click }, title);
  });
  list.replaceChildren(element("div", { class: "legend-columns" }, ...heads), ...rows.map((row) => row.button));
  const point = (event) => emphasize(table.classNames.indexOf(event.target.closest(".entry")?.dataset.class));
  for (const kind of ["pointerover", "focusin"]) list.addEventListener(kind, point);
  for (const kind of ["pointerleave", "focusout"]) list.addEventListener(kind, () => emphasize(-1));
  if (rows.length >= MANY) document.getElementById("class-search").replaceChildren(searchField(rows));

  function sort() {
    const value = (row) => (sorting.by === "name" ? row.index : row[sorting.by]);
    const sign = sorting.down ? -1 : 1;
    const sorted = [...rows].sort((a, b) => sign * (value(a) - value(b)) || a.index - b.index);
    const focused = document.activeElement;
    if (sorted.some((row, i) => list.children[i + 1] !== row.button)) {
      list.append(...sorted.map((row) => row.button));
      if (list.contains(focused)) focused.focus();
    }
    for (const one of heads) {
      const chosen = one.dataset.sort === sorting.by;
      one.setAttribute("aria-pressed", String(chosen));
      one.dataset.direction = !chosen ? "" : sorting.down ? "down" : "up";
    }
  }

  return (steps, selected) => {
    const { number, right } = countClasses(label, correct, selected, rows.length);
    const names = chosenNames(steps);
    for (const row of rows) {
      row.selected = number[row.index];
      row.accuracy = row.selected ? right[row.index] / row.selected : -1;
      write(row.cells.selected, row.selected.toLocaleString("en"));
      write(row.cells.accuracy, row.selected ? numberText(row.accuracy, "share", 2) : "–");
      row.button.classList.toggle("unselected", !row.selected);
      row.button.setAttribute("aria-pressed", String(names.includes(row.button.dataset.class)));
    }
    sort();
  };
}

/** An unchanged text needs no new layout. */
function write(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}

function entry({ name, label, color, auc }, all) {
  const swatch = element("span", { class: "swatch" });
  swatch.style.background = color;
  const cells = {
    name: element("span", { class: "name" }, label),
    selected: element("span", { class: "number" }),
    all: element("span", { class: "number" }, all.toLocaleString("en")),
    accuracy: element("span", { class: "number" }),
    auc: element("span", { class: "number" }, auc === null ? "–" : auc.toFixed(3)),
  };
  const title = `${name}: narrow to it; with Ctrl it joins the chosen classes`;
  const button = element(
    "button",
    { type: "button", class: "entry", "data-class": name, title },
    swatch,
    ...Object.values(cells)
  );
  return { button, cells };
}

/** @returns {string[]} the true classes that the last step is about */
function chosenNames(steps) {
  const last = steps?.at(-1).filter;
  return last?.kind === "cell" ? last.true : (narrowing(steps, isTrueClass)?.filter.names ?? []);
}

function searchField(rows) {
  const find = () => {
    const wanted = field.value.trim().toLowerCase();
    for (const { button } of rows) button.hidden = !button.dataset.class.toLowerCase().includes(wanted);
  };
  // Enter narrows to the uppermost.
  const choose = (event) => {
    if (event.key === "Enter" && field.value.trim()) document.querySelector("#legend .entry:not([hidden])")?.click();
  };
  const field = element("input", {
    type: "search", placeholder: "Find", autocomplete: "off", "aria-label": "Find classes", input: find, keydown: choose,
  });
  return field;
}
