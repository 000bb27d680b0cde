/**
 * Saved selections: a drawer that lists, restores, renames, deletes and compares them. The server
 * keeps them; see `workbench/dashboard/sets.py`.
 *
 * @typedef {{id: number, name: string, tags: string[], note: string, steps: any[]}} SavedSet
 */

import { element } from "./elements.js";
import { columnsOf, count, mask } from "./selection.js";
import { numberText } from "./words.js";

/** @type {{table: any, correct: Uint8Array, select: (steps: any) => void, current: () => any} | null} */
let page = null;
/** @type {{sets: SavedSet[], message: string}} */
let answer = { sets: [], message: "" };
/** Ids of the sets that are compared, two at most. */
let compared = [];
/** The set whose name is being changed, "new" for the form that saves, null for none. */
let edited = null;
/** @type {SavedSet | null} */
let deleted = null;

const drawer = () => document.getElementById("sets-drawer");

/** Make the drawer work, if the page has one. @param {any} actions */
export function connectSets(actions) {
  page = actions;
  if (!drawer()) return;
  document.getElementById("open-sets").addEventListener("click", () => (drawer().hidden ? open(null) : close()));
  document.getElementById("save-set").addEventListener("click", () => open("new"));
  drawer().addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    // The page's own keys are not meant.
    event.stopPropagation();
  });
}

/** @param {{sets: SavedSet[], message: string}} reply what the server answered */
export async function showSets(reply) {
  if (!reply || !page) return;
  answer = reply;
  for (const set of answer.sets) await page.table.need(columnsOf(set.steps, page.table));
  compared = compared.filter((id) => answer.sets.some((set) => set.id === id));
  // What was typed stays when it could not be saved.
  if (!answer.message) edited = null;
  if (edited !== null) drawer().querySelector(".message").textContent = answer.message;
  else show();
}

function request(action) {
  dash_clientside.set_props("set-request", { data: action });
}

function open(form) {
  drawer().hidden = false;
  document.getElementById("open-sets").setAttribute("aria-expanded", "true");
  edited = form;
  answer.message = "";
  if (form === null) request({ action: "read" });
  show();
  (drawer().querySelector("form input") ?? drawer().querySelector("button")).focus();
}

function close() {
  drawer().hidden = true;
  deleted = null;
  const button = document.getElementById("open-sets");
  button.setAttribute("aria-expanded", "false");
  button.focus();
}

function show() {
  const focused = drawer().contains(document.activeElement) ? nameOf(document.activeElement) : null;
  const close_ = button("×", close, { "aria-label": "Close the sets", class: "close" });
  drawer().replaceChildren(
    element("div", { class: "panel-head" }, element("h2", {}, "Sets"), element("span", {}, "saved selections"), close_),
    message(),
    ...(edited === "new" ? [form({ name: "", tags: [], note: "" }, "Save", save)] : []),
    comparison(),
    list()
  );
  if (focused === null) return;
  // The element that had the focus is replaced by another one of its name, or is gone.
  const elements = [...drawer().querySelectorAll("button, input, textarea")];
  (elements.find((one) => nameOf(one) === focused) ?? elements[0]).focus();
}

function nameOf(element) {
  return element.getAttribute("aria-label") ?? element.textContent;
}

function message() {
  const line = element("p", { class: "message", role: "status" }, answer.message);
  if (deleted && !answer.sets.some((set) => set.name === deleted.name)) {
    const set = deleted;
    const undo = () => {
      deleted = null;
      request(saving(set, set.steps));
    };
    line.append(answer.message ? " " : "", `“${set.name}” is deleted. `, button("Undo", undo));
  }
  return line;
}

function list() {
  if (!answer.sets.length) {
    return element("p", { class: "hint" }, "No sets yet: select something, then “Save as”.");
  }
  return element("ul", { class: "sets" }, ...answer.sets.map(entry));
}

