/**
 * Links the maps with each other and with all other views. The selection is kept in the Dash store
 * "selection", as steps (see selection.js), the active location in "active-location".
 */

import { coloring, coloringColumns, correct } from "./colors.js";
import { showCalibration } from "./calibration.js";
import { chosenOp, connectBar, showSelection } from "./bar.js";
import { showExamples, showThumbnails } from "./cards.js";
import { connectClasses } from "./classes.js";
import { connectCopyButtons } from "./copy.js";
import { connectDownloads } from "./downloads.js";
import { connectFilterMenu } from "./filter_menu.js";
import { connectHistograms } from "./histograms.js";
import { showGeography, showTies } from "./geography.js";
import { listenToGraphs } from "./graphs.js";
import { redo, remember, undo } from "./history.js";
import { showKey } from "./key.js";
import { connectKeys } from "./keys.js";
import { connectDividers } from "./dividers.js";
import { connectDrawer, openDrawer } from "./drawer.js";
import { drawingOrder } from "./drawing_order.js";
import { connectPaper } from "./paper.js";
import { connectPalette, showPalette } from "./palette.js";
import { MapPanel } from "./panel.js";
import { columnsOf, count, extended, isTrueClass, mask, members, narrowedTo, narrowing, toggledCell, toggledClass, toggledPair } from "./selection.js";
import { Gallery, pageOf, tableColumns } from "./gallery.js";
import { columnsOfOrder, ordered } from "./order.js";
import { opening as pinNext } from "./pins.js";
import { showOverview } from "./overview.js";
import { connectSets } from "./sets.js";
import { showClass } from "./state.js";
import { connectSearch } from "./search_box.js";
import { connectStates } from "./states.js";
import { prefix } from "./photographs.js";
import { openTable } from "./table.js";
import { description, hideTooltip, showTooltip } from "./tooltip.js";

/** Where histograms stand, and the columns of those that tell right from wrong. */
const HISTOGRAMS = {
  histograms: null, "overview-histograms": ["confidence", "kilometers"], "calibration-histograms": ["confidence"],
};
const state = {
  table: null, drawingOrder: null, panels: [], views: [], steps: null, selected: null, previewed: false, color: null,
  shown: null, palette: null, large: "", active: undefined,
  gallery: null, rows: null, order: { name: "random", descending: false }, view: "cards", columns: null, start: 0,
};
let opening = null;
let running = Promise.resolve();
/** Selections that the page itself has made, and how many of them Dash does not know yet. */
let selections = 0;
let unsent = 0;

/**
 * Bring the maps up to date; calls are done one after another.
 *
 * @param {any} steps @param {string} color @param {string | null} active id of a location
 * @param {string} palette @param {string} large the id of the panel that is shown alone; empty: all are
 * @param {(string | null)[]} projections the name of each panel's, null before the maps are mounted
 * @returns {Promise<boolean>} whether there are maps
 */
export function update(steps, color, active, palette, large, ...projections) {
  const called = unsent ? NaN : selections;
  // Since the call something else may have been selected.
  const isLatest = () => called === selections;
  running = running.then(() => apply(steps, color, active, palette, large, projections, isLatest)).catch(report);
  return running.then(() => state.panels.length > 0);
}

/** For tests and benchmarks: the table and the panels, once everything asked for is drawn. */
export async function whenReady() {
  await running;
  return state;
}

async function apply(steps, color, active, palette, large, projections, isLatest) {
  await ready();
  const { table } = state;
  projections = projections.filter(Boolean);
  steps = Array.isArray(steps) && steps.length ? steps : null;
  await table.need([
    ...columnsOf(steps, table),
    ...coloringColumns(color, table, projections[0]),
    ...projections.flatMap((name) => ["projection/" + name, ...coloringColumns(color, table, name)]),
  ]);
  if (projections.length) await drawn(".projection-panel");
  connectMounted();
  const recolored = state.color !== color || state.palette !== palette;
  if (state.palette !== palette) showPalette(table, palette);
  if (state.large !== large) enlarge(large);
  projections.forEach((name, i) => {
    const panel = state.panels[i];
    const changed = panel.name !== name;
    panel.show(table.column("projection/" + name), name);
    if (changed || recolored) panel.color(coloring(color, table, name));
  });
  if (recolored) showKey(coloring(color, table, projections[0]).key);
  Object.assign(state, { color, palette });
  if (isLatest()) applySelection(steps);
  if (state.active !== active) markActive(active);
}

/** Pages were mounted. @param {...any} contents of each page, null where it is not mounted */
export async function mounted(...contents) {
  await ready();
  const pages = document.querySelectorAll(".page");
  await Promise.all(contents.map((content, i) => content?.length && drawn(`#${pages[i].id} > *`)));
  connectMounted();
  listenToGraphs(state.table, { range: narrowToRange, cells: narrowToCells, name: narrowToName });
}

