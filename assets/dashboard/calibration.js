/** Tables of the page Calibration; see `workbench/dashboard/pages/calibration.py`. */

import { setNumbers } from "./downloads.js";
import { element, number, text } from "./elements.js";
import { fill, interval, share } from "./states.js";

const percent = (value) => `${(100 * value).toFixed(1)} %`;
const nats = (value) => value.toFixed(3);
/** Key, title, explanation, and how its number is written. */
const MEASURES = [
  ["confidence", "mean confidence", "Mean probability of the predicted class", percent],
  ["ece", "calibration error", "Expected calibration error: mean over the bins of |confidence − accuracy|; greater than 0 even for a perfect model", percent],
  ["ece_bias", "  of a perfect model", "What the expected calibration error is on average for a perfectly calibrated model: about the most that it is too large by", percent],
  ["rms", "root mean square", "Root of the mean square of the same differences without that bias (Kumar, Liang and Ma 2019); its interval, a bootstrap's, is computed for all locations alone", percent],
  ["nll", "log loss", "Mean negative log probability of the true class, nats", nats],
  ["brier", "Brier score", "Mean sum of the squared errors of all probabilities, in [0, 2]", nats],
];

/** @param {any} numbers of the selection */
export function showCalibration(numbers) {
  showNumbers(numbers);
  showConfidences(numbers);
}

function showNumbers({ calibration_n: n, total, accuracy, before, after, temperature, message }) {
  const parts = { before, ...(after && { after }) };
  const titles = ["", ...Object.keys(parts)];
  const lines = [];
  const rows = [];
  if (before) {
    lines.push(element("tr", {}, text("th", "accuracy", { scope: "row" }), element("td", { colSpan: 2 }, ...interval(accuracy, percent).childNodes)));
    for (const [key, title, words, write] of MEASURES) {
      const numbers = Object.values(parts).map((one) => one[key]);
      const cells = numbers.map((one) => interval(typeof one === "number" ? { value: one, low: null, high: null } : one, write));
      lines.push(element("tr", { title: words }, text("th", title, { scope: "row" }), ...cells));
    }
    for (const [when, one] of Object.entries(parts)) {
      for (const [key] of MEASURES) {
        const found = typeof one[key] === "number" ? [one[key], null, null] : [one[key].value, one[key].low, one[key].high];
        rows.push([when, key, n, ...found]);
      }
    }
  }
  const heads = titles.map((title) => text("th", title, { scope: "col" }));
  const box = fill("calibration-numbers", `n = ${number(n)} of ${number(total)}`, heads, lines, "No location is selected.");
  const words = message || (temperature ? temperatureText(temperature) : "");
  box.append(text("p", words, { class: "hint" }));
  setNumbers(box, ["temperature_scaling", "measure", "n", "value", "low", "high"], rows);
}

function temperatureText({ fitted_on: fitted, n_fitted: n, temperatures }) {
  const values = temperatures.map((one) => one.toFixed(2));
  if (fitted === "validation") return `Temperature ${values[0]}, fitted on ${number(n)} validation locations.`;
  return `Temperatures ${values.join(" and ")}: there are no validation locations, so each half of the ${number(n)} locations uses the temperature fitted on the other half.`;
}

function showConfidences({ right, wrong }) {
  const parts = Object.entries({ right, wrong });
  const lines = parts.filter(([, one]) => one.n).map(([name, one]) => {
    const { value, low, high } = one.confidence;
    const cell = low === null ? text("td", percent(value)) : share(value, low, high);
    return element("tr", { title: `Mean confidence of ${number(one.n)} ${name} locations` }, text("th", name, { scope: "row", class: name === "right" ? "correct" : "wrong" }), text("td", number(one.n)), cell);
  });
  const heads = ["", "n", "mean confidence"].map((title) => text("th", title, { scope: "col" }));
  const box = fill("calibration-confidence", "95 % intervals", heads, lines, "No location is selected.");
  setNumbers(box, ["outcome", "n", "mean_confidence", "low", "high"], parts.map(([name, one]) => [name, one.n, one.confidence.value, one.confidence.low, one.confidence.high]));
}
