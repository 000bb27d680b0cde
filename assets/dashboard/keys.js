/** Keys of the page, the list of them ("?"), and the links at its top that skip its parts. */

import { closeDrawer, openDrawer } from "./drawer.js";
import { element } from "./elements.js";

/** Keys in words, and what they do. */
const KEYS = [
  ["/", "search ids and classes"],
  ["← →", "previous and next location of the selection, in the gallery's order"],
  ["p", "pin the location for the page Compare, or remove its pin"],
  ["o", "attribution map on or off"],
  ["m", "next attribution method"],
  ["Ctrl+Z", "undo the last change of the selection"],
  ["Ctrl+Shift+Z", "redo it"],
  ["Escape", "close a menu, a dialog or the drawer of the location; else clear the selection"],
  ["?", "this list"],
];
const MAP_KEYS = [
  ["← → ↑ ↓", "nearest point in this direction"],
  ["Enter", "open the location of the point"],
  ["+ −", "zoom in and out"],
  ["0", "show all points"],
  ["Shift, Alt", "with a lasso: add, take away; both: narrow"],
];
const TYPING = "input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]";
/** Elements that need the arrow keys or letters themselves. */
const LISTS = "dialog, [role=listbox], [role=menu], .dash-dropdown-content";
const TAKES_KEYS = `${TYPING}, input, ${LISTS}, [role=combobox], .dash-dropdown, .ag-root`;

/** What Escape closes, in place of clearing the selection. */
const OPEN = "dialog[open], details[open]";

/**
 * Make the keys work.
 *
 * @param {{undo: () => void, redo: () => void, step: (by: number) => void,
 *   clear: () => void}} actions
 */
export function connectKeys({ undo, redo, step, clear }) {
  const plain = {
    "/": () => document.getElementById("search").focus(),
    "?": showKeys,
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    p: () => document.getElementById("pin").click(),
    o: () => document.getElementById("overlay-toggle")?.click(),
    m: () => document.getElementById("next-method")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey) return;
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey) {
      if (key.toLowerCase() !== "z" || target.closest(TYPING)) return;
      (event.shiftKey ? redo : undo)();
    } else if (key === "Escape") {
      if (target.closest(target.closest("#location-panel") ? LISTS : TAKES_KEYS) || document.querySelector(OPEN)) return;
      if (!closeDrawer()) clear();
    } else if (plain[key] && !target.closest(key === "/" || key === "?" ? TYPING : TAKES_KEYS)) {
      plain[key]();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("#show-keys")) showKeys();
    else if (at("#location-previous")) step(-1);
    else if (at("#location-next")) step(1);
    else if (at("[data-skip-to]")) {
      event.preventDefault(); // The address keeps the state of the page after "#".
      const place = at("[data-skip-to]").dataset.skipTo;
      if (place === "#location-panel") openDrawer();
      document.querySelector(place)?.focus();
    }
  });
}

const FIGURE_KEYS = [
  ["← → ↑ ↓", "in a matrix: cells and names; in curves: next curve, along it"],
  ["Shift with ← → ↑ ↓", "in a matrix: a block of cells"],
  ["Enter", "select what is there"],
];

function showKeys() {
  let dialog = document.getElementById("keys");
  if (!dialog) {
    dialog = element(
      "dialog",
      { id: "keys", "aria-labelledby": "keys-title" },
      element("h2", { id: "keys-title", textContent: "Keys" }),
      list(KEYS),
      element("h3", { textContent: "In a map" }),
      list(MAP_KEYS),
      element("h3", { textContent: "In a figure" }),
      list(FIGURE_KEYS),
      element("button", { class: "quiet", textContent: "Close", click: () => dialog.close() })
    );
    document.body.append(dialog);
  }
  if (!dialog.open) dialog.showModal();
}

function list(keys) {
  const rows = keys.flatMap(([key, words]) => [
    element("dt", {}, element("kbd", { textContent: key })),
    element("dd", { textContent: words }),
  ]);
  return element("dl", {}, ...rows);
}
