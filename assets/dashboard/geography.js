/** Map and tables of the page Geography; see `workbench/dashboard/pages/geography.py`. */

import { shadeText } from "./colors.js";
import { setNumbers } from "./downloads.js";
import { element, number, text } from "./elements.js";
import { fill, interval } from "./states.js";
import { endsText, numberText } from "./words.js";

/** A class predicted twice or half as often as it occurs has the full colour. */
const MOST_RATIO = 2;
const SIGNIFICANT = 0.05;
const EMPTY = "No location is selected.";

/**
 * @param {any} numbers of the selection @param {string} measure of the map, "recall" or "ratio"
 * @param {string} view of the table, "kilometers" or "area" @param {Table} table
 * @param {(name: string, join: boolean) => void} narrow to a state
 */
export function showGeography(numbers, measure, view, table, narrow) {
  showMap(numbers, measure, table, narrow);
  if (view === "area") showAreas(numbers);
  else showDistances(numbers);
  showMistakes(numbers);
}

/* ---- the map ---- */

function showMap({ states, states_n: n }, measure, table, narrow) {
  const map = document.getElementById("geography-map");
  if (!map) return;
  const scale = measure === "ratio" ? ratioScale(table) : recallScale(states, table);
  const focused = map.contains(document.activeElement) && document.activeElement.dataset.state;
  map.replaceChildren(key(scale), ...states.map((state) => tile(state, measure, scale, narrow)));
  if (focused) map.querySelector(`[data-state="${CSS.escape(focused)}"]`)?.focus();
  const words = measure === "ratio" ? `n = ${number(n)}; framed: p < ${SIGNIFICANT}` : `n = ${number(n)}`;
  document.getElementById("geography-map-status").textContent = words;
  const names = ["class", "n", "recall", "recall_low", "recall_high", "n_predicted", "predicted_per_true", "p_adjusted"];
  const row = (one) => [one.class, one.n, one.recall.value, one.recall.low, one.recall.high, one.n_predicted, one.ratio, one.p_adjusted];
  setNumbers(map, names, states.map(row));
}

/** Whole tens of per cent around what is shown. */
function recallScale(states, table) {
  const known = states.filter((one) => one.n).map((one) => one.recall.value);
  const low = Math.floor(10 * Math.min(1, ...known)) / 10;
  const high = Math.max(Math.ceil(10 * Math.max(0, ...known)) / 10, low + 0.1);
  return { colors: table.colors.scale, ends: [low, high].map((one) => numberText(one, "share")), title: "recall", place: (value) => (value - low) / (high - low) };
}

function ratioScale(table) {
  const place = (ratio) => 0.5 + 0.5 * Math.max(-1, Math.min(1, Math.log(ratio) / Math.log(MOST_RATIO)));
  return { colors: table.colors.diverging, ends: ["0.5×", "2×"], title: "predicted / true", place };
}

function key({ colors, ends, title }) {
  const ramp = element("span", { class: "ramp" });
  ramp.style.background = `linear-gradient(to right, ${colors.map(([place, color]) => `${color} ${100 * place}%`).join(", ")})`;
  return element("div", { class: "tiles-key" }, text("span", ends[0]), ramp, text("span", `${ends[1]} ${title}`));
}

function tile(state, measure, { colors, place }, narrow) {
  const { recall, ratio } = state;
  const value = measure === "ratio" ? ratio : recall.value;
  const shown = measure === "ratio" ? (value ?? 0).toFixed(value < 9.95 ? 1 : 0) + "×" : Math.round(100 * value);
  const button = element(
    "button",
    {
      type: "button", class: "tile", title: describe(state), "data-state": state.class, "aria-pressed": String(state.chosen),
      click: (event) => narrow(state.class, event.ctrlKey || event.metaKey || event.shiftKey),
    },
    text("span", state.code, { class: "code" }),
    text("span", value === null ? "–" : String(shown))
  );
  button.style.gridArea = `${state.row + 1} / ${state.column + 1}`;
  if (value !== null) {
    const color = shadeText(colors, place(value));
    button.style.background = color;
    button.style.color = inkOn(color);
    button.classList.toggle("framed", measure === "ratio" && state.p_adjusted < SIGNIFICANT);
  } else button.classList.add("empty");
  return button;
}

function describe({ class: name, n, recall, n_predicted: predicted, ratio, p_adjusted: p }) {
  if (!n) return `${name}\nn = 0, predicted ${number(predicted)} times`;
  const right = `recall ${percent(recall.value)} (95 % interval ${percent(recall.low)} to ${percent(recall.high)}), n = ${number(n)}`;
  return `${name}\n${right}\npredicted ${number(predicted)} times, ${numberText(ratio, "")} as often as it occurs (adjusted p ${numberText(p, "")})`;
}

/** Black or white, whichever is read better on a colour "#rrggbb". */
function inkOn(color) {
  const linear = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return luminance > 0.179 ? "#000000" : "#ffffff";
}

/* ---- tables ---- */

const percent = (value) => `${(100 * value).toFixed(1)} %`;
const km = (value) => `${number(Math.round(value))} km`;
/** Thousands of km². */
const land = (value) => number(Number((value / 1000).toPrecision(3)));
const whole = (value) => number(Math.round(value));
const points = (value) => `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(1)}`;

