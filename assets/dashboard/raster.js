/**
 * Draws points into pixels. Without a graphics card, WebGL takes some ten times longer, and this
 * needs no more than a typed array.
 */

/** @param {string} color "#rrggbb" or "rgb(r, g, b)" @returns {number} as a pixel of `ImageData` seen as Uint32 */
export function pixelOf(color) {
  const [red, green, blue] = color.startsWith("rgb") ? color.match(/\d+/g).map(Number) : [];
  const value = red === undefined ? parseInt(color.slice(1), 16) : (red << 16) | (green << 8) | blue;
  return ((255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/** The most pixels that a point reaches beyond its own. */
const PAD = 24;

export class Raster {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.resize(1, 1);
  }

  /** @param {number} width @param {number} height in device pixels */
  resize(width, height) {
    this.width = this.canvas.width = Math.max(1, width);
    this.height = this.canvas.height = Math.max(1, height);
    // With a border, so that no point has to be cut.
    this.stride = this.width + 2 * PAD;
    this.image = new ImageData(this.stride, this.height + 2 * PAD);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** @param {number} color */
  clear(color) {
    this.pixels.fill(color);
  }

  show() {
    this.context.putImageData(this.image, -PAD, -PAD, PAD, PAD, this.width, this.height);
  }

  /**
   * Draw points in the given order, each over those before it.
   *
   * @param {Float32Array} points x and y in that order; by row, memory would be the brake
   * @param {Uint32Array} order of the rows
   * @param {{x: number, y: number, scale: number}} camera pixel = (x * scale + x0, -y * scale + y0)
   * @param {number} size of a point, in device pixels
   * @param {ArrayLike<number>} palette pixels
   * @param {ArrayLike<number> | null} index into the palette of each row; null: always the first
   * @param {Uint8Array | null} selected @param {number} wanted draw only rows with this value in it
   */
  draw(points, order, camera, size, palette, index, selected, wanted) {
    const { pixels, stride, width, height } = this;
    const { x0, y0, scale } = camera;
    const { full, edge, alpha } = stamp(Math.min(size, PAD), stride);
    for (let k = 0; k < order.length; k++) {
      const row = order[k];
      if (selected !== null && selected[row] !== wanted) continue;
      const x = points[2 * k] * scale + x0;
      const y = y0 - points[2 * k + 1] * scale;
      // A comparison with NaN is false.
      if (!(x >= -PAD / 2 && x < width + PAD / 2 && y >= -PAD / 2 && y < height + PAD / 2)) continue;
      const place = (((y + PAD) | 0) * stride + ((x + PAD) | 0)) | 0;
      const color = palette[index === null ? 0 : index[row]];
      for (let j = 0; j < full.length; j++) pixels[place + full[j]] = color;
      for (let j = 0; j < edge.length; j++) {
        const at = place + edge[j];
        pixels[at] = blend(color, pixels[at], alpha[j]);
      }
    }
  }
}

/** @param {number} top @param {number} under @param {number} alpha of the top, 0 to 256 */
function blend(top, under, alpha) {
  const rest = 256 - alpha;
  const redBlue = (Math.imul(top & 0xff00ff, alpha) + Math.imul(under & 0xff00ff, rest)) >>> 8;
  const green = (Math.imul((top >>> 8) & 0xff, alpha) + Math.imul((under >>> 8) & 0xff, rest)) & 0xff00;
  return (0xff000000 | (redBlue & 0xff00ff) | green) >>> 0;
}

/** The pixels of a disc as offsets: those that it fills, and its edge with how much of it. */
function stamp(size, stride) {
  const [full, edge, alpha] = [[], [], []];
  if (size < 2.2) {
    // A square: an edge around one pixel would cost four times as much.
    const side = Math.max(1, Math.round(size));
    for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) full.push(y * stride + x);
  } else {
    const radius = size / 2;
    const reach = Math.ceil(radius);
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const cover = Math.min(1, radius + 0.5 - Math.hypot(x, y));
        if (cover >= 0.97) full.push(y * stride + x);
        else if (cover > 0.03) {
          edge.push(y * stride + x);
          alpha.push(Math.round(cover * 256));
        }
      }
    }
  }
  return { full: Int32Array.from(full), edge: Int32Array.from(edge), alpha: Int32Array.from(alpha) };
}
