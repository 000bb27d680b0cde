/** The order of the selected locations, in the gallery and for the keys left and right. */

import { correct } from "./colors.js";

/** @param {string} order @param {any} steps @returns {string[]} the columns that an order needs */
export function columnsOfOrder(order, steps) {
  const lasso = lastLasso(steps);
  return ["shuffled", order, ...(order === "lasso" && lasso ? ["projection/" + lasso.projection] : [])];
}

/**
 * The selected rows in an order; equal ones in the random order, those without a number last.
 *
 * @param {import("./table.js").Table} table with the columns of `columnsOfOrder`
 * @param {any} steps @param {Uint8Array | null} selected null: all are
 * @param {{name: string, descending: boolean}} order "random", the name of a column, "correct", or
 *   "lasso", the distance from the last one; any other name is the random order
 * @returns {Uint32Array}
 */
export function ordered(table, steps, selected, { name, descending }) {
  const places = table.column("shuffled");
  const all = new Uint32Array(table.length);
  for (let row = 0; row < all.length; row++) all[places[row]] = row;
  const rows = selected ? all.filter((row) => selected[row]) : all;
  const keys = keysOf(name, steps, table);
  if (!keys) return descending ? rows.reverse() : rows;
  const known = rows.filter((row) => !Number.isNaN(keys[row]));
  const unknown = rows.filter((row) => Number.isNaN(keys[row]));
  // The sort is stable; equal infinities have the difference NaN, which counts as 0.
  known.sort(descending ? (a, b) => keys[b] - keys[a] : (a, b) => keys[a] - keys[b]);
  rows.set(known);
  rows.set(unknown, known.length);
  return rows;
}

/** @returns {ArrayLike<number> | null} the numbers by which to order; null for the random order */
function keysOf(name, steps, table) {
  const filter = steps?.length === 1 ? steps[0].filter : null;
  if (name === "random" && filter?.kind === "nearest") {
    const result = new Float64Array(table.length).fill(NaN);
    filter.ids.forEach((id, i) => {
      const row = table.ids.rowOf(id);
      if (row >= 0) result[row] = i;
    });
    return result;
  }
  if (name === "lasso") return distances(lastLasso(steps), table);
  if (name === "correct") return correct(table);
  if (name === "id") return idPlaces(table);
  return table.column(name) ?? null;
}

const places = new WeakMap();

/** @returns {Float64Array} the place of each row among the ids in alphabetical order */
function idPlaces(table) {
  if (!places.has(table)) {
    const ids = Array.from({ length: table.length }, (_, row) => table.ids.at(row));
    const rows = Uint32Array.from(ids, (_, row) => row).sort((a, b) => (ids[a] < ids[b] ? -1 : 1));
    const result = new Float64Array(table.length);
    rows.forEach((row, place) => (result[row] = place));
    places.set(table, result);
  }
  return places.get(table);
}

function lastLasso(steps) {
  return (steps || []).map((step) => step.filter).findLast((filter) => filter.kind === "lasso");
}

/** @returns {Float64Array | null} squared distances from the middle of a lasso's bounds */
function distances(lasso, table) {
  const points = lasso && table.column("projection/" + lasso.projection);
  if (!points || !lasso.polygon.length) return null;
  const middle = [0, 1].map((axis) => {
    const values = lasso.polygon.map((corner) => corner[axis]);
    const least = values.reduce((a, b) => Math.min(a, b));
    return (least + values.reduce((a, b) => Math.max(a, b))) / 2;
  });
  const result = new Float64Array(table.length);
  for (let i = 0; i < result.length; i++) {
    const [x, y] = [points[2 * i] - middle[0], points[2 * i + 1] - middle[1]];
    result[i] = x * x + y * y;
  }
  return result;
}
