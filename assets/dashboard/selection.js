/**
 * Selections: a list of steps, evaluated from left to right, begins with all locations.
 *
 * A step is {op, filter}; op is "replace", "add", "subtract", "intersect" or "invert", whose filter
 * is {kind: "all"}. Null and [] select everything. `workbench/evaluation/steps.py` evaluates the
 * same steps on the server.
 *
 * @typedef {{kind: string, [key: string]: any}} Filter
 * @typedef {{op: string, filter: Filter}} Step
 * @typedef {import("./table.js").Table} Table
 */

/** @param {Step[] | null} steps @param {Table} table @returns {string[]} the columns that they need */
export function columnsOf(steps, table) {
  const names = ["label", "prediction", "id"];
  for (const { filter } of steps || []) {
    if (filter.kind === "lasso") names.push("projection/" + filter.projection);
    if (filter.kind === "range") names.push(filter.column);
    if (filter.kind === "group") names.push(...columnsOf(filter.steps, table));
  }
  return names.filter((name) => table.has(name));
}

/**
 * @param {Step[] | null} steps @param {Table} table with the columns of `columnsOf`
 * @returns {Uint8Array} 1 for each selected row
 */
export function mask(steps, table) {
  const result = new Uint8Array(table.length).fill(1);
  for (const { op, filter } of steps || []) {
    const part = members(filter, table);
    if (op === "replace") result.set(part);
    else if (op === "add") for (let i = 0; i < part.length; i++) result[i] |= part[i];
    else if (op === "subtract") for (let i = 0; i < part.length; i++) result[i] &= 1 - part[i];
    else if (op === "intersect") for (let i = 0; i < part.length; i++) result[i] &= part[i];
    else if (op === "invert") for (let i = 0; i < part.length; i++) result[i] = 1 - result[i];
  }
  return result;
}

/** @param {Uint8Array} selected @returns {number} */
export function count(selected) {
  let total = 0;
  for (let i = 0; i < selected.length; i++) total += selected[i];
  return total;
}

/** @param {Filter} filter @param {Table} table @returns {Uint8Array} 1 for each row that it holds */
export function members(filter, table) {
  const result = new Uint8Array(table.length);
  switch (filter.kind) {
    case "lasso":
      inside(filter.polygon, table.column("projection/" + filter.projection), result);
      break;
    case "class":
      mark(result, table.column(filter.of === "predicted" ? "prediction" : "label"), indices(filter.names, table));
      break;
    case "cell": {
      const predicted = new Uint8Array(table.length);
      mark(result, table.column("label"), indices(filter.true, table));
      mark(predicted, table.column("prediction"), indices(filter.predicted, table));
      for (let i = 0; i < result.length; i++) result[i] &= predicted[i];
      break;
    }
    case "correct": {
      const [label, prediction] = [table.column("label"), table.column("prediction")];
      for (let i = 0; i < result.length; i++) {
        result[i] = Number((label[i] === prediction[i]) === filter.value);
      }
      break;
    }
    case "range":
      between(filter.min, filter.max, table.column(filter.column), result);
      break;
    case "ids":
    case "nearest":
      for (const row of table.ids.rowsOf(filter.ids)) result[row] = 1;
      break;
    case "search":
      search(filter.text, table, result);
      break;
    case "group":
      result.set(mask(filter.steps, table));
      break;
    case "all":
      result.fill(1);
  }
  return result;
}

/** Classes by name as a table: 1 at the index of each. */
function indices(names, table) {
  const wanted = new Uint8Array(table.classNames.length);
  for (const name of names) {
    const index = table.classNames.indexOf(name);
    if (index !== -1) wanted[index] = 1;
  }
  return wanted;
}

function mark(result, labels, wanted) {
  for (let i = 0; i < result.length; i++) result[i] = wanted[labels[i]];
}

function between(min, max, values, result) {
  if (!values) return;
  const low = min ?? -Infinity;
  const high = max ?? Infinity;
  // An unknown value, NaN, is in no range.
  for (let i = 0; i < result.length; i++) result[i] = Number(values[i] >= low && values[i] <= high);
}

/**
 * Mark the points inside a polygon, by the even-odd rule. An edge from a to b crosses the ray to the
 * right of a point if (a.y > y) differs from (b.y > y) and x is less than
 * (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x, in float64.
 */
export function inside(polygon, points, result) {
  if (!points || polygon.length < 3) return;
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of polygon) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    bottom = Math.min(bottom, y);
    top = Math.max(top, y);
  }
  const n = polygon.length;
  const px = Float64Array.from(polygon, (corner) => corner[0]);
  const py = Float64Array.from(polygon, (corner) => corner[1]);
  for (let i = 0; i < result.length; i++) {
    const x = points[2 * i];
    const y = points[2 * i + 1];
    if (!(x >= left && x <= right && y >= bottom && y <= top)) continue;
    let odd = false;
    for (let a = n - 1, b = 0; b < n; a = b++) {
      if (py[a] > y !== py[b] > y && x < ((px[b] - px[a]) * (y - py[a])) / (py[b] - py[a]) + px[a]) {
        odd = !odd;
      }
    }
    result[i] = Number(odd);
  }
}

