/* Links the maps in the browser: what is selected in one is highlighted in all.
 *
 * The page holds a table of all locations, in the order in which every map draws them. What
 * leaves the browser is never a point: a selection is a rule that names classes or ids of
 * locations, and it lives in the store "selection"; the opened location lives in "opened".
 */
(function () {
  "use strict";

  const seen = { table: null, index: null, rule: null, rows: null, adding: false };

  function maps() {
    return Array.from(document.querySelectorAll(".map-panel"), (panel) => ({
      method: panel.dataset.method,
      graph: panel.querySelector(".js-plotly-plot"),
    })).filter((map) => map.graph && map.graph._fullData && window.Plotly);
  }

  /* Dash loads Plotly late and draws later still. */
  function whenDrawn(act) {
    const all = document.querySelectorAll(".map-panel").length;
    if (maps().length === all) act();
    else setTimeout(() => whenDrawn(act), 60);
  }

  function rowOf(id) {
    if (!seen.index) seen.index = new Map(seen.table.id.map((name, row) => [name, row]));
    return seen.index.get(id);
  }

  /* The rows that a rule selects, in the table's order; null is all. */
  function rowsOf(rule) {
    const table = seen.table;
    if (!rule) return null;
    if (rule.by === "lasso" || rule.by === "nearest") {
      return rule.ids.map(rowOf).filter((row) => row !== undefined);
    }
    const wanted = new Set((rule.names || [rule.true]).map((name) => table.name.indexOf(name)));
    const all = (rule.within && rowsOf(rule.within)) || table.id.map((_, row) => row);
    const own = all.filter((row) => wanted.has(table.label[row]));
    if (rule.by !== "cell") return own;
    const predicted = table.name.indexOf(rule.predicted);
    return own.filter((row) => table.prediction[row] === predicted);
  }

  function select(rule) {
    dash_clientside.set_props("selection", { data: rule });
  }

  function open(id) {
    dash_clientside.set_props("opened", { data: id });
  }

  function lassoed(method, event) {
    const points = event && event.points ? event.points : [];
    if (!points.length) {
      // Plotly has dimmed this map: a rule that did not change would not repaint it.
      if (seen.rule) select(null);
      highlight();
      return;
    }
    let rows = points.map((point) => point.pointNumber);
    if (seen.adding && seen.rows) rows = Array.from(new Set(seen.rows.concat(rows)));
    rows.sort((a, b) => a - b);
    select({ by: "lasso", method: method, ids: rows.map((row) => seen.table.id[row]) });
  }

  function toggleClass(name) {
    const old = seen.rule && seen.rule.by === "class" ? seen.rule.names : [];
    const names = old.includes(name) ? old.filter((one) => one !== name) : old.concat([name]);
    select(names.length ? { by: "class", names: names } : null);
  }

  function tell(event) {
    const tip = document.getElementById("tip");
    const row = event.points[0].pointNumber;
    const table = seen.table;
    const right = table.label[row] === table.prediction[row];
    tip.replaceChildren();
    const lines = [
      ["id", table.id[row]],
      ["", "true " + table.name[table.label[row]]],
      [
        right ? "right" : "wrong",
        (right ? "✓ " : "✗ ") + "predicted " + table.name[table.prediction[row]] +
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

  function hush() {
    document.getElementById("tip").hidden = true;
  }

  function listen(map) {
    if (map.graph.dataset.linked) return;
    map.graph.dataset.linked = "yes";
    map.graph.on("plotly_selected", (event) => {
      // Plotly says so too when it is told to take an outline away.
      // Another map may stand here than when the listening began.
      const here = map.graph.closest(".map-panel").dataset.method;
      if (event && !seen.painting) lassoed(here, event);
    });
    map.graph.on("plotly_deselect", () => {
      select(null);
      highlight();
    });
    map.graph.on("plotly_doubleclick", () => {
      select(null);
      highlight();
    });
    map.graph.on("plotly_click", (event) => open(seen.table.id[event.points[0].pointNumber]));
    map.graph.on("plotly_hover", tell);
    map.graph.on("plotly_unhover", hush);
    map.graph.addEventListener("mouseleave", hush);
  }

  async function highlight() {
    seen.painting = (seen.painting || 0) + 1;
    try {
      for (const { graph } of maps()) {
        // While an outline stands, Plotly ignores selectedpoints (plotly.js#7271).
        if ((graph.layout.selections || []).length) await Plotly.relayout(graph, { selections: [] });
        await Plotly.restyle(graph, { selectedpoints: [seen.rows] }, [0]);
      }
    } finally {
      seen.painting -= 1;
    }
  }

  async function colour(key) {
    const own = seen.table.colouring[key];
    if (!own) return;
    document.body.dataset.colour = key;
    for (const { graph, method } of maps()) {
      await Plotly.restyle(
        graph,
        {
          "marker.color": [own.map ? own.map[method] || own.color : own.color],
          "marker.cmin": own.cmin,
          "marker.cmax": own.cmax,
          "marker.colorscale": [own.colorscale],
        },
        [0]
      );
    }
  }

  function ring(id) {
    const row = rowOf(id);
    for (const { graph } of maps()) {
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
      card.classList.toggle("opened", card.dataset.location === id);
    }
  }

  function press(rule) {
    const names = rule && rule.by === "class" ? rule.names : rule && rule.by === "cell" ? [rule.true] : [];
    for (const entry of document.querySelectorAll("[data-class]")) {
      entry.setAttribute("aria-pressed", String(names.includes(entry.dataset.class)));
    }
  }

  document.addEventListener("pointerdown", (event) => (seen.adding = event.shiftKey), true);

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-class]")) toggleClass(at("[data-class]").dataset.class);
    else if (at("[data-location]")) open(at("[data-location]").dataset.location);
    else if (at("#clear")) select(null);
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
      const [truth, predicted] = cell.customdata;
      const old = seen.rule;
      const within = old && old.by === "cell" ? old.within : old;
      const again = old && old.by === "cell" && old.true === truth && old.predicted === predicted;
      select(again ? within : { by: "cell", true: truth, predicted: predicted, within: within });
    });
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    workbench: {
      /* Runs whenever selection, colouring, opened location or legend change. */
      paint: function (rule, colouring, opened, _legend, table) {
        seen.table = table;
        whenDrawn(async () => {
          press(rule);
          maps().forEach(listen);
          listenToCells();
          if (seen.colour !== colouring) {
            seen.colour = colouring;
            await colour(colouring);
          }
          if (seen.rule !== rule) {
            seen.rule = rule;
            seen.rows = rowsOf(rule);
            await highlight();
          }
          if (seen.opened !== opened) {
            seen.opened = opened;
            ring(opened);
          }
        });
        return dash_clientside.no_update;
      },
    },
  });
})();
