/**
 * The state of the page in its address, after "#": page, selection, location, colours, maps, request.
 *
 * The part after "#" stays in the browser. Component and property of each parameter:
 */
const PARAMETERS = {
  page: "shown-page.data",
  selection: "selection.data",
  location: "active-location.data",
  color: "color-by.value",
  score: "roc-score.value",
  method: "method.value",
  baseline: "baseline.value",
  output: "output.value",
  target: "target.value",
  contrast: "contrast-target.value",
};
/** The ids of the menus that choose a panel's projection; in the address, "map-" and the panel. */
const CHOICE = "projection-choice-";

/** What the page shows when its address says nothing: the text of each parameter, and the values. */
let usual = null;
let first = null;
let written = "";

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

/** Show what the address says. */
function read() {
  written = location.hash.slice(1);
  const said = new URLSearchParams(written);
  for (const name of Object.keys(usual)) {
    const text = said.get(name);
    const value = text === null ? first[place(name)] : name === "selection" ? steps(text) : text;
    const [id, property] = place(name).split(".");
    dash_clientside.set_props(id, { [property]: value ?? null });
  }
}

/** @returns {Record<string, string>} the value of each parameter as text */
function parameters(inputs) {
  const names = Object.keys(PARAMETERS).filter((name) => PARAMETERS[name] in inputs);
  for (const input of Object.keys(inputs)) {
    if (input.startsWith(CHOICE)) names.push("map-" + input.slice(CHOICE.length).split(".")[0]);
  }
  return Object.fromEntries(
    names.map((name) => {
      const value = inputs[place(name)];
      return [name, name === "selection" && value ? JSON.stringify(value) : value || ""];
    })
  );
}

function place(name) {
  return PARAMETERS[name] ?? `${CHOICE}${name.slice(4)}.value`;
}

/** @returns {any} the steps of a selection, null if the text is none */
function steps(text) {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) && value.length ? value : null;
  } catch {
    return null;
  }
}
