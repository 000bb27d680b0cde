/**
 * The dialog that saves a figure for a paper: the server draws what the address of the page says, as
 * `resnetbolt export --url` does (workbench/dashboard/paper_figures.py).
 */

import { copy } from "./copy.js";
import { save } from "./downloads.js";
import { element, text } from "./elements.js";
import { prefix } from "./photographs.js";

/** The figures of a kind: titles by the name of the file. */
const FIGURES = {
  attributions: { "attribution-1": "Attribution map over the views" },
  classes: { classes: "Table of the classes" },
  confusion: { confusion: "Confusion matrix" },
  covariates: { covariates: "Accuracy by year, latitude and green" },
  divisions: { divisions: "Confusion of divisions", mistakes: "Table of the mistakes" },
  geography: {
    distances: "Share of locations by distance", "recall-area": "Recall by area", geography: "Table of distances",
  },
  histograms: { histograms: "Histograms" },
  locations: { "location-1": "Views and prediction" },
  projections: { projection: "Projection" },
  reliability: { reliability: "Reliability diagram" },
  roc: { roc: "ROC curves" },
  "roc-classes": { "roc-classes": "ROC curves, one each" },
  "side-by-side": { "side-by-side": "Pinned locations" },
  split: { split: "Accuracy by what ties to the training" },
  "state-map": { "state-map": "Map of the states" },
};
/** The names of those that are tables. */
const TABLES = ["classes", "geography", "mistakes"];
const FORMATS = { pdf: "PDF", svg: "SVG", png: "PNG, 300 dpi", tex: "LaTeX" };
const WIDTHS = {
  page: "As on a page of two columns",
  "single-column": "One column, 84 mm",
  "double-column": "Two columns, 174 mm",
  slide: "Slide, 254 mm",
};

let dialog = null;
let shown = null;

/** Open the dialog from the menus of panels. */
export function connectPaper() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-paper]");
    if (button) show(button.dataset.paper.split(" "), button.closest(".panel"));
  });
}

/** @param {string[]} kinds of figures @param {HTMLElement} panel in which the menu is */
function show(kinds, panel) {
  dialog ??= create();
  shown = { map: panel.querySelector(".map")?.mapPanel?.name, isLocation: panel.id === "location-panel" };
  const figures = kinds.flatMap((kind) => Object.entries(FIGURES[kind]).map(([name, title]) => ({ kind, name, title })));
  field("figure").replaceChildren(...figures.map(option));
  field("figure").closest("label").hidden = figures.length === 1;
  dialog.querySelector("h2").textContent =
    figures.length === 1 ? `${figures[0].title} for a paper` : "Figure for a paper";
  offerFormats();
  say("");
  dialog.showModal();
}

function create() {
  const result = element(
    "dialog",
    { id: "paper", "aria-labelledby": "paper-title" },
    text("h2", "", { id: "paper-title" }),
    text("p", "Drawn for print from what the page shows now: its selection, colours and request.", { class: "hint" }),
    element(
      "form",
      { method: "dialog", class: "paper" },
      choice("figure", "Figure", {}),
      choice("width", "Width", WIDTHS),
      choice("format", "Format", {}),
      element(
        "div",
        { class: "row" },
        element("button", { type: "button", class: "quiet", id: "paper-save", textContent: "Save", click: saveFigure }),
        element("button", {
          type: "button", class: "quiet", textContent: "Copy command", click: copyCommand,
          title: "The command that writes the same file, with its numbers, caption and manifest",
        }),
        element("button", { class: "quiet", textContent: "Close" })
      ),
      text("p", "", { id: "paper-status", role: "status" })
    )
  );
  document.body.append(result);
  result.querySelector("[name=figure]").addEventListener("change", offerFormats);
  return result;
}

function choice(name, title, options) {
  const select = element("select", { name }, ...Object.entries(options).map(([value, words]) => new Option(words, value)));
  return element("label", {}, text("span", title), select);
}

/** @param {string} name @returns {HTMLSelectElement} */
function field(name) {
  return dialog.querySelector(`[name=${name}]`);
}

function option({ kind, name, title }) {
  return element("option", { value: name, "data-kind": kind, textContent: title });
}

/** @returns {string} the kind of the chosen figure */
function chosenKind() {
  return field("figure").selectedOptions[0].dataset.kind;
}

function offerFormats() {
  const isTable = TABLES.includes(field("figure").value);
  const formats = isTable ? ["tex"] : ["pdf", "svg", "png"];
  field("format").replaceChildren(...formats.map((format) => new Option(FORMATS[format], format)));
  field("width").closest("label").hidden = isTable;
}

/** @returns {{link: string, kind: string, name: string, format: string, preset: string}} */
function request() {
  const kind = chosenKind();
  const state = new URLSearchParams(location.hash.slice(1));
  // The panel of the location stands beside every page, and shows the opened one.
  if (shown.isLocation) state.set("page", "location");
  const name = kind === "projections" ? `projection-${shown.map}` : field("figure").value;
  return { link: state.toString(), kind, name, format: field("format").value, preset: field("width").value };
}

async function saveFigure() {
  const asked = request();
  const button = dialog.querySelector("#paper-save");
  button.disabled = true;
  say("Drawing …");
  try {
    const answer = await answerOf(asked);
    if (answer.ok) save(await answer.blob(), `${asked.name}.${asked.format}`);
    say(answer.ok ? `Saved ${asked.name}.${asked.format}` : (await answer.text()).trim());
  } catch (error) {
    say(`The server does not answer (${error.message}).`);
  } finally {
    button.disabled = false;
  }
}

/** Ask until the figure is drawn, or the dialog is closed. */
async function answerOf(asked) {
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(asked),
  };
  let answer;
  do answer = await fetch(`${prefix()}figure`, options);
  while (answer.status === 202 && dialog.open);
  return answer;
}

async function copyCommand() {
  const { link, kind, format, preset } = request();
  const quoted = (words) => `'${words.replaceAll("'", "'\\''")}'`;
  const store = document.getElementById("workbench").dataset.store;
  const file = /^[\w.-]+$/.test(store) ? store : quoted(store);
  const form = format === "tex" ? "" : ` --format ${format} --preset ${preset}`;
  const copied = await copy(
    `resnetbolt export ${file} --out figures --only ${kind}${form} --url ${quoted("#" + link)}`
  );
  say(copied ? "Copied" : "The browser did not copy it.");
}

function say(words) {
  dialog.querySelector("#paper-status").textContent = words;
}