/** Wait until Dash has drawn what it has mounted. @param {string} selector */
async function drawn(selector) {
  while (!document.querySelector(selector)) await new Promise((done) => setTimeout(done));
}

/** Connect what stands in a page that has been mounted. */
function connectMounted() {
  const maps = Array.from(document.querySelectorAll(".projection-panel .map")).filter((box) => !box.mapPanel);
  maps.forEach(connectMap);
  if (maps.length) enlarge(state.large);
  const actions = { select, preview, current: () => state.steps };
  for (const [id, columns] of Object.entries(HISTOGRAMS)) {
    const box = document.getElementById(id);
    if (!box || box.dataset.connected) continue;
    box.dataset.connected = "yes";
    addView(connectHistograms(box, state.table, actions, columns ? { columns, correct: state.correct } : {}));
  }
}

/** Show the selection in one more view. @param {(steps: any, selected: Uint8Array | null) => void} view */
function addView(view) {
  state.views.push(view);
  view(state.shown, state.selected);
}

/** The table is there, and what stands on all pages is connected. @returns {Promise<void>} */
function ready() {
  return (opening ??= open());
}

async function open() {
  const table = await openTable(new URL(prefix() + "columns/", location.origin));
  await table.need(["id", "label", "prediction", "confidence"]);
  state.table = table;
  state.correct = correct(table);
  connectBar({ select, current: () => state.steps });
  connectFilterMenu(table, narrow);
  connectKeys({ undo: () => undo(state.steps, select), redo: () => redo(state.steps, select), step, clear: () => state.steps && select(null) });
  state.gallery = new Gallery(table);
  connectPalette(table);
  connectDividers();
  connectDrawer();
  connectPaper();
  connectDownloads({ table, selected: () => state.selected });
  connectSets({ table, correct: state.correct, select, current: () => state.steps });
  connectSearch({
    open: (text) => table.ids.rowOf(text) >= 0 && (activate(text), true),
    search: (text) => narrow({ kind: "search", text }),
  });
  connectStates(table, narrowToClass);
  addView(connectClasses(table, state.correct, emphasizeSoon));
  addView((steps, selected) => showSelection(steps, selected, table, state.correct));
  orderSoon();
}

/** @param {HTMLElement} box of a map */
function connectMap(box) {
  const { table } = state;
  state.drawingOrder ??= drawingOrder(state.correct);
  const panel = new MapPanel(box, table, state.drawingOrder, {
    lasso: (polygon, op) => lasso(panel, polygon, op),
    clear: () => select(null),
    enlarge: () => {
      const { id } = box.closest(".projection-panel");
      dash_clientside.set_props("large-map", { data: state.large === id ? "" : id });
    },
    open: (row) => activate(table.ids.at(row)),
    hover: (row, left, top) => showTooltip(table, row, left, top),
    leave: hideTooltip,
    focus: (row) => (document.getElementById("map-live").textContent = description(table, row)),
  });
  if (state.selected) panel.select(state.selected);
  panel.mark(table.ids.rowOf(state.active));
  state.panels.push(panel);
}

function report(error) {
  opening = state.table ? opening : null;
  for (const box of document.querySelectorAll(".projection-panel .map:not(:has(canvas))")) {
    box.textContent = `The map cannot be loaded (${error.message}); reload the page.`;
  }
  console.error(error);
}

/* ---- selecting ---- */

/** Select at once; the other views follow when the maps are on the screen. */
function select(steps) {
  steps = steps?.length ? steps : null;
  selections += 1;
  unsent += 1;
  applySelection(steps);
  afterFrame(() => {
    unsent -= 1;
    dash_clientside.set_props("selection", { data: steps });
  });
}

function applySelection(steps) {
  if (JSON.stringify(steps) === JSON.stringify(state.steps)) {
    if (state.previewed) show(steps);
    return;
  }
  remember(state.steps);
  state.steps = steps;
  show(steps);
}

/** Show what steps would select, as while a range is dragged, without selecting it. */
function preview(steps) {
  show(steps);
  state.previewed = true;
}

let followers = 0;

function show(steps) {
  const selected = steps && mask(steps, state.table);
  state.selected = selected;
  orderSoon();
  for (const panel of state.panels) panel.select(selected);
  state.previewed = false;
  // The maps come to the screen first: the other views change the page, which takes a new layout.
  followers ||= afterFrame(() => {
    followers = 0;
    for (const view of state.views) view(state.shown, state.selected);
  });
  state.shown = steps;
}

