/**
 * Histograms of the columns of numbers: all locations pale, the selected ones in colour. A drag
 * narrows the selection to a range, which two handles move.
 *
 * Heights are square roots of counts, so that a few locations among many are seen.
 */

import { binsOf, countBins, limits, places, span, UNKNOWN } from "./bins.js";
import { element } from "./elements.js";
import { count, members, narrowedTo, narrowing } from "./selection.js";
import { numberText } from "./words.js";

/** These come first. */
const FIRST = ["confidence", "margin", "kilometers", "year", "entropy", "rank"];
/** A shorter way with the pointer is a click. */
const DRAG = 3;
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {HTMLElement | null} box that they fill
 * @param {import("./table.js").Table} table
 * @param {{select: (steps: any) => void, preview: (steps: any) => void, current: () => any}} actions
 * @param {{columns?: string[], correct?: Uint8Array}} [only] some columns; with `correct` right
 *   locations stand above and wrong ones below
 * @returns {(steps: any, selected: Uint8Array | null) => void} shows a selection
 */
export function connectHistograms(box, table, actions, { columns, correct } = {}) {
  const known = table.manifest.columns.filter((one) => one.dtype === "float32" && "diverges" in one);
  const order = (name) => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1);
  const sorted = [...known].filter(({ name }) => (columns ? columns.includes(name) : !name.startsWith("projection/")));
  sorted.sort((a, b) => order(a.name) - order(b.name));
  const histograms = sorted.map((about) => new Histogram(about, table, actions, correct));
  box.replaceChildren(...histograms.map((one) => one.box));
  let shown = [null, null];
  // A column is loaded when its histogram is on the screen.
  const watcher = new IntersectionObserver(async (entries) => {
    for (const { target, isIntersecting } of entries) {
      const histogram = histograms.find((one) => one.box === target);
      if (!isIntersecting || histogram.bins) continue;
      await histogram.load();
      histogram.show(...shown);
    }
  });
  for (const { box } of histograms) watcher.observe(box);
  return (steps, selected) => {
    shown = [steps, selected];
    for (const histogram of histograms) histogram.show(steps, selected);
  };
}

class Histogram {
  constructor(about, table, actions, correct) {
    Object.assign(this, { about, table, actions, correct, bins: null, range: [0, 1], dragged: null });
    this.groups = correct ? ["right", "wrong"] : [""];
    const { unit, title } = about;
    this.words = (value) => numberText(value, unit);
    this.note = element("span", { class: "status" });
    this.clear = element(
      "button",
      { class: "clear", type: "button", "aria-label": `Remove the range of ${title}`, click: () => this.commit(0, this.bins.count) },
      "×"
    );
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("aria-hidden", "true");
    this.drawing = drawing;
    [this.allBars, this.bars] = ["all", "selected"].map((kind) =>
      this.groups.map((group) => {
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("class", `${kind} ${group}`.trim());
        drawing.append(path);
        return path;
      })
    );
    this.brush = element("div", { class: "brush" });
    this.handles = ["from", "to"].map((side, i) =>
      element("span", {
        class: `handle ${side}`,
        tabIndex: 0,
        role: "slider",
        "aria-label": `${title} ${side}`,
        "aria-valuenow": "0",
        keydown: (event) => this.key(event, i),
      })
    );
    this.plot = element("div", { class: "histogram-plot" }, drawing, this.brush, ...this.handles);
    this.axis = element("div", { class: "histogram-axis" });
    const name = element("span", { class: "name", title }, title);
    const head = element("div", { class: "histogram-head" }, name, this.note, this.clear);
    this.box = element("section", { class: "histogram", "aria-label": title }, head, this.plot, this.axis);
    this.box.dataset.column = about.name;
    this.box.histogram = this;
    this.listen();
  }

  async load() {
    await this.table.need([this.about.name]);
    const values = this.table.column(this.about.name);
    this.bins = binsOf(values, this.about.min, this.about.max);
    this.bin = places(this.bins, values);
    this.all = this.countGroups(null);
    this.top = Math.max(1, ...this.all.flatMap((counts) => [...counts.subarray(0, this.bins.count)]));
    this.drawing.setAttribute("viewBox", `0 0 ${this.bins.count} ${this.groups.length}`);
    this.draw(this.allBars, this.all);
    const inset = this.bins.whole ? 0.5 : 0;
    const { first, width, count } = this.bins;
    // Whole numbers end at the greatest, other bins at their last edge.
    const ends = [first + inset, this.bins.whole ? this.about.max : first + count * width];
    this.axis.replaceChildren(...ends.map((value) => element("span", {}, this.words(value))));
  }

