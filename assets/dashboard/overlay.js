/** What is drawn over the points: contours, the lasso, rings, names of classes. */

import { contours, contoursOfBins } from "./contours.js";
import { densestPlaces } from "./labels.js";

const SPACE = "http://www.w3.org/2000/svg";

export class Overlay {
  constructor() {
    this.svg = shape("svg", { "aria-hidden": "true" });
    this.names = shape("g", { class: "names" });
    this.ring = shape("circle", { class: "ring", r: 9 });
    this.cursor = shape("circle", { class: "cursor", r: 9 });
    this.path = shape("polygon", { class: "lasso" });
    // The lines, and under them wider ones of the ground.
    this.lines = ["under", "over"].map((name) => shape("path", { class: `contours ${name}` }));
    this.reference = shape("path", { class: "contours reference" });
    this.contoured = false;
    this.waiting = 0;
    this.svg.append(this.reference, ...this.lines, this.names, this.ring, this.cursor, this.path);
    this.places = [];
    this.named = true;
  }

  /** @param {[number, number][]} path in CSS pixels; empty: none */
  outline(path) {
    this.path.setAttribute("points", path.map((corner) => corner.join(",")).join(" "));
  }

  /** Find where the classes of a map lie. @param {import("./panel.js").MapPanel} panel */
  place(panel) {
    const { table } = panel;
    this.reference.setAttribute("d", panel.density ? contoursOfBins(panel.density.counts) : "");
    this.places = densestPlaces(panel.points, table.column("label"), table.classNames.length, panel.camera.bounds);
  }

  placeReference({ bounds: [left, right, bottom, top], counts }, camera) {
    const [x, y] = camera.toScreen(left, bottom);
    const across = (camera.scale * (right - left)) / counts[0].length;
    const up = (camera.scale * (top - bottom)) / counts.length;
    this.reference.setAttribute("transform", `matrix(${across} 0 0 ${-up} ${x} ${y})`);
  }

  /** Move the contours with the map; when it rests, or shows other points, find them again. */
  contour(panel) {
    const { camera, points, selected } = panel;
    const now = [this.contoured, points, selected, camera.scale, ...camera.centre, camera.width, camera.height];
    if (this.drawn?.every((value, i) => value === now[i])) return;
    clearTimeout(this.waiting);
    if (!this.contoured || this.drawn?.[1] !== points) this.outlines("", now);
    if (!this.contoured) return;
    const [, , , scale, x, y] = this.drawn;
    const [left, top] = camera.toScreen(x, y);
    const zoom = camera.scale / scale;
    const move = `translate(${left} ${top}) scale(${zoom}) translate(${-this.middle[0]} ${-this.middle[1]})`;
    for (const line of this.lines) line.setAttribute("transform", move);
    this.waiting = setTimeout(() => {
      this.outlines(contours(points, selected, camera), now);
      this.middle = camera.middle;
    }, 60);
  }

  outlines(path, drawn) {
    this.drawn = drawn;
    this.middle ??= [0, 0];
    for (const line of this.lines) {
      line.setAttribute("d", path);
      line.removeAttribute("transform");
    }
  }

  /** @param {import("./panel.js").MapPanel} panel */
  draw(panel) {
    this.contour(panel);
    if (panel.density) this.placeReference(panel.density, panel.camera);
    this.mark(this.ring, panel, panel.active);
    this.mark(this.cursor, panel, panel.cursor);
    const taken = [];
    const shown = [];
    for (const place of this.named ? this.places : []) {
      const [x, y] = panel.camera.toScreen(place.x, place.y);
      const text = panel.table.classNames[place.label];
      // About how wide the text is; measuring each would cost more than it gains.
      const half = text.length * 2.9 + 3;
      if (x < half || y < 40 || x > panel.camera.width - half || y > panel.camera.height - 8) continue;
      if (taken.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < 13)) continue;
      taken.push({ x, y, half });
      const name = shape("text", { x, y: y + 3.5 });
      name.textContent = text;
      if (panel.present && !panel.present[place.label]) name.setAttribute("class", "absent");
      shown.push(name);
    }
    this.names.replaceChildren(...shown);
  }

  mark(circle, panel, row) {
    const hidden = row < 0 || row >= panel.points.length / 2;
    circle.toggleAttribute("hidden", hidden);
    if (hidden) return;
    const [x, y] = panel.place(row);
    circle.setAttribute("cx", x);
    circle.setAttribute("cy", y);
  }
}

function shape(tag, attributes) {
  const result = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) result.setAttribute(name, value);
  return result;
}
