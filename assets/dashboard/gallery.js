/** The gallery: the selected locations in their order, a page of cards or a table. */

import { showCards } from "./cards.js";
import { csv, single } from "./csv.js";
import { saveCsv } from "./downloads.js";
import { element } from "./elements.js";
import { LocationTable } from "./location_table.js";

/** Cards of a page. */
const PAGE = 60;
/** What the table shows besides classes until columns are chosen. */
const USUAL = ["confidence", "margin", "kilometers", "year"];

/**
 * @typedef {{
 *   order: {name: string, descending: boolean}, view: string, columns: string[], start: number
 * }} Options
 */

/** @param {import("./table.js").Table} table @param {any} chosen @returns {string[]} columns of the table */
export function tableColumns(table, chosen) {
  const known = new Set(numberColumns(table).map(({ name }) => name));
  return (Array.isArray(chosen) ? chosen : USUAL).filter((name) => known.has(name));
}

function numberColumns(table) {
  return table.manifest.columns.filter(({ dtype, length }) => dtype === "float32" && length === table.length);
}

/** @param {number} position from 0 @returns {number} where its page of cards begins */
export function pageOf(position) {
  return Math.floor(position / PAGE) * PAGE;
}

export class Gallery {
  /** @param {import("./table.js").Table} table */
  constructor(table) {
    this.table = table;
    this.rows = new Uint32Array();
    this.shown = null;
    this.byId = (id) => document.getElementById(id);
    this.locations = new LocationTable(this.byId("location-table"), table);
    this.byId("gallery-previous").addEventListener("click", () => this.turn(-PAGE));
    this.byId("gallery-next").addEventListener("click", () => this.turn(PAGE));
    this.byId("table-download").addEventListener("click", () => this.download());
    this.fillMenu();
  }

  /** @param {Uint32Array} rows in order @param {Options} options */
  show(rows, options) {
    const { view, columns, order } = options;
    Object.assign(this, { rows, options });
    const asTable = view === "table";
    document.querySelector("main").dataset.gallery = asTable ? "table" : "cards";
    for (const id of ["location-table", "table-download", "columns-menu"]) this.byId(id).hidden = !asTable;
    for (const id of ["gallery", "gallery-size", "gallery-previous", "gallery-next"]) this.byId(id).hidden = asTable;
    for (const box of this.boxes) box.checked = columns.includes(box.value);
    const number = (value) => value.toLocaleString("en");
    if (asTable) {
      this.byId("gallery-status").textContent = `${number(rows.length)} of ${number(this.table.length)} locations`;
      this.locations.show(rows, columns, order);
      return;
    }
    const start = Math.min(pageOf(options.start), pageOf(Math.max(0, rows.length - 1)));
    const end = Math.min(start + PAGE, rows.length);
    this.start = start;
    this.byId("gallery-previous").disabled = start === 0;
    this.byId("gallery-next").disabled = end === rows.length;
    this.byId("gallery-status").textContent = !rows.length
      ? "no location selected"
      : rows.length <= PAGE
        ? `showing all ${number(rows.length)}`
        : `showing ${number(start + 1)}–${number(end)} of ${number(rows.length)}`;
    const page = rows.subarray(start, end);
    const now = `${order.name} ${page.join()}`;
    if (now !== this.shown) showCards(page, order.name, this.table);
    this.shown = now;
  }

  turn(by) {
    dash_clientside.set_props("gallery-start", { data: this.start + by });
  }

  /** The menu of columns. */
  fillMenu() {
    this.boxes = numberColumns(this.table).map(({ name }) =>
      element("input", { type: "checkbox", value: name, change: () => this.choose() })
    );
    const labels = this.boxes.map((box) => element("label", {}, box, this.table.described.get(box.value).title));
    this.byId("columns-menu").append(element("div", { class: "choices" }, ...labels));
  }

  choose() {
    const chosen = new Set(this.boxes.filter((box) => box.checked).map((box) => box.value));
    const before = this.options.columns.filter((name) => chosen.has(name));
    dash_clientside.set_props("table-columns", { data: [...new Set([...before, ...chosen])] });
  }

  download() {
    const { table, rows } = this;
    const { columns } = this.options;
    const numbers = columns.map((name) => table.column(name));
    const [label, prediction] = [table.column("label"), table.column("prediction")];
    const line = (row) => [
      table.ids.at(row),
      table.classNames[label[row]],
      table.classNames[prediction[row]],
      Number(label[row] === prediction[row]),
      ...numbers.map((values) => single(values[row])),
    ];
    saveCsv(csv(["id", "true", "predicted", "correct", ...columns], Array.from(rows, line)), "locations.csv");
  }
}
