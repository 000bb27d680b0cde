/** Points by their place on the screen: the nearest one, and the next in a direction. */

/**
 * @param {Float32Array} points @param {import("./camera.js").Camera} camera
 * @param {number} left @param {number} top CSS pixels @param {number} reach CSS pixels
 * @returns {number} the row of the nearest point, -1 if none is within reach
 */
export function nearestRow(points, camera, left, top, reach) {
  const [x, y] = camera.toData(left, top);
  let best = (reach / camera.scale) ** 2;
  let found = -1;
  for (let row = 0; row < points.length / 2; row++) {
    const dx = points[2 * row] - x;
    const dy = points[2 * row + 1] - y;
    const distance = dx * dx + dy * dy;
    if (distance < best) {
      best = distance;
      found = row;
    }
  }
  return found;
}

/**
 * @param {Float32Array} points @param {number} from a row
 * @param {number} right @param {number} up the direction: one of them is 1 or -1, the other 0
 * @param {Uint8Array | null} selected only rows marked here
 * @returns {number} the nearest row within 45 degrees of the direction, -1 if there is none
 */
export function nextRow(points, from, right, up, selected) {
  let best = Infinity;
  let found = -1;
  for (let row = 0; row < points.length / 2; row++) {
    if (row === from || (selected && !selected[row])) continue;
    const dx = points[2 * row] - points[2 * from];
    const dy = points[2 * row + 1] - points[2 * from + 1];
    const along = dx * right + dy * up;
    const beside = Math.abs(dx * up - dy * right);
    if (!(along > 0) || beside > along) continue;
    const distance = along + 2 * beside;
    if (distance < best) {
      best = distance;
      found = row;
    }
  }
  return found;
}
