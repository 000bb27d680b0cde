/**
 * Cards of the gallery and thumbnails of neighbours. Plain elements: for some hundred of its own, Dash
 * takes seconds.
 *
 * @typedef {import("./table.js").Table} Table
 */

import { setNumbers } from "./downloads.js";
import { element } from "./elements.js";
import { photographs } from "./photographs.js";
import { cellText, numberText } from "./words.js";

/**
 * Fill the gallery.
 *
 * @param {Uint32Array} rows @param {string} order whose numbers stand on the cards, else the confidence
 * @param {Table} table
 */
export function showCards(rows, order, table) {
  const gallery = document.getElementById("gallery");
  const name = table.described.get(order)?.dtype === "float32" ? order : "confidence";
  const { title, unit } = table.described.get(name);
  const values = table.column(name);
  gallery.replaceChildren(...Array.from(rows, (row) => card(row, cellText(values[row], unit), title, table)));
  gallery.scrollLeft = 0;
}

/**
 * Fill the neighbours of a location.
 *
 * @param {[string, number][]} neighbors ids and distances, the nearest first @param {string | null} active
 * @param {Table} table
 */
export function showThumbnails(neighbors, active, table) {
  const labels = table.column("label");
  const activeLabel = labels[table.ids.rowOf(active)];
  const thumbnails = neighbors.map(([id, distance]) => {
    const label = labels[table.ids.rowOf(id)];
    const name = table.classNames[label];
    const away = numberText(distance, "", 3);
    const caption = span("caption", span("true", name), element("span", { class: "distance", title: "Distance between the features" }, away));
    const className = label === activeLabel ? "thumbnail" : "thumbnail other";
    const button = opener(id, className, "", span("photographs", ...photographs(id, table, "data-src")), caption);
    button.setAttribute("aria-label", `${id}: true ${name}, distance ${away}`);
    return button;
  });
  document.getElementById("neighbors").replaceChildren(...thumbnails);
}

/**
 * Fill the examples of a page.
 *
 * @param {{place: string, status: string, ids: string[], numbers: string[], confidences: number[], title: string}} cards
 * @param {Table} table
 */
export function showExamples({ place, status, ids, numbers, confidences, title }, table) {
  const box = document.getElementById(place);
  const rows = ids.map((id) => table.ids.rowOf(id));
  document.getElementById(place + "-status").textContent = status;
  box.replaceChildren(...(ids.length ? rows.map((row, i) => card(row, numbers[i], title, table, "example-card")) : [span("status", "none")]));
  box.scrollLeft = 0;
  const classes = rows.map((row) => classesOf(row, table));
  setNumbers(box, ["id", "true", "predicted", "confidence"], ids.map((id, i) => [id, ...classes[i], confidences[i]]));
}

/** @returns {string[]} true and predicted class of a row */
function classesOf(row, table) {
  return ["label", "prediction"].map((name) => table.classNames[table.column(name)[row]]);
}

function card(row, number, title, table, className = "card") {
  const id = table.ids.at(row);
  const [label, predicted] = classesOf(row, table);
  const correct = label === predicted;
  const views = photographs(id, table, "data-src");
  return opener(
    id,
    className,
    `${id}: true ${label}, predicted ${predicted}`,
    span("panorama", ...(views.length ? views : [span("", "no photographs")])),
    span(
      "caption",
      span(correct ? "mark correct" : "mark wrong", correct ? "✓" : "✗"),
      span("true", label),
      element("span", { class: "number", title }, number)
    ),
    span("caption predicted", span("", correct ? "as predicted" : `predicted ${predicted}`))
  );
}

/** A button that opens a location; see main.js. */
function opener(id, className, title, ...children) {
  return element("button", { type: "button", class: className, title, "data-location": id }, ...children);
}

function span(className, ...children) {
  return element("span", className ? { class: className } : {}, ...children);
}
