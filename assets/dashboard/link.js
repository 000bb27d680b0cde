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

/** What stands there when the address says nothing: the text of each parameter, and the values. */
const usual = {};
const first = {};
/** The text of each parameter now. */
let current = {};
/** Component and property of each parameter. */
const places = {};
let written = null;
let resolve;
/** Resolved when what the address says at first has been set. */
export const started = new Promise((done) => (resolve = done));

// An address that says nothing gets the view that the server was started with (`--url`), once for
// each tab: whoever leaves the view must not get it again by loading the page.
const { view } = document.body.dataset;
if (view && !location.hash && !sessionStorage.getItem("view")) {
  sessionStorage.setItem("view", "opened");
  history.replaceState(null, "", "#" + view);
}

/**
 * Write the state into the address: a new entry of the history for another page, selection or location.
 * What has been mounted since the last time first becomes what the address says.
 *
 * @param {Record<string, any>} inputs values by "component.property"
 */
export function write(inputs) {
  if (written === null) window.addEventListener("popstate", () => read(Object.keys(usual)));
  const before = new URLSearchParams(location.hash.slice(1));
  const result = new URLSearchParams();
  const mounted = [];
  for (const [input, value] of Object.entries(inputs)) {
    const name = nameOf(input);
    const said = before.get(name);
    // A choice without a value is of a page that is not mounted.
    const there = value !== null || !input.endsWith(".value");
    if (there) current[name] = name in LISTS && value ? JSON.stringify(value) : value || "";
    if (there && !(name in usual)) {
      Object.assign(places, { [name]: input });
      Object.assign(usual, { [name]: current[name] });
      Object.assign(first, { [name]: value });
      if (said !== null) mounted.push(name);
    }
    const text = there && !mounted.includes(name) ? current[name] : said;
    if (text !== null && text !== usual[name]) result.set(name, text);
  }
  const text = result.toString();
  if (text !== (written ?? location.hash.slice(1))) {
    const moved = ["page", "selection", "location"].some((name) => before.get(name) !== result.get(name));
    const address = text ? "#" + text : location.pathname + location.search;
    if (moved) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
  }
  written = text;
  read(mounted);
  resolve();
}

/** Show what the address says of some parameters. @param {string[]} names */
function read(names) {
  written = location.hash.slice(1);
  const said = new URLSearchParams(written);
  for (const name of names) {
    const text = said.get(name);
    if ((text ?? usual[name]) === current[name]) continue;
    const value = text === null ? first[name] : name in LISTS ? list(text, LISTS[name]) : text;
    const [id, property] = places[name].split(".");
    dash_clientside.set_props(id, { [property]: value ?? null });
  }
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