  /** @returns {Uint32Array[]} the numbers of selected locations in each bin, by group */
  countGroups(selected) {
    if (!this.correct) return [countBins(this.bin, selected)];
    const rows = [1, 0].map((right) => this.correct.map((one, i) => Number(one === right && (!selected || selected[i]))));
    return rows.map((members) => countBins(this.bin, members));
  }

  /** @returns {string[]} the names of what `rows` holds */
  get names() {
    return ["column", "from", "to", ...["all", "selected"].flatMap((kind) => this.groups.map((group) => [kind, group].filter(Boolean).join("_")))];
  }

  /** @returns {(string | number)[][]} column, from, to, number in all and in the selection, of each bin */
  rows() {
    const { first, width, count } = this.bins;
    return Array.from({ length: count }, (_, i) => {
      const ends = [first + i * width, first + (i + 1) * width].map((end) => Number(end.toPrecision(12)));
      return [this.about.name, ...ends, ...[...this.all, ...this.counts].map((counts) => counts[i])];
    });
  }

  /** The second group hangs below the first. */
  draw(bars, groups) {
    const gap = 0.12;
    groups.forEach((counts, group) => {
      const parts = [];
      for (let i = 0; i < this.bins.count; i++) {
        const height = Math.sqrt(counts[i] / this.top);
        if (counts[i]) parts.push(`M${i + gap / 2} 1V${group ? 1 + height : 1 - height}h${1 - gap}V1z`);
      }
      bars[group].setAttribute("d", parts.join(""));
    });
  }

  show(steps, selected) {
    if (!this.bins) return;
    this.counts = selected ? this.countGroups(selected) : this.all;
    this.draw(this.bars, this.counts);
    if (this.dragged) return;
    const filter = narrowing(steps, (one) => this.concerns(one))?.filter;
    this.place(...span(this.bins, filter || { min: null, max: null }), filter);
  }

  concerns(filter) {
    return filter.kind === "range" && filter.column === this.about.name;
  }

  /** Draw the range, from and to in bins. */
  place(from, to, filter) {
    this.range = [from, to];
    const { count } = this.bins;
    this.box.classList.toggle("filtered", Boolean(filter));
    this.clear.hidden = !filter;
    this.brush.style.left = `${(100 * from) / count}%`;
    this.brush.style.right = `${100 - (100 * to) / count}%`;
    const { min, max } = filter || { min: null, max: null };
    const ends = [min ?? this.about.min, max ?? this.about.max];
    [from, to].forEach((place, i) => {
      const handle = this.handles[i];
      handle.style.left = `${(100 * place) / count}%`;
      handle.setAttribute("aria-valuemin", decimal(this.about.min));
      handle.setAttribute("aria-valuemax", decimal(this.about.max));
      handle.setAttribute("aria-valuenow", decimal(ends[i]));
      handle.setAttribute("aria-valuetext", this.words(ends[i]));
    });
    this.rangeText = filter ? `${this.words(ends[0])} to ${this.words(ends[1])}` : "";
    this.describe(null);
  }

  /** What stands beside the title: the bin under the pointer, else the range. */
  describe(bin) {
    const number = (value) => value.toLocaleString("en");
    const unknown = this.all.reduce((total, counts) => total + counts[UNKNOWN], 0);
    let text = this.rangeText || (unknown ? `${number(unknown)} unknown` : "");
    if (bin !== null) {
      const { first, width, whole } = this.bins;
      const inset = whole ? 0.5 : 0;
      const [low, high] = [first + bin * width + inset, first + (bin + 1) * width - inset];
      const values = low === high ? this.words(low) : `${this.words(low)} to ${this.words(high)}`;
      const counts = this.groups.map((group, i) => `${group} ${number(this.counts[i][bin])} of ${number(this.all[i][bin])}`.trim());
      text = `${values}: ${counts.join(", ")}`;
    }
    this.note.textContent = this.note.title = text;
  }

