/** One map: its pixels, what is drawn over them, and what a person does with it. */

import { Camera } from "./camera.js";
import { Overlay } from "./overlay.js";
import { Raster, pixelOf } from "./raster.js";
import { nearestRow, nextRow } from "./nearest_point.js";
import { toolbar } from "./toolbar.js";

/** CSS pixels: how far a point may be from the pointer, and how far a click may move. */
const REACH = 9;
const STILL = 4;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * What a panel reports.
 *
 * @typedef {{
 *   lasso: (polygon: [number, number][], op: string | null) => void, clear: () => void,
 *   enlarge: () => void, open: (row: number) => void, hover: (row: number, left: number, top: number) => void,
 *   leave: () => void, focus: (row: number) => void
 * }} Actions
 */

export class MapPanel {
  /**
   * @param {HTMLElement} box an empty element that the map fills
   * @param {import("./table.js").Table} table @param {Uint32Array} order of drawing
   * @param {Actions} actions
   */
  constructor(box, table, order, actions) {
    Object.assign(this, { box, table, order, actions });
    this.camera = new Camera();
    this.points = this.ordered = new Float32Array(0);
    this.coloring = { palette: Uint32Array.of(pixelOf("#b4bcc4")), index: null, key: {} };
    /** @type {Uint8Array | null} */
    this.selected = null;
    /** @type {Uint8Array | null} */
    this.present = null;
    /** @type {Uint8Array | null} what stands out while the pointer is on a class */
    this.emphasized = null;
    this.active = -1;
    this.cursor = -1;
    this.mode = "lasso";
    this.drag = null;
    this.frame = 0;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", `${box.dataset.label}: arrow keys go from point to point, Enter opens one`);
    this.raster = new Raster(this.canvas);
    this.overlay = new Overlay();
    box.replaceChildren(this.canvas, this.overlay.svg, toolbar(this));
    box.mapPanel = this;
    new ResizeObserver(() => this.resize()).observe(box);
    this.listen();
    this.resize();
  }

  /** Show other points. @param {Float32Array} points x and y of each row @param {string} name */
  show(points, name) {
    if (points === this.points) return;
    this.points = points;
    this.ordered = inOrder(points, this.order);
    this.name = name;
    this.cursor = -1;
    /** @type {{bounds: number[], counts: number[][]} | undefined} of the map that this one was placed into */
    this.density = this.table.described.get("projection/" + name)?.density;
    this.camera.fit(points, this.density?.bounds);
    this.overlay.place(this);
    this.draw();
  }

  /** @param {import("./colors.js").Coloring} coloring */
  color(coloring) {
    this.coloring = coloring;
    this.draw();
  }

  /** @param {Uint8Array | null} selected 1 for each selected row; null: all are */
  select(selected) {
    this.emphasized = null;
    this.selected = selected;
    this.present = selected && classesOf(selected, this.table);
    this.draw();
  }

  /** @param {Uint8Array | null} rows 1 for those that stand out for a while; null: the selected ones */
  emphasize(rows) {
    this.emphasized = rows;
    this.draw();
  }

  /** @param {number} row -1: none */
  mark(row) {
    this.active = row;
    this.overlay.draw(this);
  }

  resize() {
    const { clientWidth, clientHeight } = this.box;
    if (!clientWidth) return; // Its page is not shown.
    this.ratio = window.devicePixelRatio || 1;
    this.raster.resize(Math.round(clientWidth * this.ratio), Math.round(clientHeight * this.ratio));
    this.camera.resize(clientWidth, clientHeight);
    this.draw();
  }