/** Mark the rows whose id or whose true or predicted class contains a text, in either case. */
function search(text, table, result) {
  const wanted = String(text).trim().toLowerCase();
  if (!wanted || wanted.includes("\n")) return;
  const ids = table.ids;
  const lower = ids.text.toLowerCase();
  if (lower.length === ids.text.length) {
    for (let at = lower.indexOf(wanted); at !== -1; ) {
      const row = ids.lineAt(at);
      result[row] = 1;
      at = lower.indexOf(wanted, ids.starts[row + 1]);
    }
  } else {
    // A few letters become longer in lower case.
    for (let row = 0; row < ids.length; row++) {
      if (ids.at(row).toLowerCase().includes(wanted)) result[row] = 1;
    }
  }
  const named = table.classNames.map((name) => Number(name.toLowerCase().includes(wanted)));
  const [label, prediction] = [table.column("label"), table.column("prediction")];
  for (let i = 0; i < result.length; i++) result[i] |= named[label[i]] | named[prediction[i]];
}

/** @param {Step[] | null} steps @param {string} op @param {Filter} filter @returns {Step[]} */
export function extended(steps, op, filter) {
  // Without a filter there is nothing to add to.
  const whole = op === "replace" || (op === "add" && !steps?.length);
  return whole ? [{ op: "replace", filter }] : [...(steps || []), { op, filter }];
}

/** A click on a true or predicted class narrows to it, again it leaves; with `join` others stay. */
export function toggledClass(steps, name, join, of = "true") {
  const same = (filter) => filter.kind === "class" && filter.of === of;
  const old = narrowing(steps, same)?.filter.names ?? [];
  const others = join ? old.filter((other) => other !== name) : [];
  const leaves = old.includes(name) && (join || old.length === 1);
  const names = leaves ? others : [...others, name];
  return narrowedTo(steps, same, names.length ? { kind: "class", of, names } : null);
}

/** @param {Filter} filter @returns {boolean} whether it is about true classes */
export function isTrueClass(filter) {
  return filter.kind === "class" && filter.of === "true";
}

/**
 * The last step that narrows by such a filter and whose filter can be exchanged with the same effect
 * as a step at the end, because all later ones narrow as well.
 *
 * @param {Step[] | null} steps @param {(filter: Filter) => boolean} same @returns {Step | undefined}
 */
export function narrowing(steps, same) {
  for (const step of [...(steps || [])].reverse()) {
    if (same(step.filter) && ["replace", "intersect"].includes(step.op)) return step;
    if (!["intersect", "subtract"].includes(step.op)) return undefined;
  }
  return undefined;
}

/**
 * Narrow by a filter, in place of one of the same kind that is there; null takes that one away.
 *
 * @param {Step[] | null} steps @param {(filter: Filter) => boolean} same @param {Filter | null} filter
 * @returns {Step[] | null}
 */
export function narrowedTo(steps, same, filter) {
  const old = narrowing(steps, same);
  if (!old) return narrowed(steps || [], filter);
  const result = steps.flatMap((step) => (step !== old ? [step] : filter ? [{ op: step.op, filter }] : []));
  return result.length ? result : null;
}

/**
 * A choice of cells of the confusion matrix narrows to them; other cells take their place, the same
 * again leave.
 *
 * @param {Step[] | null} steps @param {string[]} labels true classes @param {string[]} predicted
 */
export function toggledCell(steps, labels, predicted) {
  const last = steps?.at(-1);
  const there = last?.filter.kind === "cell";
  const earlier = withoutOthers(there ? steps.slice(0, -1) : steps || [], labels);
  const filter = { kind: "cell", true: labels, predicted };
  const again = there && JSON.stringify([last.filter.true, last.filter.predicted]) === JSON.stringify([labels, predicted]);
  return narrowed(earlier, again ? null : filter);
}

/** Another true class leaves: together with it a cell would be empty. */
function withoutOthers(steps, labels) {
  const names = narrowing(steps, isTrueClass)?.filter.names;
  return !names || labels.some((label) => names.includes(label)) ? steps : narrowedTo(steps, isTrueClass, null) || [];
}

/** A click on two classes that are taken for each other narrows to these errors; again they leave. */
export function toggledPair(steps, one, other) {
  const names = [one, other];
  const cells = { kind: "cell", true: names, predicted: names };
  const wrong = { kind: "correct", value: false };
  const last = steps?.slice(-2).map((step) => step.filter) || [];
  const there = last.length === 2 && last[0].kind === "cell" && last[1].kind === "correct";
  const earlier = there ? steps.slice(0, -2) : steps || [];
  if (JSON.stringify(last) === JSON.stringify([cells, wrong])) return earlier.length ? earlier : null;
  return narrowed(narrowed(earlier, cells), wrong);
}

function narrowed(steps, filter) {
  if (!filter) return steps.length ? steps : null;
  return [...steps, { op: steps.length ? "intersect" : "replace", filter }];
}
