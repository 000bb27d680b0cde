/** The tables of the overview; see `workbench/dashboard/pages/overview.py`. */

import { setNumbers } from "./downloads.js";
import { element, number, text } from "./elements.js";
import { className, fill, share } from "./states.js";
import { numberText } from "./words.js";

/**
 * @param {any} numbers of the selection and of all locations @param {import("./table.js").Table} table
 * @param {(name: string, join: boolean) => void} narrow to a class
 */
export function showOverview(numbers, table, narrow) {
  showAccuracy(numbers);
  showClasses(numbers, table, narrow);
  showConfusions(numbers);
}

function showAccuracy({ selected, all }) {
  const parts = selected.n === all.n ? { all } : { selected, all };
  const heads = ["", ...Object.keys(parts).map((name) => ({ selected: "selection", all: "all locations" })[name])];
  const line = (title, cell) =>
    element("tr", {}, text("th", title, { scope: "row" }), ...Object.values(parts).map((part) => cell(part)));
  const accuracy = (name) => (part) => share(part[name].value, part[name].low, part[name].high);
  const lines = [line("top-1", accuracy("top_1")), line("top-5", accuracy("top_5"))];
  const known = "kilometers" in all;
  if (known) lines.push(line("km off, wrong", (part) => kilometers(part.kilometers)));
  const status = `${number(selected.n)} of ${number(all.n)} locations; 95 % intervals`;
  const box = fill("overview-accuracy", status, heads.map((title) => text("th", title, { scope: "col" })), lines, "");
  const rows = Object.entries(parts).flatMap(([name, part]) => [
    ...["top_1", "top_5"].map((one) => [name, part.n, one, part[one].value, part[one].low, part[one].high]),
    ...(known ? [[name, part.kilometers.n, "median_kilometers_when_wrong", part.kilometers.value, part.kilometers.low, part.kilometers.high]] : []),
  ]);
  setNumbers(box, ["of", "n", "measure", "value", "low", "high"], rows);
}

function kilometers({ n, value, low, high }) {
  if (!n) return text("td", "no errors");
  const words = (km) => numberText(Number(km.toPrecision(3)), "km");
  const title = `Median of the ${number(n)} wrong locations, to the centre of the predicted class, and its 95 % interval`;
  const ends = low === null ? "–" : `${words(low)} to ${words(high)}`;
  return element("td", { title }, element("span", { class: "proportion" }, text("span", words(value)), text("span", ends, { class: "ends" })));
}

function showClasses({ classes }, table, narrow) {
  const about = new Map(table.manifest.classes.map((one) => [one.name, one]));
  const heads = ["class", "n", "recall"].map((title) => text("th", title, { scope: "col" }));
  const lines = classes.map((row) => {
    const button = className(about.get(row.class), { title: `${row.class}: narrow to it`, "aria-pressed": String(row.chosen) });
    const cells = [element("td", {}, button), text("td", number(row.n)), share(row.recall, row.recall_low, row.recall_high)];
    const click = (event) => narrow(row.class, event.ctrlKey || event.metaKey || event.shiftKey);
    return element("tr", { click }, ...cells);
  });
  const box = fill("overview-classes", `${number(classes.length)} of ${number(about.size)}`, heads, lines, "No location is selected.");
  const names = ["class", "n", "recall", "recall_low", "recall_high"];
  setNumbers(box, names, classes.map((row) => names.map((name) => row[name])));
}

function showConfusions({ confusions, confusions_status: status }) {
  const heads = ["true → predicted", "n", "share"].map((title) => text("th", title, { scope: "col" }));
  const lines = confusions.map((row) => {
    const words = `${row.true} → ${row.predicted}`;
    const title = `${words}: ${number(row.count)} locations, ${numberText(row.share, "share")} of ${row.true}`;
    const button = element("button", { type: "button", title, "aria-pressed": String(row.chosen) }, text("span", words));
    const cells = [element("td", {}, button), text("td", number(row.count)), text("td", `${(row.share * 100).toFixed(1)} %`)];
    return element("tr", { "data-true": row.true, "data-predicted": row.predicted, "data-ways": "one" }, ...cells);
  });
  const box = fill("overview-confusions", status, heads, lines, "No errors in the selection.");
  const names = ["true", "predicted", "count", "share"];
  setNumbers(box, names, confusions.map((row) => names.map((name) => row[name])));
}
