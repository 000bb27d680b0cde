/** Names of classes at the places where most of their points lie. */

const CELLS = 32;

/**
 * @param {Float32Array} points x and y of each row @param {ArrayLike<number>} labels class of each
 * @param {number} classes how many there are @param {number[]} bounds left, right, bottom, top
 * @returns {{label: number, x: number, y: number, count: number}[]} the largest class first
 */
export function densestPlaces(points, labels, classes, [left, right, bottom, top]) {
  const counts = new Uint32Array(classes * CELLS * CELLS);
  const across = CELLS / (right - left || 1);
  const up = CELLS / (top - bottom || 1);
  const totals = new Uint32Array(classes);
  for (let i = 0; i < labels.length; i++) {
    const x = Math.min(CELLS - 1, Math.floor((points[2 * i] - left) * across));
    const y = Math.min(CELLS - 1, Math.floor((points[2 * i + 1] - bottom) * up));
    if (!(x >= 0 && y >= 0)) continue;
    counts[(labels[i] * CELLS + y) * CELLS + x]++;
    totals[labels[i]]++;
  }
  const places = [];
  for (let label = 0; label < classes; label++) {
    if (!totals[label]) continue;
    let best = { sum: -1, x: 0, y: 0 };
    for (let y = 0; y < CELLS; y++) {
      for (let x = 0; x < CELLS; x++) {
        const sum = around(counts, label, x, y);
        if (sum > best.sum) best = { sum, x, y };
      }
    }
    places.push({
      label,
      x: left + (best.x + 0.5) / across,
      y: bottom + (best.y + 0.5) / up,
      count: totals[label],
    });
  }
  return places.sort((a, b) => b.count - a.count);
}

/** The points of a class in a cell, counted double, and in the eight cells around it. */
function around(counts, label, x, y) {
  const cell = (label * CELLS + y) * CELLS + x;
  let sum = counts[cell];
  for (let down = -1; down <= 1; down++) {
    if (y + down < 0 || y + down >= CELLS) continue;
    for (let side = -1; side <= 1; side++) {
      if (x + side >= 0 && x + side < CELLS) sum += counts[cell + down * CELLS + side];
    }
  }
  return sum;
}
