/* Links the projections in the browser: what is selected in one is highlighted in all.
 *
 * The page holds a table of all locations, in the order in which every projection draws them. A
 * selection is a rule that names classes or location ids, never points; it is kept in the store
 * "selection", the active location in the store "active-location".
 */
(function () {
  "use strict";

  const state = { table: null, index: null, rule: null, rows: null, adding: false };

  function projections() {
    return Array.from(document.querySelectorAll(".projection-panel"), (panel) => ({
      method: panel.dataset.method,
      graph: panel.querySelector(".js-plotly-plot"),
    })).filter((map) => map.graph && map.graph._fullData && window.Plotly);
  }

  /* Dash loads Plotly and draws the graphs asynchronously. */
  function whenDrawn(act) {
    const all = document.querySelectorAll(".projection-panel").length;
    if (projections().length === all) act();
    else setTimeout(() => whenDrawn(act), 60);
  }

  function rowOf(id) {
    if (!state.index) state.index = new Map(state.table.id.map((name, row) => [name, row]));
    return state.index.get(id);
  }

  /* The rows that a rule selects, in the table's order; null is all. */
  function rowsOf(rule) {
    const table = state.table;
    if (!rule) return null;
    if (rule.by === "lasso" || rule.by === "nearest") {
      return rule.ids.map(rowOf).filter((row) => row !== undefined);
    }
    const wanted = new Set((rule.names || [rule.true]).map((name) => table.class_names.indexOf(name)));
    const all = (rule.within && rowsOf(rule.within)) || table.id.map((_, row) => row);
    const members = all.filter((row) => wanted.has(table.label[row]));
    if (rule.by !== "cell") return members;
    const predicted = table.class_names.indexOf(rule.predicted);
    return members.filter((row) => table.prediction[row] === predicted);
  }

  function select(rule) {
    dash_clientside.set_props("selection", { data: rule });
  }

  function open(id) {
    dash_clientside.set_props("active-location", { data: id });
  }

  function selectLasso(method, event) {
    const points = event && event.points ? event.points : [];
    if (!points.length) {
      // Plotly has dimmed this graph; an unchanged rule would not repaint it.
      if (state.rule) select(null);
      highlight();
      return;
    }
    let rows = points.map((point) => point.pointNumber);
    if (state.adding && state.rows) rows = Array.from(new Set(state.rows.concat(rows)));
    rows.sort((a, b) => a - b);
    select({ by: "lasso", method: method, ids: rows.map((row) => state.table.id[row]) });
  }

  function toggleClass(name) {
    const old = state.rule && state.rule.by === "class" ? state.rule.names : [];
    const names = old.includes(name) ? old.filter((other) => other !== name) : old.concat([name]);
    select(names.length ? { by: "class", names: names } : null);
  }

  function showTooltip(event) {
    const tip = document.getElementById("tooltip");
    const row = event.points[0].pointNumber;
    const table = state.table;
    const correct = table.label[row] === table.prediction[row];
    tip.replaceChildren();
    const lines = [
      ["id", table.id[row]],
      ["", "true " + table.class_names[table.label[row]]],
      [
        correct ? "correct" : "wrong",
        (correct ? "✓ " : "✗ ") + "predicted " + table.class_names[table.prediction[row]] +
          ", " + Math.round(table.confidence[row] * 100) + " %",
      ],
    ];
    for (const [kind, text] of lines) {
      const line = document.createElement("div");
      line.className = kind;
      line.textContent = text;
      tip.append(line);
    }
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const x = Math.min(event.event.clientX + 14, innerWidth - box.width - 8);
    const y = event.event.clientY + 18;
    tip.style.left = Math.max(8, x) + "px";
    tip.style.top = (y + box.height > innerHeight ? y - box.height - 34 : y) + "px";
  }

  function hideTooltip() {
    document.getElementById("tooltip").hidden = true;
  }

  function listen(map) {
    if (map.graph.dataset.linked) return;
    map.graph.dataset.linked = "yes";
    map.graph.on("plotly_selected", (event) => {
      // Plotly also fires when an outline is removed by script. The panel may show another
      // projection than when the listener was added.
      const method = map.graph.closest(".projection-panel").dataset.method;
      if (event && !state.painting) selectLasso(method, event);
    });
    map.graph.on("plotly_deselect", () => {
      select(null);
      highlight();
    });
    map.graph.on("plotly_doubleclick", () => {
      select(null);
      highlight();
    });
    map.graph.on("plotly_click", (event) => open(state.table.id[event.points[0].pointNumber]));
    map.graph.on("plotly_hover", showTooltip);
    map.graph.on("plotly_unhover", hideTooltip);
    map.graph.addEventListener("mouseleave", hideTooltip);
  }

  async function highlight() {
    state.painting = (state.painting || 0) + 1;
    try {
      for (const { graph } of projections()) {
        // While an outline stands, Plotly ignores selectedpoints (plotly.js#7271).
        if ((graph.layout.selections || []).length) await Plotly.relayout(graph, { selections: [] });
        await Plotly.restyle(graph, { selectedpoints: [state.rows] }, [0]);
      }
    } finally {
      state.painting -= 1;
    }
  }

  async function recolor(key) {
    const coloring = state.table.coloring[key];
    if (!coloring) return;
    document.body.dataset.color = key;
    for (const { graph, method } of projections()) {
      await Plotly.restyle(
        graph,
        {
          "marker.color": [(coloring.projection && coloring.projection[method]) || coloring.color],
          "marker.cmin": coloring.cmin,
          "marker.cmax": coloring.cmax,
          "marker.colorscale": [coloring.colorscale],
        },
        [0]
      );
    }
  }

  function markActive(id) {
    const row = rowOf(id);
    for (const { graph } of projections()) {
      const trace = graph._fullData[0];
      const mark = {
        type: "circle",
        xsizemode: "pixel",
        ysizemode: "pixel",
        xanchor: trace.x[row],
        yanchor: trace.y[row],
        x0: -9,
        x1: 9,
        y0: -9,
        y1: 9,
        line: { width: 2, color: "#1c2733" },
      };
      Plotly.relayout(graph, { shapes: row === undefined ? [] : [mark] });
    }
    for (const card of document.querySelectorAll("[data-location]")) {
      card.classList.toggle("active", card.dataset.location === id);
    }
  }

  function markClasses(rule) {
    const names = rule && rule.by === "class" ? rule.names : rule && rule.by === "cell" ? [rule.true] : [];
    for (const entry of document.querySelectorAll("[data-class]")) {
      entry.setAttribute("aria-pressed", String(names.includes(entry.dataset.class)));
    }
  }

  document.addEventListener("pointerdown", (event) => (state.adding = event.shiftKey), true);

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-class]")) toggleClass(at("[data-class]").dataset.class);
    else if (at("[data-location]")) open(at("[data-location]").dataset.location);
    else if (at("#clear-selection")) select(null);
  });

  function listenToCells() {
    const graph = document.querySelector("#confusion .js-plotly-plot");
    if (!graph || !graph.on) {
      setTimeout(listenToCells, 60);
      return;
    }
    if (graph.dataset.linked) return;
    graph.dataset.linked = "yes";
    graph.on("plotly_click", (event) => {
      const cell = event.points[0];
      if (!cell.z) return;
      const { true: rows, predicted: columns } = graph.layout.meta;
      const [label, predicted] = [rows[cell.y], columns[cell.x]];
      const old = state.rule;
      const within = old && old.by === "cell" ? old.within : old;
      const again = old && old.by === "cell" && old.true === label && old.predicted === predicted;
      select(again ? within : { by: "cell", true: label, predicted: predicted, within: within });
    });
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    projections: {
      /* Runs when selection, coloring, active location or legend change. */
      paint: function (rule, coloring, active, _legend, table) {
        state.table = table;
        whenDrawn(async () => {
          markClasses(rule);
          projections().forEach(listen);
          listenToCells();
          if (state.coloring !== coloring) {
            state.coloring = coloring;
            await recolor(coloring);
          }
          if (state.rule !== rule) {
            state.rule = rule;
            state.rows = rowsOf(rule);
            await highlight();
          }
          if (state.active !== active) {
            state.active = active;
            markActive(active);
          }
        });
        return dash_clientside.no_update;
      },
    },
  });
})();
