/**
 * Colours of points: a palette and each row's place in it.
 *
 * @typedef {{
 *   palette: Uint32Array, index: ArrayLike<number> | null,
 *   key: {kind: string, [name: string]: any}
 * }} Coloring
 */

import { pixelOf } from "./raster.js";

/** Shades of a continuous scale; the last index is for unknown values. */
const SHADES = 255;

/**
 * @param {string} name an option of "Colour by" @param {import("./table.js").Table} table
 * @param {string} projection @returns {string[]} the columns that it needs
 */
export function coloringColumns(name, table, projection) {
  if (name === "true" || name === "division") return ["label"];
  if (name === "predicted") return ["prediction"];
  if (name === "correct") return ["label", "prediction"];
  return [numbersOf(name, projection)].filter((column) => table.has(column));
}

function numbersOf(name, projection) {
  return name === "preservation" ? "preservation/" + projection : name;
}

/** @returns {Coloring} the colours of an option, whose columns are loaded */
export function coloring(name, table, projection) {
  const { colors } = table;
  const { classes, divisions } = table.manifest;
  if (name === "division" && divisions.length) {
    const palette = Uint32Array.from(colors.divisions, pixelOf);
    const index = Uint8Array.from(table.column("label"), (label) => classes[label].division);
    return { palette, index, key: { kind: "division", names: divisions, colors: colors.divisions } };
  }
  if (name === "true" || name === "predicted") {
    const palette = Uint32Array.from(colors.classes, pixelOf);
    return { palette, index: table.column(name === "true" ? "label" : "prediction"), key: { kind: "class" } };
  }
  if (name === "correct") {
    const palette = Uint32Array.of(pixelOf(colors.wrong), pixelOf(colors.correct));
    return { palette, index: correct(table), key: { kind: "correct" } };
  }
  const column = numbersOf(name, projection);
  const about = table.described.get(column);
  const values = table.column(column);
  if (!values) return { palette: Uint32Array.of(pixelOf(colors.unknown)), index: null, key: { kind: "unknown" } };
  const scale = about.diverges ? colors.diverging : colors.scale;
  const palette = Uint32Array.from({ length: SHADES + 1 }, (_, i) =>
    i === SHADES ? pixelOf(colors.unknown) : shade(scale, i / (SHADES - 1))
  );
  return { palette, index: shades(values, about.min, about.max), key: { kind: "number", ...about, scale } };
}

/** @returns {Uint8Array} 1 where the prediction is the true class */
export function correct(table) {
  const [label, prediction] = [table.column("label"), table.column("prediction")];
  const result = new Uint8Array(table.length);
  for (let i = 0; i < result.length; i++) result[i] = Number(label[i] === prediction[i]);
  return result;
}

function shades(values, min, max) {
  const result = new Uint8Array(values.length);
  const factor = max > min ? (SHADES - 1) / (max - min) : 0;
  for (let i = 0; i < values.length; i++) {
    const level = Math.round((values[i] - min) * factor);
    result[i] = Number.isNaN(level) ? SHADES : Math.max(0, Math.min(SHADES - 1, level));
  }
  return result;
}

/** @param {[number, string][]} scale share and colour, ascending @param {number} share in [0, 1] */
function shade(scale, share) {
  return pixelOf(shadeText(scale, share));
}

/** @returns {string} the colour of a share in [0, 1] on a scale, "#rrggbb" */
export function shadeText(scale, share) {
  const above = Math.max(1, scale.findIndex(([end]) => end >= share));
  const [[start, from], [end, to]] = [scale[above - 1], scale[above]];
  const mix = (share - start) / (end - start);
  const part = (color, at) => parseInt(color.slice(at, at + 2), 16);
  const channels = [1, 3, 5].map((at) => Math.round(part(from, at) * (1 - mix) + part(to, at) * mix));
  return "#" + channels.map((value) => value.toString(16).padStart(2, "0")).join("");
}