/** @param {SavedSet} set */
function entry(set) {
  if (edited === set.id) {
    return element("li", {}, form(set, "Save", (fields) => request({ action: "change", id: set.id, ...fields })));
  }
  const name = button(set.name, () => page.select(set.steps), { class: "name", title: "Select these locations" });
  const chosen = compared.includes(set.id);
  const compare = () => {
    compared = chosen ? compared.filter((id) => id !== set.id) : [...compared, set.id].slice(-2);
    show();
  };
  const rename = () => {
    edited = set.id;
    show();
    drawer().querySelector("form input").select();
  };
  const remove = () => {
    deleted = set;
    request({ action: "delete", id: set.id });
  };
  return element(
    "li",
    {},
    element("div", { class: "line" }, name, element("span", { class: "status" }, numbers(mask(set.steps, page.table)))),
    ...(set.tags.length ? [element("div", { class: "tags" }, ...set.tags.map((tag) => element("span", {}, tag)))] : []),
    ...(set.note ? [element("p", { class: "note" }, set.note)] : []),
    element(
      "div",
      { class: "line actions" },
      button("Compare", compare, { "aria-pressed": String(chosen), "aria-label": `Compare ${set.name}` }),
      button("Rename", rename, { "aria-label": `Rename ${set.name}` }),
      button("Delete", remove, { "aria-label": `Delete ${set.name}` })
    )
  );
}

/** What two sets have in common, and what each has alone. */
function comparison() {
  const [a, b] = compared.map((id) => answer.sets.find((set) => set.id === id));
  if (!a) return "";
  if (!b) return element("p", { class: "hint" }, `Choose a set to compare with “${a.name}”.`);
  const group = (set) => ({ kind: "group", name: set.name, steps: set.steps });
  const steps = (first, op, second) => [
    { op: "replace", filter: group(first) },
    { op, filter: group(second) },
  ];
  const parts = [
    [`${a.name} only`, steps(a, "subtract", b)],
    ["both", steps(a, "intersect", b)],
    [`${b.name} only`, steps(b, "subtract", a)],
  ];
  return element(
    "div",
    { class: "comparison", role: "group", "aria-label": "Comparison" },
    ...parts.map(([title, part]) =>
      element(
        "button",
        { type: "button", title: "Select these locations", click: () => page.select(part) },
        element("span", { class: "name" }, title),
        element("span", { class: "status" }, numbers(mask(part, page.table)))
      )
    )
  );
}

/** @param {Uint8Array} selected @returns {string} how many locations, and how many of them right */
function numbers(selected) {
  const number = count(selected);
  let right = 0;
  for (let i = 0; i < selected.length; i++) right += selected[i] & page.correct[i];
  return number ? `${number.toLocaleString("en")}, top-1 ${numberText(right / number, "share")}` : "0 locations";
}

function save(fields) {
  const steps = page.current();
  if (steps) request(saving(fields, steps));
}

function saving({ name, tags, note }, steps) {
  return { action: "save", name, tags, note, steps };
}

function form(set, title, apply) {
  const name = element("input", { required: true, maxLength: 200, value: set.name, pattern: ".*\\S.*", autocomplete: "off" });
  const tags = element("input", { value: set.tags.join(", "), placeholder: "separated by commas", autocomplete: "off" });
  const note = element("textarea", { rows: 2, maxLength: 2000, value: set.note });
  const cancel = () => {
    edited = null;
    show();
  };
  const submit = (event) => {
    event.preventDefault();
    const words = tags.value.split(",").map((tag) => tag.trim().slice(0, 50)).filter(Boolean);
    apply({ name: name.value.trim(), tags: [...new Set(words)].slice(0, 20), note: note.value.trim() });
  };
  return element(
    "form",
    { class: "fields", submit },
    element("label", {}, "Name", name),
    element("label", {}, "Tags", tags),
    element("label", {}, "Note", note),
    element("div", { class: "line" }, element("button", { class: "quiet" }, title), button("Cancel", cancel))
  );
}

function button(text, click, attributes = {}) {
  return element("button", { type: "button", class: "quiet", click, ...attributes }, text);
}
