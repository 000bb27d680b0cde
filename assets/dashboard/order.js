/**
 * The order of the selected locations, in the gallery and for the keys left and right.
 * `workbench/dashboard/order.py` orders them in the same way on the server.
 */

/** @param {string} order @param {any} steps @returns {string[]} the columns that an order needs */
export function columnsOfOrder(order, steps) {
  const lasso = lastLasso(steps);
  return ["shuffled", order, ...(order === "lasso" && lasso ? ["projection/" + lasso.projection] : [])];
}

/**
 * Where a row stands among the selected ones, and which are before and after it.
 *
 * @param {import("./table.js").Table} table with the columns of `columnsOfOrder`
 * @param {any} steps @param {Uint8Array | null} selected null: all are
 * @param {{name: string, descending: boolean}} order @param {number} row -1: none
 * @returns {{position: number, total: number, previous: number, next: number}} position from 1, 0
 *   for a row that is not selected, whose next is the first and whose previous the last; rows, -1:
 *   none
 */
export function locate(table, steps, selected, order, row) {
  const ties = table.column("shuffled");
  const keys = keysOf(order.name, steps, table);
  const sign = order.descending ? -1 : 1;
  /** Less than 0 if a comes before b. */
  const compare = (a, b) => {
    if (!keys) return sign * (ties[a] - ties[b]);
    const difference = sign * (keys[a] - keys[b]);
    // A row without a number is the last; equal infinities have no difference.
    if (Number.isNaN(difference) && keys[a] !== keys[b]) {
      const unknown = Number(Number.isNaN(keys[a])) - Number(Number.isNaN(keys[b]));
      return unknown || ties[a] - ties[b];
    }
    return difference || ties[a] - ties[b];
  };
  const found = row >= 0 && (!selected || selected[row]);
  let [total, earlier, previous, next, first, last] = [0, 0, -1, -1, -1, -1];
  for (let i = 0; i < table.length; i++) {
    if (selected && !selected[i]) continue;
    total++;
    if (!found) {
      if (first < 0 || compare(i, first) < 0) first = i;
      if (last < 0 || compare(i, last) > 0) last = i;
    } else if (i !== row) {
      if (compare(i, row) < 0) {
        earlier++;
        if (previous < 0 || compare(i, previous) > 0) previous = i;
      } else if (next < 0 || compare(i, next) < 0) next = i;
    }
  }
  return found
    ? { position: earlier + 1, total, previous, next }
    : { position: 0, total, previous: last, next: first };
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
  return table.column(name) ?? null;
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
