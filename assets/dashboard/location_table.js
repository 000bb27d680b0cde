/**
 * The table of the selected locations. Only the rows in view are elements of the page; a click on a
 * head sets the order of the gallery.
 */

import { element } from "./elements.js";
import { description } from "./tooltip.js";
import { cellText } from "./words.js";

/** CSS pixels: heights of a row and of the head, and of the longest page that browsers scroll. */
const ROW = 22;
const HEAD = 22;
const TALLEST = 8_000_000;

export class LocationTable {
  /** @param {HTMLElement} box which scrolls @param {import("./table.js").Table} table */
  constructor(box, table) {
    Object.assign(this, { box, table, rows: new Uint32Array(), columns: [], order: null, active: -1, cursor: -1 });
    this.head = element("tr");
    this.body = element("tbody");
    this.sheet = element("table", {}, element("thead", {}, this.head), this.body);
    this.window = element("div", { class: "window" }, this.sheet);
    this.space = element("div", { class: "space" }, this.window);
    box.replaceChildren(this.space);
    box.addEventListener("scroll", () => this.drawSoon());
    box.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => this.drawSoon()).observe(box);
  }

  /** @param {Uint32Array} rows @param {string[]} columns @param {{name: string, descending: boolean}} order */
  show(rows, columns, order) {
    if (rows !== this.rows) {
      this.cursor = -1;
      this.box.scrollTop = 0;
    }
    Object.assign(this, { rows, columns, order });
    const heads = [["id", "Id"], ["label", "True"], ["prediction", "Predicted"], ["correct", "Right"]];
    heads.push(...columns.map((name) => [name, this.table.described.get(name).title]));
    const focused = document.activeElement?.closest(".location-table [data-sort]")?.dataset.sort;
    this.head.replaceChildren(...heads.map((one) => this.headCell(...one)));
    if (focused) this.head.querySelector(`[data-sort="${CSS.escape(focused)}"]`)?.focus();
    this.sheet.style.width = `${172 + 2 * 105 + 44 + columns.length * 84}px`;
    this.sheet.setAttribute("aria-rowcount", String(rows.length + 1));
    this.reveal(this.active);
    this.draw();
  }

  /** Mark the opened location. @param {number} row */
  mark(row) {
    if (row === this.active) return;
    this.active = row;
    this.reveal(row);
    this.drawSoon();
  }

  reveal(row) {
    const position = row < 0 ? -1 : this.rows.indexOf(row);
    if (position < 0 || !this.box.clientHeight) return;
    this.cursor = position;
    this.scrollTo(position);
  }

  /** Heights in CSS pixels: of the rows in view, of all, and of what is scrolled. */
  get heights() {
    const view = Math.max(ROW, this.box.clientHeight - HEAD);
    const all = Math.max(view, this.rows.length * ROW);
    return { view, all, scrolled: Math.max(view, Math.min(all, TALLEST)) };
  }

  get top() {
    const { view, all, scrolled } = this.heights;
    return scrolled > view ? (this.box.scrollTop / (scrolled - view)) * (all - view) : 0;
  }

  scrollTo(position) {
    const { view, all, scrolled } = this.heights;
    const { top } = this;
    let wanted = top;
    if (position * ROW < top) wanted = position * ROW;
    if ((position + 1) * ROW > top + view) wanted = (position + 1) * ROW - view;
    this.space.style.height = `${HEAD + scrolled}px`;
    if (wanted !== top) this.box.scrollTop = (wanted / (all - view)) * (scrolled - view);
  }

  drawSoon() {
    this.waiting ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    const { view, scrolled } = this.heights;
    this.space.style.height = `${HEAD + scrolled}px`;
    this.space.style.minWidth = this.sheet.style.width;
    this.window.style.height = `${HEAD + view}px`;
    const { top } = this;
    const first = Math.floor(top / ROW);
    const last = Math.min(this.rows.length, first + Math.ceil(view / ROW) + 1);
    this.body.style.transform = `translateY(${first * ROW - top}px)`;
    const lines = [];
    for (let position = first; position < last; position++) lines.push(this.line(position));
    this.body.replaceChildren(...lines);
  }

  line(position) {
    const { table } = this;
    const row = this.rows[position];
    const [label, prediction] = ["label", "prediction"].map((name) => table.column(name)[row]);
    const right = label === prediction;
    const names = [table.ids.at(row), table.classNames[label], table.classNames[prediction]];
    const numbers = this.columns.map((name) => {
      const value = table.column(name)[row];
      return element("td", {}, cellText(value, table.described.get(name).unit));
    });
    const classes = [row === this.active && "active", position === this.cursor && "cursor"].filter(Boolean).join(" ");
    return element(
      "tr",
      { class: classes, "data-location": names[0], "aria-rowindex": String(position + 2) },
      ...names.map((name) => element("td", { title: name }, name)),
      element("td", { class: right ? "correct" : "wrong", title: right ? "right" : "wrong" }, right ? "✓" : "✗"),
      ...numbers
    );
  }

  headCell(name, title) {
    const chosen = this.order.name === name;
    const { descending } = this.order;
    const direction = chosen ? (descending ? "down" : "up") : "";
    const button = element(
      "button",
      { type: "button", title, "data-sort": name, "data-direction": direction, "aria-pressed": String(chosen), click: () => this.sort(name) },
      title
    );
    const order = chosen ? (descending ? "descending" : "ascending") : "none";
    return element("th", { scope: "col", "aria-sort": order }, button);
  }

  sort(name) {
    const descending = this.order.name === name && !this.order.descending;
    dash_clientside.set_props("gallery-order", { value: name });
    dash_clientside.set_props("gallery-direction", { value: descending ? "descending" : "ascending" });
  }

  press(event) {
    if (event.target !== this.box || event.ctrlKey || event.metaKey || event.altKey || !this.rows.length) return;
    const page = Math.floor(this.heights.view / ROW);
    const last = this.rows.length - 1;
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in moves) {
      this.cursor = Math.max(0, Math.min(last, this.cursor + moves[event.key]));
      this.scrollTo(this.cursor);
      this.drawSoon();
      document.getElementById("map-live").textContent = description(this.table, this.rows[this.cursor]);
    } else if (event.key === "Enter" && this.cursor >= 0) {
      this.draw(); // The last key may not have been drawn yet.
      this.body.querySelector(".cursor")?.click();
    } else return;
    event.preventDefault();
  }
}
