/** Where the coordinates of a map lie on the screen: one scale for both axes, y upwards. */

const MOST_ZOOM = 2000;

export class Camera {
  constructor() {
    this.bounds = [0, 1, 0, 1];
    this.width = 1;
    this.height = 1;
    this.reset();
  }

  /** @param {Float32Array} points x and y of each row; shows all that are finite @param {number[]} [within] bounds to show too */
  fit(points, within = [Infinity, -Infinity, Infinity, -Infinity]) {
    let [left, right, bottom, top] = within;
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = [points[i], points[i + 1]];
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      bottom = Math.min(bottom, y);
      top = Math.max(top, y);
    }
    this.bounds = left <= right ? [left, right, bottom, top] : [0, 1, 0, 1];
    this.reset();
  }

  /** Show everything. */
  reset() {
    const [left, right, bottom, top] = this.bounds;
    this.zoom = 1;
    this.centre = [(left + right) / 2, (bottom + top) / 2];
  }

  /** @param {number} width @param {number} height of the panel, in CSS pixels */
  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
  }

  /** CSS pixels for a unit of the coordinates. */
  get scale() {
    const [left, right, bottom, top] = this.bounds;
    // Above the points stand the title and the tools.
    const wide = Math.max(10, this.width - 24) / (right - left || 1);
    const high = Math.max(10, this.height - 48) / (top - bottom || 1);
    return this.zoom * (right === left ? high : top === bottom ? wide : Math.min(wide, high));
  }

  get middle() {
    return [this.width / 2, this.height / 2 + 12];
  }

  /** The numbers by which `Raster` draws. @param {number} ratio device pixels for a CSS pixel */
  transform(ratio) {
    const scale = this.scale;
    return {
      scale: scale * ratio,
      x0: (this.middle[0] - this.centre[0] * scale) * ratio,
      y0: (this.middle[1] + this.centre[1] * scale) * ratio,
    };
  }

  /** @returns {[number, number]} coordinates as CSS pixels */
  toScreen(x, y) {
    const scale = this.scale;
    return [
      this.middle[0] + (x - this.centre[0]) * scale,
      this.middle[1] - (y - this.centre[1]) * scale,
    ];
  }

  /** @returns {[number, number]} CSS pixels as coordinates */
  toData(left, top) {
    const scale = this.scale;
    return [
      this.centre[0] + (left - this.middle[0]) / scale,
      this.centre[1] - (top - this.middle[1]) / scale,
    ];
  }

  /** Zoom so that what is at this place stays there. */
  zoomAt(left, top, factor) {
    const before = this.toData(left, top);
    this.zoom = Math.min(MOST_ZOOM, Math.max(0.5, this.zoom * factor));
    const after = this.toData(left, top);
    this.centre = [this.centre[0] + before[0] - after[0], this.centre[1] + before[1] - after[1]];
  }

  /** Move what is shown by CSS pixels. */
  pan(right, down) {
    const scale = this.scale;
    this.centre = [this.centre[0] - right / scale, this.centre[1] + down / scale];
  }
}
