/** The label beside the pointer: what a location is, and its photographs. */

import { element } from "./elements.js";
import { photographs } from "./photographs.js";

/** Milliseconds that the pointer rests before photographs are asked for. */
const REST = 80;

let shown = -1;
let timer = 0;

/**
 * @param {import("./table.js").Table} table @param {number} row
 * @param {number} left @param {number} top in the window
 */
export function showTooltip(table, row, left, top) {
  const tip = document.getElementById("tooltip");
  if (row !== shown) {
    shown = row;
    tip.replaceChildren(...lines(table, row));
    clearTimeout(timer);
    if (table.manifest.photographs.length) {
      const strip = element("div", { class: "photographs" });
      tip.append(strip);
      timer = setTimeout(() => strip.append(...photographs(table.ids.at(row), table, "src")), REST);
    }
  }
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(left + 14, innerWidth - box.width - 8)) + "px";
  tip.style.top = (top + 18 + box.height > innerHeight ? top - box.height - 16 : top + 18) + "px";
}

export function hideTooltip() {
  clearTimeout(timer);
  shown = -1;
  document.getElementById("tooltip").hidden = true;
}

/** @returns {string} the tooltip in a sentence, for those who cannot see it */
export function description(table, row) {
  return lines(table, row).map((line) => line.textContent).join(", ");
}

function lines(table, row) {
  const [label, prediction] = [table.column("label")[row], table.column("prediction")[row]];
  const confidence = Math.round(table.column("confidence")[row] * 100);
  const verdict = label === prediction ? "✓ " : "✗ ";
  return [
    element("div", { class: "id" }, table.ids.at(row)),
    element("div", {}, "true " + table.classNames[label]),
    element(
      "div",
      { class: label === prediction ? "correct" : "wrong" },
      `${verdict}predicted ${table.classNames[prediction]}, ${confidence} %`
    ),
  ];
}