/** @param {() => void} then called when the next frame is on the screen @returns {number} */
function afterFrame(then) {
  return requestAnimationFrame(() => setTimeout(then));
}

/** Select what a filter from the menu or the search holds, within what is selected. */
function narrow(filter) {
  const op = chosenOp() === "replace" ? "intersect" : chosenOp();
  const whole = op === "intersect" && !state.steps;
  select([...(state.steps || []), { op: whole ? "replace" : op, filter }]);
}

/** @param {string} name @param {boolean} join */
function narrowToClass(name, join) {
  select(toggledClass(state.steps, name, join));
}

/** A name beside a figure, which can be another than a class's. @param {"true" | "predicted"} [of] */
function narrowToName(name, join = false, of = "true") {
  if (state.table.classNames.includes(name)) select(toggledClass(state.steps, name, join, of));
}

/** Cells of a matrix; those without any location change nothing. @param {string[]} rows @param {string[]} columns */
function narrowToCells(rows, columns) {
  const filter = { kind: "cell", true: rows, predicted: columns };
  if (count(members(filter, state.table))) select(toggledCell(state.steps, rows, columns));
}

/** A bin of a column narrows to its range, again it leaves. */
async function narrowToRange(column, min, max) {
  await state.table.need([column]);
  const filter = { kind: "range", column, min, max };
  const same = (other) => other.kind === "range" && other.column === column;
  const old = narrowing(state.steps, same)?.filter;
  const again = old?.min === min && old?.max === max;
  select(narrowedTo(state.steps, same, again ? null : filter));
}

function lasso(panel, polygon, op) {
  const filter = { kind: "lasso", projection: panel.name, polygon };
  // Around nothing it changes nothing.
  if (count(members(filter, state.table))) select(extended(state.steps, op ?? chosenOp(), filter));
}

/** Show one map alone. @param {string} id of its panel; "" and unknown ones show all */
function enlarge(id) {
  state.large = id;
  const sections = [...document.querySelectorAll(".projection-panel")];
  // A class, since `main:has(...)` would style the whole page anew with each change in it.
  document.querySelector("main").classList.toggle("one-map", sections.some((section) => section.id === id));
  for (const section of sections) {
    section.classList.toggle("large", section.id === id);
    section.querySelector(".enlarge").setAttribute("aria-pressed", String(section.id === id));
  }
}

let emphasizing = 0;

/** Let the points of a class stand out, when the pointer rests on it. @param {number} label -1: none */
function emphasizeSoon(label) {
  clearTimeout(emphasizing);
  emphasizing = setTimeout(() => {
    const { panels, selected, table } = state;
    if (label < 0 && !panels.some((panel) => panel.emphasized)) return;
    const labels = table.column("label");
    for (const panel of panels) {
      const { index, key } = panel.coloring;
      const classes = key.kind === "class" ? index : labels;
      panel.emphasize(label < 0 ? null : Uint8Array.from(classes, (one, row) => Number(one === label && (!selected || selected[row]))));
    }
  }, 120);
}

/** A name beside the matrix of the errors. @param {Element} tick @param {boolean} join */
function selectName(tick, join) {
  const { meta } = tick.closest(".js-plotly-plot").layout;
  const position = tick.__data__.x;
  if (tick.classList.contains("ytick")) select(toggledClass(state.steps, meta.true[position], join));
  else select(toggledClass(state.steps, meta.predicted[position], join, "predicted"));
}

/** A pair in the list of confusions. @param {DOMStringMap} pair */
function selectPair({ true: label, predicted, ways }) {
  select(ways === "both" ? toggledPair(state.steps, label, predicted) : toggledCell(state.steps, [label], [predicted]));
}

/* ---- the active location ---- */

function activate(id) {
  openDrawer();
  pinNext(id);
  // Its value, since the class of the panel follows a moment later.
  if (dash_component_api.getLayout("tab")?.props.value === "aggregate") dash_clientside.set_props("tab", { value: "map" });
  dash_clientside.set_props("active-location", { data: id });
}

function markActive(id) {
  state.active = id;
  if (id) openDrawer();
  const row = state.table.ids.rowOf(id);
  for (const panel of state.panels) panel.mark(row);
  markCards();
  orderSoon();
}

