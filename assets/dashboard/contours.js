/**
 * Contours of the density of points, where they hide each other: a histogram of what is on the
 * screen, smoothed by a Gaussian, and its level lines by marching squares.
 */

/** CSS pixels of a cell. */
const CELL = 4;
/** Each line holds this share of the points on the screen, in the densest places. */
const SHARES = [0.2, 0.4, 0.6, 0.8, 0.95];
/** The least number of points, and the standard deviation of the smoothing in CSS pixels. */
const FEWEST = 10;
const SMOOTHING = [6, 22];

/**
 * @param {Float32Array} points x and y of each row @param {Uint8Array | null} selected null: all are
 * @param {import("./camera.js").Camera} camera
 * @returns {string} the lines as a path of SVG, in CSS pixels; empty with few points
 */
export function contours(points, selected, camera) {
  const pad = Math.ceil((3 * SMOOTHING[1]) / CELL);
  const width = Math.ceil(camera.width / CELL) + 2 * pad;
  const height = Math.ceil(camera.height / CELL) + 2 * pad;
  const counts = new Float32Array(width * height);
  const { x0, y0, scale } = camera.transform(1 / CELL);
  let total = 0;
  let [sumX, sumY, squares] = [0, 0, 0];
  for (let row = 0; row < points.length / 2; row++) {
    if (selected && !selected[row]) continue;
    const x = points[2 * row] * scale + x0 + pad;
    const y = y0 - points[2 * row + 1] * scale + pad;
    if (!(x >= 0 && x < width && y >= 0 && y < height)) continue; // Also NaN.
    counts[(y | 0) * width + (x | 0)]++;
    total++;
    sumX += x;
    sumY += y;
    squares += x * x + y * y;
  }
  if (total < FEWEST) return "";
  // Scott's rule for two dimensions, halved, because the points form clusters.
  const spread = Math.sqrt(Math.max(0, squares / total - (sumX / total) ** 2 - (sumY / total) ** 2) / 2);
  const sigma = 0.5 * spread * total ** (-1 / 6);
  const [least, most] = SMOOTHING.map((size) => size / CELL);
  const density = smoothed(counts, width, height, Math.max(least, Math.min(most, sigma)));
  return levels(density).map((level) => lines(density, width, height, level, pad, CELL)).join("");
}

/**
 * Contours of a histogram whose points are not here.
 *
 * @param {number[][]} counts rows from the bottom
 * @returns {string} the lines as a path of SVG, whose unit is a bin, from the lower left corner
 */
export function contoursOfBins(counts) {
  const pad = 4;
  const [width, height] = [counts[0].length + 2 * pad, counts.length + 2 * pad];
  const padded = new Float32Array(width * height);
  counts.forEach((row, y) => padded.set(row, (y + pad) * width + pad));
  const density = smoothed(padded, width, height, 1.2);
  return levels(density).map((level) => lines(density, width, height, level, pad, 1)).join("");
}

/** A separable Gaussian. */
function smoothed(values, width, height, sigma) {
  const reach = Math.ceil(3 * sigma);
  const kernel = Float32Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const pass = (from, step, length, across, stride) => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < across; line++) {
      for (let i = 0; i < length; i++) {
        const value = from[line * stride + i * step];
        if (!value) continue;
        const [low, high] = [Math.max(0, i - reach), Math.min(length - 1, i + reach)];
        for (let k = low; k <= high; k++) to[line * stride + k * step] += value * kernel[k - i + reach];
      }
    }
    return to;
  };
  return pass(pass(values, 1, width, height, width), width, height, width, 1);
}

/** The densities above which each of `SHARES` of the points lies. */
function levels(density) {
  const sorted = Float32Array.from(density).sort().reverse();
  const total = sorted.reduce((sum, value) => sum + value, 0);
  let [sum, place] = [0, 0];
  return SHARES.map((share) => {
    while (sum < share * total && place < sorted.length - 1) sum += sorted[place++];
    return sorted[place];
  }).filter((level) => level > 0);
}

/** Marching squares: which sides of a square a line joins, by which of its corners are above. */
const SIDES = [
  [], [[3, 2]], [[2, 1]], [[3, 1]], [[0, 1]], [[0, 3], [2, 1]], [[0, 2]], [[3, 0]],
  [[3, 0]], [[0, 2]], [[3, 2], [0, 1]], [[0, 1]], [[3, 1]], [[2, 1]], [[3, 2]], [],
];

function lines(density, width, height, level, pad, size) {
  const parts = [];
  const text = (cell) => Number(((cell + 0.5 - pad) * size).toFixed(2));
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0; x < width - 1; x++) {
      const at = y * width + x;
      const [a, b, c, d] = [density[at], density[at + 1], density[at + width + 1], density[at + width]];
      const kind = (a > level ? 8 : 0) | (b > level ? 4 : 0) | (c > level ? 2 : 0) | (d > level ? 1 : 0);
      if (kind === 0 || kind === 15) continue;
      const between = (low, high) => (level - low) / (high - low);
      const place = (side) => {
        if (side === 0) return [x + between(a, b), y];
        if (side === 1) return [x + 1, y + between(b, c)];
        if (side === 2) return [x + between(d, c), y + 1];
        return [x, y + between(a, d)];
      };
      for (const [from, to] of SIDES[kind]) {
        const [[x1, y1], [x2, y2]] = [place(from), place(to)];
        parts.push(`M${text(x1)} ${text(y1)}L${text(x2)} ${text(y2)}`);
      }
    }
  }
  return parts.join("");
}
