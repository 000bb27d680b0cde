/**
 * The state of the page in its address, after "#": page, selection, location, colours, maps, request.
 *
 * The part after "#" stays in the browser. Component and property of each parameter; a
 * parameter that is not listed has the name of its component.
 */
const PARAMETERS = {
  page: "shown-page.data",
  selection: "selection.data",
  location: "active-location.data",
  pins: "pins.data",
  color: "color-by.value",
  palette: "palette.data",
  large: "large-map.data",
  score: "roc-score.value",
  order: "gallery-order.value",
  direction: "gallery-direction.value",
  gallery: "gallery-view.value",
  columns: "table-columns.data",
  method: "method.value",
  baseline: "baseline.value",
  output: "output.value",
  target: "target.value",
  contrast: "contrast-target.value",
};
/** Parameters that are lists, as JSON, and how long they may be. */
const LISTS = { selection: Infinity, pins: 4, columns: 100 };
/** The ids of the menus that choose a panel's projection; in the address, "map-" and the panel. */
const CHOICE = "projection-choice-";

/** What the page shows when its address says nothing: the text of each parameter, and the values. */
let usual = null;
let first = null;
let written = "";
/** Component and property of each parameter. */
const places = {};

/**
 * Write the state into the address: a new entry of the history for another page, selection or location.
 *
 * @param {Record<string, any>} inputs values by "component.property"
 */
export function write(inputs) {
  const values = parameters(inputs);
  if (!usual) {
    usual = values;
    first = inputs;
    written = "";
    window.addEventListener("popstate", read);
    openPreparedView();
    if (location.hash) return read();
  }
  const result = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== usual[name]) result.set(name, value);
  }
  const text = result.toString();
  if (text === written) return;
  const before = new URLSearchParams(written);
  const moved = ["page", "selection", "location"].some((name) => before.get(name) !== result.get(name));
  const address = text ? "#" + text : location.pathname + location.search;
  if (moved) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  written = text;
}

/**
 * Put the view that the server was started with (`--url`) into an address that says nothing.
 *
 * Once for each tab: whoever leaves the view must not get it again by loading the page.
 */
function openPreparedView() {
  const view = document.body.dataset.view;
  if (location.hash || !view || sessionStorage.getItem("view")) return;
  sessionStorage.setItem("view", "opened");
  history.replaceState(null, "", "#" + view);
}

/** Show what the address says. */
function read() {
  written = location.hash.slice(1);
  const said = new URLSearchParams(written);
  for (const name of Object.keys(usual)) {
    const text = said.get(name);
    const value = text === null ? first[places[name]] : name in LISTS ? list(text, LISTS[name]) : text;
    const [id, property] = places[name].split(".");
    dash_clientside.set_props(id, { [property]: value ?? null });
  }
}

/** @returns {Record<string, string>} the value of each parameter as text */
function parameters(inputs) {
  const values = {};
  for (const [input, value] of Object.entries(inputs)) {
    const name = nameOf(input);
    places[name] = input;
    values[name] = name in LISTS && value ? JSON.stringify(value) : value || "";
  }
  return values;
}

function nameOf(input) {
  const known = Object.keys(PARAMETERS).find((name) => PARAMETERS[name] === input);
  const [id] = input.split(".");
  return known ?? (id.startsWith(CHOICE) ? "map-" + id.slice(CHOICE.length) : id);
}

/** @returns {any[] | null} the first elements of a list, null if the text is none */
function list(text, most) {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) && value.length ? value.slice(0, most) : null;
  } catch {
    return null;
  }
}
