/**
 * Cards of the gallery and thumbnails of neighbours, from the ids that the server names. Plain
 * elements: for some hundred of its own, Dash takes seconds.
 *
 * @typedef {import("./table.js").Table} Table
 */

import { element } from "./elements.js";
import { photographs } from "./photographs.js";

/**
 * Fill the gallery.
 *
 * @param {{ids: string[], numbers: string[], title: string}} cards `title` says what the numbers are
 * @param {Table} table
 */
export function showCards({ ids, numbers, title }, table) {
  const gallery = document.getElementById("gallery");
  gallery.replaceChildren(...ids.map((id, i) => card(id, numbers[i], title, table)));
  gallery.scrollLeft = 0;
}

/**
 * Fill the neighbours of a location.
 *
 * @param {string[]} ids the nearest first @param {string | null} active @param {Table} table
 */
export function showThumbnails(ids, active, table) {
  const labels = table.column("label");
  const own = labels[table.ids.rowOf(active)];
  const thumbnails = ids.map((id) => {
    const label = labels[table.ids.rowOf(id)];
    const name = table.classNames[label];
    const views = photographs(id, table, "data-src");
    const className = label === own ? "thumbnail" : "thumbnail other";
    return opener(id, className, `${id}: true ${name}`, ...(views.length ? views : [name.slice(0, 3)]));
  });
  document.getElementById("neighbors").replaceChildren(...thumbnails);
}

function card(id, number, title, table) {
  const row = table.ids.rowOf(id);
  const [label, predicted] = ["label", "prediction"].map((name) => table.classNames[table.column(name)[row]]);
  const correct = label === predicted;
  const views = photographs(id, table, "data-src");
  return opener(
    id,
    "card",
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