function heads(...titles) {
  return titles.map((title) => text("th", title, { scope: "col" }));
}

function name(title) {
  return text("th", title, { scope: "row" });
}

/** Two cells: a number, and the ends of its interval. */
function cells(one, write) {
  return [text("td", one.value === null ? "–" : write(one.value)), text("td", endsText(one, write), { class: "status" })];
}

function showDistances({ n, total, geography, missing }) {
  const { predicted, expected } = geography ?? {};
  const measures = !predicted ? [] : [
    ["median", "median_km", "Median distance to the centre of the predicted class", predicted.median, km],
    ["mean", "mean_km", "Mean distance to the centre of the predicted class", predicted.mean, km],
    ["expected", "expected_km", "Mean of the distances to all centres under the probabilities", expected.mean, km],
    ...predicted.within.map(({ kilometers: far, share: one }) => [`≤ ${km(far)}`, `within_${far}_km`, `Share of locations at most ${km(far)} off`, one, percent]),
    ["score", "score", "GeoGuessr score, of 5,000, on its map of the world", predicted.score, whole],
  ];
  const lines = measures.map(([title, , words, one, write]) => element("tr", { title: words }, name(title), ...cells(one, write)));
  const known = predicted?.n ?? 0;
  const status = `n = ${number(known)} of ${number(total)}`;
  const box = fill("geography-numbers", status, heads("", "value", "95 % interval"), lines, n ? missing[0] : EMPTY);
  setNumbers(box, ["measure", "n", "value", "low", "high"], measures.map(([, key, , one]) => [key, known, ...ends(one)]));
}

function showAreas({ n, total, recall_by_area: area, missing }) {
  const levels = area?.at_recall.map(({ area_km2: needed }, i) => ({ ...area.sets[i], needed })) ?? [];
  const lines = levels.map((one) => {
    const level = `${one.probability * 100} %`;
    const words = `${land(one.needed)} thousand km² of the most probable states hold the truth of ${level} of the locations. The most probable states until they hold ${level} of the probability`;
    return element("tr", { title: words }, name(level), text("td", land(one.needed)), interval(one.n_classes, (value) => value.toFixed(1)), interval(one.area_km2, land), interval(one.recall, percent));
  });
  const status = `n = ${number(area?.n ?? 0)} of ${number(total)}`;
  const box = fill("geography-numbers", status, heads("", "area to search", "states", "their area", "hold the truth"), lines, n ? missing.at(-1) : EMPTY);
  const words = "Areas in thousands of km². Area to search: of the most probable states, until they hold the truth of 50, 80, 95 % of the locations. States: the most probable ones until they hold so much of the probability.";
  if (lines.length) box.append(text("p", words, { class: "hint" }));
  const names = ["level", "n", "area_km2_at_recall", ...["n_classes", "area_km2", "recall"].flatMap((key) => [key, `${key}_low`, `${key}_high`])];
  setNumbers(box, names, levels.map((one) => [one.probability, area.n, one.needed, ...ends(one.n_classes), ...ends(one.area_km2), ...ends(one.recall)]));
}

const KINDS = [
  ["same_division", "in division", "Between states of one Census division"],
  ["neighbors", "neighbours", "Between states that share a border"],
  ["elsewhere", "elsewhere", "Neither in one division nor across a border"],
];

function showMistakes({ mistakes }) {
  const wrong = mistakes?.n_wrong ?? 0;
  const kinds = wrong ? KINDS : [];
  const lines = kinds.map(([kind, title, words]) => {
    const { count, share: one, chance } = mistakes[kind];
    const why = `${words}: ${number(count)} of ${number(wrong)} wrong predictions; by chance ${percent(chance)}`;
    return element("tr", { title: why }, name(title), text("td", number(count)), ...cells(one, percent), text("td", percent(chance)));
  });
  const empty = mistakes ? "No wrong prediction." : "Only available if all classes are US states.";
  const box = fill("geography-mistakes", `n = ${number(wrong)} wrong`, heads("", "n", "share", "95 % interval", "by chance"), lines, empty);
  const rows = kinds.map(([kind]) => [kind, mistakes[kind].count, ...ends(mistakes[kind].share), mistakes[kind].chance]);
  setNumbers(box, ["kind", "n", "share", "low", "high", "by_chance"], rows);
}

/** @param {{rows: any[], words: string} | null} ties null while they are being read */
export function showTies(ties) {
  if (!ties) return;
  const lines = ties.rows.filter((one) => one.n).map((one) =>
    element(
      "tr", { title: `${number(one.n)} locations: ${one.title}. Difference: accuracy minus that of the others of their class, percentage points` },
      name(one.title), text("td", number(one.n)), interval(one.accuracy, percent), interval(one.difference, points)
    )
  );
  const box = fill("geography-ties", "", heads("", "n", "accuracy", "difference"), lines, ties.words ? "" : "Not known.");
  box.append(text("p", ties.words, { class: "hint" }));
  const names = ["tie", "n", "accuracy", "accuracy_low", "accuracy_high", "difference", "difference_low", "difference_high"];
  setNumbers(box, names, ties.rows.map((one) => [one.tie, one.n, ...ends(one.accuracy), ...ends(one.difference)]));
}

function ends({ value, low, high }) {
  return [value, low, high];
}

/** @typedef {import("./table.js").Table} Table */
