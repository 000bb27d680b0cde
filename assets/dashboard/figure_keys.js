/** Keys in the figures that Plotly draws: cells and names of a matrix, curves and their points. */

import { element } from "./elements.js";
import { numberText } from "./words.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/**
 * Arrow keys go from cell to cell, and beyond the first row or column to the names; with Shift they
 * span a block. Enter chooses.
 *
 * @param {any} graph @param {{cells: (rows: string[], columns: string[]) => void,
 *   name: (name: string, of: "true" | "predicted", join: boolean) => void}} actions
 */
export function connectMatrix(graph, actions) {
  const box = reachable(graph, "Arrow keys go from cell to cell and to the names, with Shift they span a block; Enter selects");
  const cursor = element("div", { class: "matrix-cursor", hidden: true });
  box.append(cursor);
  // Column and row of the cursor, and where its block began; -1 is a name.
  let at = [0, 0];
  let from = at;
  const names = () => graph.layout.meta;
  const block = () => [0, 1].map((axis) => [Math.min(at[axis], from[axis]), Math.max(at[axis], from[axis])]);

  const show = () => {
    cursor.hidden = document.activeElement !== box || !names()?.true.length;
    if (cursor.hidden) return;
    const { xaxis, yaxis } = graph._fullLayout;
    const [[left, right], [top, bottom]] = block();
    const span = (axis, low, high) => [low - 0.5, high + 0.5].map((place) => axis._offset + axis.l2p(place)).sort((a, b) => a - b);
    // Names stand at the left of and below the cells.
    const [x0, x1] = left < 0 ? [2, xaxis._offset] : span(xaxis, left, right);
    const [y0, y1] = top < 0 ? [yaxis._offset + yaxis._length, graph.clientHeight - 2] : span(yaxis, top, bottom);
    Object.assign(cursor.style, { left: `${x0}px`, top: `${y0}px`, width: `${x1 - x0}px`, height: `${y1 - y0}px` });
  };
  const tell = () => {
    const { true: rows, predicted: columns } = names();
    const [column, row] = at;
    if (row < 0) return say(`predicted ${columns[column]}`);
    if (column < 0) return say(`true ${rows[row]}`);
    const trace = graph._fullData.find((one) => Number.isFinite(one.z?.[row]?.[column]));
    const detail = trace?.customdata?.[row]?.[column];
    const count = typeof detail?.[0] === "number" ? detail[0] : (trace?.z[row][column] ?? 0);
    say(`true ${rows[row]}, predicted ${columns[column]}: ${count.toLocaleString("en")}`);
  };

  graph.on("plotly_afterplot", () => {
    const { true: rows = [], predicted: columns = [] } = names() ?? {};
    if (!rows.length) return show(); // Before the figure is drawn.
    const inside = ([column, row]) => [clamp(column, -1, columns.length - 1), clamp(row, -1, rows.length - 1)];
    [at, from] = [inside(at), inside(from)];
    show();
  });
  box.addEventListener("focus", () => {
    show();
    if (!cursor.hidden) tell();
  });
  box.addEventListener("blur", show);
  box.addEventListener("keydown", (event) => {
    if (event.target !== box || event.ctrlKey || event.metaKey || event.altKey || !names()?.true.length) return;
    const { true: rows, predicted: columns } = names();
    const last = [columns.length - 1, rows.length - 1];
    const move = ARROWS[event.key] ?? { Home: [-Infinity, 0], End: [Infinity, 0] }[event.key];
    if (move) {
      const least = event.shiftKey || event.key === "Home" ? 0 : -1;
      const next = at.map((place, axis) => clamp(place + move[axis], least, last[axis]));
      // The corner has no name.
      if (next[0] >= 0 || next[1] >= 0) at = next;
      if (!event.shiftKey) from = at;
      show();
      tell();
    } else if (event.key === "Enter" || event.key === " ") {
      if (at[1] < 0) actions.name(columns[at[0]], "predicted", event.shiftKey);
      else if (at[0] < 0) actions.name(rows[at[1]], "true", event.shiftKey);
      else {
        const [[left, right], [top, bottom]] = block();
        actions.cells(rows.slice(top, bottom + 1), columns.slice(left, right + 1));
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  // With Shift, a click spans a block from the cell that was clicked before.
  graph.on("plotly_click", ({ points: [cell], event }) => {
    at = [cell.x, cell.y];
    if (!event.shiftKey || Math.min(...from) < 0) from = at;
    const [[left, right], [top, bottom]] = block();
    actions.cells(names().true.slice(top, bottom + 1), names().predicted.slice(left, right + 1));
  });
}

/**
 * Up and down go from curve to curve, left and right along one; Enter chooses its class.
 *
 * @param {any} graph @param {(name: string) => void} choose called with what a curve is about
 */
export function connectCurves(graph, choose) {
  const box = reachable(graph, "Up and down go from curve to curve, left and right along it; Enter selects its class");
  let at = -1;
  let place = 0;
  const curves = () => graph._fullData.filter((trace) => trace.hoverinfo !== "skip" && trace.x?.length);
  box.addEventListener("blur", () => window.Plotly.Fx.unhover(graph));
  box.addEventListener("keydown", (event) => {
    const shown = curves();
    if (event.target !== box || event.ctrlKey || event.metaKey || event.altKey || !shown.length) return;
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    if (event.key === "Enter" && shown[at]) choose(shown[at].meta);
    else if (right || down) {
      if (down || at < 0) at = clamp(at + (down || 1), 0, shown.length - 1);
      const trace = shown[Math.min(at, shown.length - 1)];
      place = right ? clamp(place + right, 0, trace.x.length - 1) : trace.x.length >> 1;
      window.Plotly.Fx.hover(graph, [{ curveNumber: trace.index, pointNumber: place }]);
      const [x, y] = trace.customdata?.[place] ?? [trace.x[place], trace.y[place]];
      say(`${trace.name || trace.meta}: ${onAxis(graph, "xaxis", x)}, ${onAxis(graph, "yaxis", y)}`);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/** @returns {string} a value with the title of its axis */
function onAxis(graph, name, value) {
  const { title, tickformat } = graph.layout[name];
  return `${title.text.toLowerCase()} ${numberText(value, tickformat?.includes("%") ? "share" : "")}`;
}

/**
 * Left and right go from bin to bin; a click or Enter chooses its range, where it has one.
 *
 * @param {any} graph whose layout's meta has the column, and its points the ends of their bins
 * @param {(column: string, min: number, max: number) => void} choose
 */
export function connectBins(graph, choose) {
  const box = reachable(graph, "Left and right go from bin to bin; Enter selects its locations");
  let at = -1;
  // The last trace with numbers has the bins that can be chosen.
  const bins = () => graph._fullData.filter((trace) => trace.customdata?.length).at(-1);
  const take = (trace, place) => {
    const { range } = graph.layout.meta ?? {};
    if (range && trace?.index === bins()?.index) choose(range, ...trace.customdata[place].slice(0, 2));
  };
  graph.on("plotly_click", ({ points: [point] }) => take(point.fullData, point.pointNumber));
  box.addEventListener("blur", () => window.Plotly.Fx.unhover(graph));
  box.addEventListener("keydown", (event) => {
    const trace = bins();
    if (event.target !== box || event.ctrlKey || event.metaKey || event.altKey || !trace) return;
    const [right] = ARROWS[event.key] ?? [0];
    if (event.key === "Enter" && at >= 0) take(trace, at);
    else if (right) {
      at = clamp(at + right, 0, trace.x.length - 1);
      window.Plotly.Fx.hover(graph, [{ curveNumber: trace.index, pointNumber: at }]);
      const { columns } = graph.layout.meta;
      const numbers = Array.from(trace.customdata[at], (value, i) => `${columns[i].replaceAll("_", " ")} ${numberText(value, "")}`);
      say(numbers.join(", "));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

function reachable(graph, words) {
  const box = graph.closest(".dash-graph");
  box.tabIndex = 0;
  box.setAttribute("role", "application");
  box.setAttribute("aria-label", `${box.closest(".panel").getAttribute("aria-label")}. ${words}`);
  return box;
}

function say(text) {
  document.getElementById("map-live").textContent = text;
}
