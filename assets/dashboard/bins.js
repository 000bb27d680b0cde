/** Bins of a histogram, at round numbers. */

/** At most this many bins, and one more where the round numbers do not begin at the smallest value. */
const MOST = 60;
/** The bin of an unknown value. */
export const UNKNOWN = 255;

/**
 * Bin i holds values from `first + i * width` to `first + (i + 1) * width`. Whole numbers lie in the
 * middle of theirs.
 *
 * @typedef {{first: number, width: number, count: number, whole: boolean}} Bins
 */

/** @param {ArrayLike<number>} values @param {number} min @param {number} max @returns {Bins} */
export function binsOf(values, min, max) {
  let whole = true;
  for (let i = 0; i < values.length && whole; i++) whole = Number.isNaN(values[i]) || Number.isInteger(values[i]);
  if (whole) {
    const width = Math.max(1, round((max - min + 1) / MOST));
    return { first: min - 0.5, width, count: Math.ceil((max - min + 1) / width), whole };
  }
  const width = round((max - min) / MOST);
  const first = Math.floor(min / width) * width;
  return { first, width, count: Math.max(1, Math.ceil(exact((max - first) / width))), whole };
}

/** The next of 1, 2, 5, 10, 20, ... and their tenths. */
function round(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return exact([1, 2, 5, 10].find((one) => exact(one * power) >= exact(value)) * power);
}

/** Without the last digits, in which 0.1 * 3 differs from 0.3. */
function exact(value) {
  return Number(value.toPrecision(12));
}

/** @param {Bins} bins @param {ArrayLike<number>} values @returns {Uint8Array} the bin of each value */
export function places({ first, width, count }, values) {
  const result = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const place = Math.floor((values[i] - first) / width);
    result[i] = Number.isNaN(place) ? UNKNOWN : Math.max(0, Math.min(count - 1, place));
  }
  return result;
}

/** @param {Uint8Array} bin of each row @param {Uint8Array | null} selected @returns {Uint32Array} (256,) */
export function countBins(bin, selected) {
  const result = new Uint32Array(256);
  if (selected) for (let i = 0; i < bin.length; i++) result[bin[i]] += selected[i];
  else for (let i = 0; i < bin.length; i++) result[bin[i]]++;
  return result;
}

/**
 * The limits of the values in the bins from `from` up to `to`; null for an end of the histogram.
 *
 * @param {Bins} bins @returns {{min: number | null, max: number | null}}
 */
export function limits({ first, width, count, whole }, from, to) {
  const inset = whole ? 0.5 : 0;
  return {
    min: from <= 0 ? null : exact(first + from * width + inset),
    max: to >= count ? null : exact(first + to * width - inset),
  };
}

/** @param {Bins} bins @returns {[number, number]} where limits lie, in bins from the left */
export function span({ first, width, count, whole }, { min, max }) {
  const inset = whole ? 0.5 : 0;
  const within = (place) => Math.max(0, Math.min(count, exact(place)));
  return [
    min === null ? 0 : within((min - inset - first) / width),
    max === null ? count : within((max + inset - first) / width),
  ];
}
