/** Filters in words, for the chips of the selection bar. */

const LISTED = 3;

/** @param {import("./selection.js").Step} step @param {import("./table.js").Table} table */
export function stepText({ op, filter }, table) {
  const sign = { add: "or ", subtract: "not " }[op] || "";
  return sign + filterText(filter, table);
}

function filterText(filter, table) {
  switch (filter.kind) {
    case "lasso":
      return `lasso in ${titleOf("projection/" + filter.projection, table)}`;
    case "class":
      return (filter.of === "predicted" ? "predicted " : "") + listed(filter.names);
    case "cell":
      return `true ${listed(filter.true)}, predicted ${listed(filter.predicted)}`;
    case "correct":
      return filter.value ? "right" : "wrong";
    case "range":
      return rangeText(filter, table);
    case "ids":
      return `${filter.ids.length.toLocaleString("en")} ids`;
    case "nearest":
      return `${filter.ids.length} nearest to ${filter.id} by features`;
    case "search":
      return `“${filter.text}”`;
    case "group":
      return `set ${filter.name}`;
    case "all":
      return "inverted";
  }
  return filter.kind;
}

function rangeText({ column, min, max }, table) {
  const { unit = "" } = table.described.get(column) || {};
  const name = titleOf(column, table).toLowerCase();
  const value = (number) => numberText(number, unit);
  if (min === null) return `${name} ≤ ${value(max)}`;
  if (max === null) return `${name} ≥ ${value(min)}`;
  return `${name} ${value(min)} to ${value(max)}`;
}

/** @returns {string} a number of a column with its unit; a share is a percentage of some digits */
export function numberText(value, unit, digits = 3) {
  if (unit === "share") return `${Number((value * 100).toPrecision(digits))} %`;
  const short = Number(value.toPrecision(4)).toString().replaceAll("-", "−");
  return unit ? `${short} ${unit}` : short;
}

/** @returns {string} a number for a column of numbers below each other, "" where it is unknown */
export function cellText(value, unit) {
  if (Number.isNaN(value)) return "";
  if (unit === "share") return `${(value * 100).toFixed(1)} %`;
  return unit === "km" ? `${Math.round(value).toLocaleString("en")} km` : numberText(value, unit);
}

/** @returns {string} the ends of an interval without a unit, "" where they are not known */
export function endsText({ low, high }, write) {
  if (low === null || high === null) return "";
  return [low, high].map((end) => write(end).replace(/[^\d]+$/, "")).join(" to ");
}

function titleOf(name, table) {
  return table.described.get(name)?.title ?? name;
}

function listed(names) {
  if (names.length <= LISTED + 1) return names.join(", ");
  return `${names.slice(0, LISTED).join(", ")} and ${names.length - LISTED} more classes`;
}
