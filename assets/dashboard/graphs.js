/** Links the figures that Plotly draws, by pointer and keys, with the selection. */

import { connectBins, connectCurves, connectMatrix } from "./figure_keys.js";
import { recolor } from "./palette.js";

const MATRICES = ["confusion", "errors-matrix", "geography-divisions"];
const CURVES = ["roc", "class-curves", "overview-curves", "state-curve", "geography-curve"];
const BINS = ["calibration-reliability", "calibration-year", "calibration-latitude", "calibration-green", "geography-split"];

let listening = 0;

/**
 * Connect the figures of the page that are not yet. Plotly draws late: each as soon as it is there.
 *
 * @param {any} table
 * @param {{ range: (column: string, min: number, max: number) => void,
 *   cells: (rows: string[], columns: string[]) => void,
 *   name: (name: string, join?: boolean, of?: "true" | "predicted") => void }} actions
 */
export function listenToGraphs(table, actions) {
  clearTimeout(listening);
  // A page leaves out what the store has no numbers for.
  const boxes = [...MATRICES, ...CURVES, ...BINS].map((id) => document.getElementById(id)).filter(Boolean);
  const graphs = boxes.map((box) => box.querySelector(".js-plotly-plot"));
  if (!graphs.every((graph) => graph?.on)) listening = setTimeout(() => listenToGraphs(table, actions), 60);
  for (const graph of graphs) {
    if (!graph?.on || graph.dataset.linked) continue;
    graph.dataset.linked = "yes";
    recolor(graph, table);
    graph.on("plotly_afterplot", () => recolor(graph, table));
    connect(graph, graph.closest(".dash-graph").id, actions);
  }
}

function connect(graph, id, { range, cells, name }) {
  if (BINS.includes(id)) connectBins(graph, range);
  else if (MATRICES.includes(id)) {
    connectMatrix(graph, {
      cells: (down, across) => {
        // A row of the matrix of divisions is several classes.
        const { members: of = {} } = graph.layout.meta;
        const [rows, columns] = [down, across].map((names) => names.flatMap((one) => of[one] ?? [one]));
        cells(rows, columns);
      },
      name: (one, of, join) => name(one, join, of),
    });
  } else {
    connectCurves(graph, name);
    graph.on("plotly_click", ({ points: [point], event }) => name(point.data.meta, event.ctrlKey || event.metaKey));
  }
}