function markCards() {
  state.gallery.locations.mark(state.table.ids.rowOf(state.active));
  for (const card of document.querySelectorAll("[data-location]")) {
    const active = card.dataset.location === state.active;
    card.classList.toggle("active", active);
    if (active && card.closest("#gallery")) card.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

/* ---- the order of the selection ---- */

/**
 * Show the gallery.
 *
 * @param {string} name of an order @param {string} direction "ascending" or "descending"
 * @param {string} view "cards" or "table" @param {any} columns of the table, null for the usual ones
 * @param {number} start of the cards
 */
export async function gallery(name, direction, view, columns, start) {
  await ready();
  Object.assign(state, { order: { name, descending: direction === "descending" }, view, columns, start: start || 0 });
  orderSoon();
}

/** The numbers of the overview are there. @returns {Promise<boolean>} whether they are drawn */
export async function overview(numbers) {
  await ready();
  if (numbers) showOverview(numbers, state.table, narrowToClass);
  return Boolean(numbers);
}

/** The numbers of a class are there. */
export async function classDetail(numbers) {
  await ready();
  if (numbers) showClass(numbers, state.table);
}

/** The numbers of the page Geography are there, or it shows others of them. */
export async function geography(numbers, measure, view) {
  await ready();
  if (numbers) showGeography(numbers, measure, view, state.table, narrowToClass);
}

/** What ties the selection to the training is there. */
export async function trainingTies(ties) {
  await ready();
  showTies(ties);
}

/** The numbers of the page Calibration are there. */
export async function calibration(numbers) {
  await ready();
  if (numbers) showCalibration(numbers);
}

/** A class was chosen on its page: where the selection narrows to another one, it narrows to this. */
export async function narrowClass(name) {
  await ready();
  const names = narrowing(state.steps, isTrueClass)?.filter.names;
  if (!name || names?.length !== 1 || names[0] === name) return;
  select(narrowedTo(state.steps, isTrueClass, { kind: "class", of: "true", names: [name] }));
}

/** The examples of a page are there. */
export async function examples(cards) {
  await ready();
  if (!cards) return;
  showExamples(cards, state.table);
  markCards();
}

/** A location was opened. @param {[string, number][] | null} found ids and distances of its neighbours */
export async function neighbors(found) {
  await running;
  showThumbnails(found || [], state.active, state.table);
}

connectCopyButtons();

/* The photographs of a neighbour, larger. */
document.addEventListener("pointerover", (event) => {
  const at = event.target.closest?.(".thumbnail");
  if (at) showTooltip(state.table, state.table.ids.rowOf(at.dataset.location), event.clientX, event.clientY);
});
document.addEventListener("pointerout", (event) => event.target.closest?.(".thumbnail") && hideTooltip());

let waiting = 0;

/** Show the order of the selection, when the maps are drawn. */
function orderSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => showOrder().catch(report), 50);
}

let ordering = "";

/** Fill the gallery, and say where the active location stands in the selection. */
async function showOrder() {
  const { table, steps, order } = state;
  const columns = tableColumns(table, state.columns);
  await table.need([...columnsOfOrder(order.name, steps), ...(state.view === "table" ? columns : [])]);
  // What is only previewed, or has changed in the meantime, is not ordered.
  if (state.previewed || steps !== state.steps || order !== state.order) return;
  const now = JSON.stringify([steps, order]);
  if (now !== ordering) {
    state.rows = ordered(table, steps, state.selected, order);
    if (ordering && state.start) dash_clientside.set_props("gallery-start", { data: (state.start = 0) });
    ordering = now;
  }
  state.gallery.show(state.rows, { ...state, columns });
  markCards();
  const position = activePosition();
  const number = (value) => value.toLocaleString("en");
  document.getElementById("location-position").textContent =
    `${position < 0 ? "–" : number(position + 1)} of ${number(state.rows.length)}`;
  document.getElementById("location-previous").disabled = position === 0 || !state.rows.length;
  document.getElementById("location-next").disabled = position === state.rows.length - 1;
}

/** @returns {number} the place of the active location in the selection, from 0, -1 for none */
function activePosition() {
  const row = state.table.ids.rowOf(state.active);
  return row < 0 ? -1 : state.rows.indexOf(row);
}

/** Open the location before (-1) or after (1) the active one, and turn the gallery to it. */
async function step(by) {
  await showOrder();
  const { rows, table } = state;
  const found = activePosition();
  const position = found >= 0 ? found + by : by < 0 ? rows.length - 1 : 0;
  if (!(position in rows)) return;
  dash_clientside.set_props("gallery-start", { data: pageOf(position) });
  activate(table.ids.at(rows[position]));
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  const join = event.ctrlKey || event.metaKey || event.shiftKey;
  if (at("[data-class]")) narrowToClass(at("[data-class]").dataset.class, join);
  else if (at("[data-predicted]")) selectPair(at("[data-predicted]").dataset);
  else if (at("#errors-matrix :is(.xtick, .ytick)")) selectName(at("#errors-matrix :is(.xtick, .ytick)"), join);
  else if (at("[data-location]")) activate(at("[data-location]").dataset.location);
});
