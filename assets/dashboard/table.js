/**
 * The columns of the store, loaded once and then kept: typed arrays with one value per location, in
 * the store's order of rows. `workbench/dashboard/columns.py` serves them.
 */

const ARRAYS = {
  float32: Float32Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
};

/** The ids of all locations: one text, because a million separate strings take far more memory. */
export class Ids {
  /** @param {string} text the ids, one a line, without a line break at the end */
  constructor(text) {
    this.text = "\n" + text + "\n";
    const starts = [];
    for (let at = this.text.indexOf("\n"); at !== -1; at = this.text.indexOf("\n", at + 1)) {
      starts.push(at + 1);
    }
    this.starts = Uint32Array.from(starts);
    this.length = starts.length - 1;
  }

  /** @param {number} row @returns {string} */
  at(row) {
    return this.text.slice(this.starts[row], this.starts[row + 1] - 1);
  }

  /** @param {string} id @returns {number} its row, -1 if there is none */
  rowOf(id) {
    if (typeof id !== "string" || id.includes("\n")) return -1;
    const at = this.text.indexOf("\n" + id + "\n");
    return at === -1 || !this.length ? -1 : this.lineAt(at + 1);
  }

  /** @param {number} position in the text @returns {number} the row that contains it */
  lineAt(position) {
    let low = 0;
    let high = this.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= position) low = middle;
      else high = middle;
    }
    return low;
  }

  /** @param {string[]} wanted @returns {number[]} their rows; unknown ids are left out */
  rowsOf(wanted) {
    if (wanted.length < 50) return wanted.map((id) => this.rowOf(id)).filter((row) => row >= 0);
    const known = new Set(wanted);
    const rows = [];
    for (let row = 0; row < this.length; row++) if (known.has(this.at(row))) rows.push(row);
    return rows;
  }
}

export class Table {
  /** @param {object} manifest @param {(name: string) => Promise<ArrayBuffer>} load */
  constructor(manifest, load) {
    this.manifest = manifest;
    /** @type {number} */
    this.length = manifest.length;
    /** @type {string[]} */
    this.classNames = manifest.classes.map((one) => one.name);
    /** @type {"usual" | "safe"} */
    this.palette = "usual";
    // palette.js sets these.
    manifest.classes.forEach((one, i) => (one.color = `var(--class-${i})`));
    this.described = new Map(manifest.columns.map((one) => [one.name, one]));
    this.load = load;
    this.waiting = new Map();
    this.loaded = new Map();
  }

  /** The colours of points as "#rrggbb", those of classes in "classes". */
  get colors() {
    return this.manifest.palettes[this.palette];
  }

  /** @param {string} name @returns {boolean} whether the store has this column */
  has(name) {
    return this.described.has(name);
  }

  /** Load columns that are not there yet. @param {string[]} names @returns {Promise<void>} */
  async need(names) {
    await Promise.all(
      names.filter((name) => this.has(name)).map((name) => {
        if (!this.waiting.has(name)) {
          const loading = this.read(name);
          this.waiting.set(name, loading);
          loading.catch(() => this.waiting.delete(name)); // So that the next call tries again.
        }
        return this.waiting.get(name);
      })
    );
  }

  async read(name) {
    const bytes = await this.load(name);
    const type = this.described.get(name).dtype;
    const values = type === "utf-8" ? new Ids(new TextDecoder().decode(bytes)) : new ARRAYS[type](bytes);
    this.loaded.set(name, values);
  }

  /** @param {string} name @returns {any} a column that `need` has loaded, else undefined */
  column(name) {
    return this.loaded.get(name);
  }

  /** @returns {Ids} */
  get ids() {
    return this.loaded.get("id");
  }
}

/** @param {URL} address of the columns, with a slash at the end @returns {Promise<Table>} */
export async function openTable(address) {
  const get = async (name) => {
    const response = await fetch(new URL(name, address));
    if (!response.ok) throw new Error(`${name}: the server answered ${response.status}`);
    return response;
  };
  const manifest = await (await get("manifest")).json();
  return new Table(manifest, async (name) => {
    const path = name.split("/").map(encodeURIComponent).join("/");
    return (await get("column/" + path)).arrayBuffer();
  });
}