  /** Draw in the next frame, once, however often it is called before. */
  drawSoon() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.box.clientWidth) return;
    this.paint(this.raster, this.ratio);
    // When all maps are painted: painting asks for styles, and each change of the page recomputes them.
    queueMicrotask(() => this.overlay.draw(this));
  }

  /** Draw the points. @param {Raster} raster @param {number} ratio its pixels for each CSS pixel */
  paint(raster, ratio) {
    const style = getComputedStyle(this.box);
    const { ordered, order, coloring } = this;
    const selected = this.emphasized ?? this.selected;
    const camera = this.camera.transform(ratio);
    const size = this.pointSize() * ratio;
    raster.clear(pixelOf(style.getPropertyValue("--map-ground")));
    if (ordered.length) {
      if (selected) {
        const dimmed = [pixelOf(style.getPropertyValue("--map-dimmed"))];
        raster.draw(ordered, order, camera, size, dimmed, null, selected, 0);
      }
      raster.draw(ordered, order, camera, size, coloring.palette, coloring.index, selected, 1);
    }
    raster.show();
  }

  /** The diameter of a point in CSS pixels: smaller the more there are, larger in a large map and when zoomed in. */
  pointSize() {
    const count = this.points.length / 2;
    const size = count <= 400 ? 8 : count <= 3000 ? 6 : count <= 30_000 ? 3.2 : count <= 200_000 ? 2 : 1;
    const large = Math.sqrt(Math.max(1, Math.min(3, Math.min(this.camera.width, this.camera.height) / 280)));
    return Math.min(14, size * large * Math.max(1, this.camera.zoom) ** 0.4);
  }

  reset() {
    this.camera.reset();
    this.draw();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("pointerleave", () => this.actions.leave());
    canvas.addEventListener("dblclick", () => this.actions.clear());
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => {
      this.cursor = -1;
      this.overlay.draw(this);
      this.actions.leave();
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 20 : 1;
      this.camera.zoomAt(event.offsetX, event.offsetY, Math.exp(-event.deltaY * lines * 0.0015));
      this.actions.leave();
      this.drawSoon();
    }, { passive: false });
  }

  press(event) {
    if (event.button > 1) return;
    this.canvas.setPointerCapture(event.pointerId);
    const mode = event.button === 1 ? "pan" : this.mode;
    const op = event.shiftKey ? (event.altKey ? "intersect" : "add") : event.altKey ? "subtract" : null;
    this.drag = { mode, op, path: [[event.offsetX, event.offsetY]], moved: 0 };
  }

  move(event) {
    const here = [event.offsetX, event.offsetY];
    const { drag } = this;
    if (!drag) {
      const row = nearestRow(this.points, this.camera, here[0], here[1], REACH);
      this.canvas.classList.toggle("over", row >= 0);
      if (row >= 0) this.actions.hover(row, event.clientX, event.clientY);
      else this.actions.leave();
      return;
    }
    this.actions.leave();
    const last = drag.path.at(-1);
    const step = Math.hypot(here[0] - last[0], here[1] - last[1]);
    if (drag.mode === "pan") {
      this.camera.pan(here[0] - last[0], here[1] - last[1]);
      drag.path = [here];
      this.drawSoon();
    } else if (drag.mode === "box") {
      const [left, top] = drag.path[0];
      drag.path = [[left, top], [here[0], top], here, [left, here[1]]];
    } else if (step >= 2) drag.path.push(here);
    else return;
    drag.moved += step;
    this.overlay.outline(drag.mode === "pan" ? [] : drag.path);
  }

  release(event) {
    const { drag } = this;
    this.cancel();
    if (!drag || event.button > 1) return;
    if (drag.moved < STILL) {
      const row = nearestRow(this.points, this.camera, event.offsetX, event.offsetY, REACH);
      if (row >= 0) this.actions.open(row);
    } else if (drag.mode !== "pan" && drag.path.length > 2) {
      // Rounded here, so that the server reads the very same polygon.
      const corners = drag.path.map(([x, y]) => this.camera.toData(x, y).map(rounded));
      this.actions.lasso(corners, drag.op);
    }
  }

  cancel() {
    this.drag = null;
    this.overlay.outline([]);
  }

  key(event) {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key in ARROWS) this.step(...ARROWS[key]);
    else if (key === "Enter" && this.cursor >= 0) this.actions.open(this.cursor);
    else if (key === "Escape" && this.drag) this.cancel();
    else if (key === "+" || key === "-") {
      const at = this.cursor >= 0 ? this.place(this.cursor) : this.camera.middle;
      this.camera.zoomAt(at[0], at[1], key === "+" ? 1.5 : 1 / 1.5);
      this.draw();
    } else if (key === "0") this.reset();
    else return;
    event.preventDefault();
    // Other keys of the page are not meant.
    event.stopPropagation();
  }

  /** Move the cursor to the next point in a direction; first to the active or the middlemost one. */
  step(right, up) {
    const next =
      this.cursor >= 0
        ? nextRow(this.points, this.cursor, right, up, this.selected)
        : this.active >= 0
          ? this.active
          : nearestRow(this.points, this.camera, this.camera.width / 2, this.camera.height / 2, 1e9);
    if (next < 0) return;
    this.cursor = next;
    const [left, top] = this.place(next);
    if (left < 0 || top < 0 || left > this.camera.width || top > this.camera.height) {
      this.camera.pan(this.camera.width / 2 - left, this.camera.height / 2 - top);
      this.draw();
    } else this.overlay.draw(this);
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = this.place(next);
    this.actions.hover(next, box.left + x, box.top + y);
    this.actions.focus(next);
  }

  /** @param {number} row @returns {[number, number]} CSS pixels in the panel */
  place(row) {
    return this.camera.toScreen(this.points[2 * row], this.points[2 * row + 1]);
  }
}

/** @returns {Uint8Array} 1 for each class that has a selected row */
function classesOf(selected, table) {
  const result = new Uint8Array(table.classNames.length);
  const labels = table.column("label");
  for (let row = 0; row < selected.length; row++) result[labels[row]] |= selected[row];
  return result;
}

/** @returns {Float32Array} x and y of rows in an order */
function inOrder(points, order) {
  const result = new Float32Array(points.length);
  for (let k = 0; k < order.length; k++) {
    result[2 * k] = points[2 * order[k]];
    result[2 * k + 1] = points[2 * order[k] + 1];
  }
  return result;
}

/** Nine digits are as many as float32 has; more would only make links longer. */
function rounded(value) {
  return Number(value.toPrecision(9));
}
