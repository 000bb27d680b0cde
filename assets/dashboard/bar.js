/** The selection bar: how much is selected, by which steps, and what can be done with it. */

import { copyFrom } from "./copy.js";
import * as history from "./history.js";
import { count } from "./selection.js";
import { numberText, stepText } from "./words.js";

const OPS = { replace: "Replace", intersect: "Narrow", add: "Add", subtract: "Subtract" };

/** What the next lasso, class or filter does with the selection. */
let op = "replace";

/** @returns {string} "replace", "intersect", "add" or "subtract" */
export function chosenOp() {
  return op;
}

/**
 * Make the bar's buttons work.
 *
 * @param {{select: (steps: any) => void, current: () => any}} actions
 */
export function connectBar({ select, current }) {
  const bar = document.getElementById("selection-bar");
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const steps = current() || [];
    if (button.dataset.step) select(steps.filter((_, i) => i !== Number(button.dataset.step)));
    else if (button.dataset.op) choose(button.dataset.op);
    else if (button.id === "clear-selection") select(null);
    else if (button.id === "undo") history.undo(current(), select);
    else if (button.id === "redo") history.redo(current(), select);
    else if (button.id === "invert") select(inverted(steps));
    else if (button.id === "copy-link") copyFrom(button, location.href);
  });
  choose(op);
}

function choose(value) {
  op = value;
  for (const button of document.querySelectorAll("#selection-bar [data-op]")) {
    button.setAttribute("aria-pressed", String(button.dataset.op === op));
  }
}

/** Inverting twice gives the selection as it was. */
function inverted(steps) {
  return steps.at(-1)?.op === "invert"
    ? steps.slice(0, -1)
    : [...steps, { op: "invert", filter: { kind: "all" } }];
}

/**
 * Show a selection.
 *
 * @param {any} steps @param {Uint8Array | null} selected
 * @param {import("./table.js").Table} table @param {Uint8Array} correct
 */
export function showSelection(steps, selected, table, correct) {
  const number = selected ? count(selected) : table.length;
  let right = 0;
  for (let i = 0; i < correct.length; i++) right += correct[i] & (selected ? selected[i] : 1);
  const total = table.length.toLocaleString("en");
  const size = document.createElement("strong");
  size.textContent = selected ? `${number.toLocaleString("en")} of ${total} locations` : `all ${total} locations`;
  const accuracy = document.createElement("span");
  accuracy.className = "status";
  accuracy.textContent = number ? `top-1 ${numberText(right / number, "share")}` : "empty";
  const chips = (steps || []).map((step, i) => chip(stepText(step, table), i));
  if (!chips.length) chips.push(plain("no filter"));
  document.getElementById("selection-summary").replaceChildren(size, accuracy, ...chips);
  document.getElementById("clear-selection").disabled = !steps;
  const save = document.getElementById("save-set");
  if (save) save.disabled = !steps;
  document.getElementById("undo").disabled = !history.canUndo();
  document.getElementById("redo").disabled = !history.canRedo();
}

function chip(text, step) {
  const result = document.createElement("span");
  result.className = "chip";
  result.title = text;
  const label = plain(text);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.dataset.step = String(step);
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Remove ${text}`);
  result.append(label, remove);
  return result;
}

function plain(text) {
  const result = document.createElement("span");
  result.textContent = text;
  return result;
}
