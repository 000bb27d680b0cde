/**
 * The two palettes of classes and points: the usual one, and one that people with colour vision
 * deficiency can tell apart. The address keeps which is shown, the browser the last choice.
 */

const KEY = "resnetbolt-palette";
const root = document.documentElement;

/** Make the switch work, and show the last choice unless the address has one. @param {Table} table */
export function connectPalette(table) {
  const choose = (name) => dash_clientside.set_props("palette", { data: name });
  document.getElementById("palette-switch").addEventListener("click", () => {
    const name = table.palette === "safe" ? "" : "safe";
    try {
      localStorage.setItem(KEY, name);
    } catch {
      // It lasts until the page is left.
    }
    choose(name);
  });
  const said = new URLSearchParams(location.hash.slice(1)).has("palette");
  try {
    if (!said && localStorage.getItem(KEY) === "safe") choose("safe");
  } catch {
    // The browser keeps nothing.
  }
}

/** @param {Table} table @param {string} name "safe", or "" for the usual one */
export function showPalette(table, name) {
  table.palette = name === "safe" ? "safe" : "usual";
  const { colors } = table;
  colors.classes.forEach((color, i) => root.style.setProperty(`--class-${i}`, color));
  root.style.setProperty("--correct-point", colors.correct);
  root.style.setProperty("--wrong-point", colors.wrong);
  root.dataset.palette = table.palette;
  document.getElementById("palette-switch").setAttribute("aria-pressed", String(table.palette === "safe"));
  for (const graph of document.querySelectorAll(".js-plotly-plot")) recolor(graph, table);
}

/** Give the lines of a figure, which the server colours as usual, the colours of the palette. */
export function recolor(graph, table) {
  const { palettes } = table.manifest;
  const [indices, colors] = [[], []];
  (graph.data || []).forEach((trace, i) => {
    const label = table.classNames.indexOf(trace.meta);
    const color = trace.line?.color;
    if (label < 0 || color === table.colors.classes[label]) return;
    if (!Object.values(palettes).some((palette) => palette.classes[label] === color)) return;
    indices.push(i);
    colors.push(table.colors.classes[label]);
  });
  if (indices.length) window.Plotly.restyle(graph, { "line.color": colors }, indices);
}

/** @typedef {import("./table.js").Table} Table */