  stepsFor(from, to) {
    const bounds = limits(this.bins, from, to);
    const whole = bounds.min === null && bounds.max === null;
    const filter = whole ? null : { kind: "range", column: this.about.name, ...bounds };
    return [narrowedTo(this.actions.current(), (one) => this.concerns(one), filter), filter];
  }

  commit(from, to) {
    const [steps, filter] = this.stepsFor(from, to);
    // Bins without any location change nothing.
    if (filter && !count(members(filter, this.table))) this.actions.preview(this.actions.current());
    else this.actions.select(steps);
  }

  listen() {
    const plot = this.plot;
    const at = (event) => {
      const box = plot.getBoundingClientRect();
      return Math.max(0, Math.min(this.bins.count, ((event.clientX - box.x) / box.width) * this.bins.count));
    };
    plot.addEventListener("pointerdown", (event) => {
      if (!this.bins || event.button) return;
      const side = this.handles.indexOf(event.target);
      const [from, to] = this.range;
      const fixed = side === 0 ? to : side === 1 ? from : at(event);
      this.dragged = { fixed, side, x: event.clientX, moved: false };
      plot.setPointerCapture(event.pointerId);
    });
    plot.addEventListener("pointermove", (event) => {
      if (!this.bins) return;
      const place = at(event);
      if (!this.dragged) {
        this.describe(Math.min(this.bins.count - 1, Math.floor(place)));
        return;
      }
      this.dragged.moved ||= Math.abs(event.clientX - this.dragged.x) >= DRAG;
      if (this.dragged.moved) this.drag(place);
    });
    plot.addEventListener("pointerleave", () => this.bins && !this.dragged && this.describe(null));
    plot.addEventListener("pointerup", (event) => {
      if (!this.dragged) return;
      const { side, moved } = this.dragged;
      const [from, to] = moved ? this.between(at(event)) : [Math.floor(at(event)), Math.floor(at(event)) + 1];
      this.stop();
      if (moved || side === -1) this.commit(from, Math.min(to, this.bins.count));
    });
    plot.addEventListener("pointercancel", () => this.cancel());
    // A drag does not move the focus here, so that the key may go to anything on the page.
    const escape = (event) => {
      if (event.key !== "Escape" || !this.dragged) return;
      this.cancel();
      event.preventDefault(); // The selection stays.
    };
    document.addEventListener("keydown", escape, { capture: true });
  }

  /** @returns {[number, number]} whole bins from where the drag began to a place, at least one */
  between(place) {
    const { fixed, side } = this.dragged;
    const [low, high] = [Math.min(fixed, place), Math.max(fixed, place)];
    // A handle leaves the other end where it is, also between two bins.
    const from = side === 1 && fixed === low ? low : Math.round(low);
    const to = side === 0 && fixed === high ? high : Math.round(high);
    return to > from ? [from, to] : [Math.min(Math.floor(low), this.bins.count - 1), Math.floor(low) + 1];
  }

  drag(place) {
    const [from, to] = this.between(place);
    const [steps, filter] = this.stepsFor(from, to);
    this.place(from, to, filter && { min: filter.min, max: filter.max });
    this.waiting = steps;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.actions.preview(this.waiting);
    });
  }

  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.dragged = null;
  }

  cancel() {
    this.stop();
    this.actions.preview(this.actions.current());
  }

  /** Arrows move an end of the range by a bin, Page Up and Down by five; Delete takes it away. */
  key(event, side) {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
    if (!this.bins || event.ctrlKey || event.metaKey || event.altKey) return;
    const ends = [...this.range];
    const { count } = this.bins;
    if (step) {
      const next = step < 0 ? Math.ceil(ends[side]) + step : Math.floor(ends[side]) + step;
      ends[side] = side ? Math.max(ends[0] + 1, Math.min(count, next)) : Math.min(ends[1] - 1, Math.max(0, next));
    } else if (event.key === "Home") ends[side] = side ? ends[0] + 1 : 0;
    else if (event.key === "End") ends[side] = side ? count : ends[1] - 1;
    else if (event.key === "Delete" || event.key === "Backspace") [ends[0], ends[1]] = [0, count];
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (String(ends) !== String(this.range)) this.commit(ends[0], ends[1]);
  }
}

/** A number without an exponent, which ARIA does not know. */
function decimal(value) {
  return String(Number(value.toFixed(6)));
}
