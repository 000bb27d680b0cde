/**
 * Downloads: the selection as a table, and each view as a picture and as its numbers. Pictures have a
 * white ground, also when the page is dark.
 */

import { csv, single } from "./csv.js";
import { Raster } from "./raster.js";

/** Pixels of a PNG for each of the page. */
const SCALE = 2;
const STYLES = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin",
  "paint-order", "vector-effect", "opacity", "font-family", "font-size", "font-weight", "text-anchor",
];

/** @typedef {{table: any, selected: () => Uint8Array | null}} Source */

/** Make all download buttons work. @param {Source} source */
export function connectDownloads(source) {
  document.getElementById("download-selection").addEventListener("click", () => saveSelection(source));
  document.addEventListener("click", (event) => {
    const menu = event.target.closest(".download");
    for (const other of document.querySelectorAll(".download[open]")) if (other !== menu) other.open = false;
    const button = event.target.closest(".download .choices button");
    if (!button) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    if (button.dataset.download) saveView(menu.closest(".panel"), button.dataset.download, source).catch((error) => console.error(error));
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest(".download[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.preventDefault();
  });
}

/** @param {Source} source */
async function saveSelection({ table, selected }) {
  const numbers = ["confidence", "latitude", "longitude"].filter((name) => table.has(name));
  await table.need(numbers);
  const member = selected();
  const columns = numbers.map((name) => table.column(name));
  function* rows() {
    for (let row = 0; row < table.length; row++) {
      if (!member || member[row]) yield [...names(table, row), ...columns.map((column) => single(column[row]))];
    }
  }
  saveCsv(csv(["id", "true", "predicted", ...numbers], rows()), "selection.csv");
}

function names(table, row) {
  const { classNames } = table;
  return [table.ids.at(row), classNames[table.column("label")[row]], classNames[table.column("prediction")[row]]];
}

/** @param {HTMLElement} panel @param {string} form "png", "svg" or "csv" @param {Source} source */
async function saveView(panel, form, { table }) {
  const map = panel.querySelector(".map")?.mapPanel;
  const histograms = [...panel.querySelectorAll(".histogram")].filter(
    (box) => box.checkVisibility({ visibilityProperty: true }) && box.histogram.bins
  );
  const graph = panel.querySelector(".js-plotly-plot");
  const shares = panel.querySelector("[data-csv]");
  const box = shares?.parentElement ?? panel.querySelector("[data-numbers]");
  if (!map && !histograms.length && !graph && !box) return; // Nothing is shown yet.
  const name = `${map?.name ?? (histograms.length ? "histograms" : (graph ?? box).closest("[id]").id)}.${form}`;
  if (map) {
    const content = form === "csv" ? mapTable(map, table) : mapDrawing(map);
    save(await fileOf(content, form), name);
  } else if (histograms.length) {
    const { names } = histograms[0].histogram;
    const rows = histograms.flatMap((box) => box.histogram.rows());
    save(await fileOf(form === "csv" ? csv(names, rows) : histogramDrawing(histograms), form), name);
  } else if (!graph) {
    if (form !== "csv") await loaded(box);
    const table = () => shares?.dataset.csv ?? csv(box.numbers.names, box.numbers.rows);
    save(await fileOf(form === "csv" ? table() : elementDrawing(box), form), name);
  } else if (form === "csv") save(await fileOf(graphTable(graph), form), name);
  else save(await graphPicture(graph, form), name);
}

/** @param {string | SVGSVGElement} content a table or a drawing @param {string} form @returns {Promise<Blob>} */
async function fileOf(content, form) {
  if (typeof content === "string") return text(content, "text/csv");
  const drawing = text(new XMLSerializer().serializeToString(content), "image/svg+xml");
  return form === "svg" ? drawing : pictureOf(drawing, content.width.baseVal.value, content.height.baseVal.value);
}

/** Say which numbers an element shows. @param {any} box @param {string[]} names @param {any[][]} rows */
export function setNumbers(box, names, rows) {
  box.dataset.numbers = "";
  box.numbers = { names, rows };
}

/** Do something while the page is light; nothing is shown before it is as it was. */
function inLight(work) {
  const root = document.documentElement;
  const before = root.style.colorScheme;
  root.style.colorScheme = "light";
  try {
    return work();
  } finally {
    root.style.colorScheme = before;
  }
}

/** Copy how elements look from the page's style into a copy of them. */
function withStyle(svg) {
  const copy = svg.cloneNode(true);
  const copies = copy.querySelectorAll("*");
  svg.querySelectorAll("*").forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const property of STYLES) copies[i].setAttribute(property, style.getPropertyValue(property));
  });
  copy.removeAttribute("aria-hidden");
  return copy;
}

function shape(tag, attributes, text = "") {
  const result = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) result.setAttribute(name, value);
  result.textContent = text;
  return result;
}

/* ---- maps ---- */

function mapTable(map, table) {
  const { key, index } = map.coloring;
  const values = key.kind === "number" ? table.column(key.name) : null;
  function* rows() {
    for (let row = 0; row < table.length; row++) {
      const [x, y] = [map.points[2 * row], map.points[2 * row + 1]].map(single);
      const shown = map.selected ? map.selected[row] : 1;
      yield [...names(table, row), x, y, shown, ...(values && index ? [single(values[row])] : [])];
    }
  }
  const more = values && index ? [key.name] : [];
  return csv(["id", "true", "predicted", "x", "y", "selected", ...more], rows());
}

function mapDrawing(map) {
  const { width, height } = map.camera;
  const canvas = document.createElement("canvas");
  const raster = new Raster(canvas);
  raster.resize(Math.round(width * SCALE), Math.round(height * SCALE));
  const drawing = inLight(() => {
    map.paint(raster, SCALE);
    return withStyle(map.overlay.svg);
  });
  for (const element of drawing.querySelectorAll("[hidden], .cursor, polygon[points='']")) element.remove();
  drawing.prepend(shape("image", { href: canvas.toDataURL(), width, height }));
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) {
    drawing.setAttribute(name, value);
  }
  return drawing;
}

async function pictureOf(drawing, width, height) {
  const address = URL.createObjectURL(drawing);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * SCALE);
    canvas.height = Math.round(height * SCALE);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

/* ---- histograms ---- */

/** Two beside each other, as on the page. @param {any[]} boxes */
function histogramDrawing(boxes) {
  const [width, height, pad] = [240, 60, 16];
  const size = { width: 2 * (width + pad) + pad, height: Math.ceil(boxes.length / 2) * (height + 50) + pad };
  const drawing = shape("svg", { ...size, "font-family": "sans-serif", "font-size": 12 });
  drawing.append(shape("rect", { ...size, fill: "#ffffff" }));
  inLight(() =>
    boxes.forEach(({ histogram }, i) => {
      const x = pad + (i % 2) * (width + pad);
      const y = pad + Math.floor(i / 2) * (height + 50);
      const bars = withStyle(histogram.drawing);
      for (const [name, value] of Object.entries({ x, y: y + 10, width, height })) bars.setAttribute(name, value);
      const [low, high] = Array.from(histogram.axis.children, (end) => end.textContent);
      drawing.append(
        shape("text", { x, y: y + 4 }, histogram.about.title),
        bars,
        shape("text", { x, y: y + height + 24 }, low),
        shape("text", { x: x + width, y: y + height + 24, "text-anchor": "end" }, high)
      );
    })
  );
  return drawing;
}

/* ---- tables and cards ---- */

/** Load the photographs of an element that nobody has scrolled to. */
function loaded(box) {
  const images = Array.from(box.querySelectorAll("img"));
  for (const image of images) if (!image.src && image.dataset.src) image.src = image.dataset.src;
  return Promise.all(images.map((image) => image.decode().catch(() => null)));
}

/** Grounds, texts and pictures of an element where they stand on the page, also below what is seen. */
function elementDrawing(box) {
  const frame = box.getBoundingClientRect();
  const size = { width: Math.ceil(box.clientWidth), height: Math.ceil(box.scrollHeight) };
  const drawing = shape("svg", { ...size, viewBox: `0 0 ${size.width} ${size.height}` });
  drawing.append(shape("rect", { ...size, fill: "#ffffff" }));
  const scrolled = box.scrollTop;
  box.scrollTop = 0; // A head that stays in place would stand within the rows.
  const place = (rect) => ({ x: rect.x - frame.x + box.scrollLeft, y: rect.y - frame.y + box.scrollTop });
  inLight(() => {
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const style = getComputedStyle(node.nodeType === Node.TEXT_NODE ? node.parentElement : node);
      if (node.nodeType === Node.TEXT_NODE) drawing.append(...textShapes(node, style, place));
      else drawing.append(...groundShapes(node, style, place));
    }
  });
  box.scrollTop = scrolled;
  return drawing;
}

function textShapes(node, style, place) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const rect = range.getBoundingClientRect();
  if (!rect.width || !node.data.trim() || style.visibility === "hidden") return [];
  const { x, y } = place(rect);
  const font = { "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight };
  return [shape("text", { x, y: y + rect.height / 2, "dominant-baseline": "central", fill: style.color, ...font }, node.data)];
}

function groundShapes(node, style, place) {
  const rect = node.getBoundingClientRect();
  const size = { ...place(rect), width: rect.width, height: rect.height };
  if (!rect.width || !rect.height) return [];
  if (node instanceof HTMLImageElement) {
    if (!node.naturalWidth) return [];
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [rect.width * SCALE, rect.height * SCALE].map(Math.round);
    canvas.getContext("2d").drawImage(node, 0, 0, canvas.width, canvas.height);
    return [shape("image", { ...size, href: canvas.toDataURL() })];
  }
  if (/^rgba\(.*, 0\)$|^transparent$/.test(style.backgroundColor)) return [];
  return [shape("rect", { ...size, rx: parseFloat(style.borderRadius) || 0, fill: style.backgroundColor })];
}

/* ---- figures by Plotly ---- */

async function graphPicture(graph, format) {
  const { clientWidth: width, clientHeight: height } = graph;
  const layout = { ...graph.layout, paper_bgcolor: "#ffffff", autosize: false, width, height };
  const options = { format, width, height, scale: format === "png" ? SCALE : 1 };
  const address = await window.Plotly.toImage({ data: graph.data, layout }, options);
  const comma = address.indexOf(",");
  if (format === "svg") return text(decodeURIComponent(address.slice(comma + 1)), "image/svg+xml");
  const bytes = Uint8Array.from(atob(address.slice(comma + 1)), (sign) => sign.charCodeAt(0));
  return new Blob([bytes], { type: "image/png" });
}

function graphTable(graph) {
  const [first] = graph._fullData;
  if (first?.type === "heatmap") {
    const { true: rows, predicted: columns } = graph.layout.meta;
    return csv(["true", ...columns], rows.map((name, i) => [name, ...Array.from(first.z[i] ?? [])]));
  }
  const { columns } = graph.layout.meta ?? {};
  if (columns) {
    const points = graph._fullData.filter((trace) => trace.customdata);
    const line = (trace) => Array.from(trace.customdata, (numbers) => [plain(trace.name), ...Array.from(numbers, number)]);
    return csv(["name", ...columns], points.flatMap(line));
  }
  const [x, y] = ["xaxis", "yaxis"].map((axis) => plain(graph.layout[axis]?.title?.text) || axis[0]);
  // A small multiple is drawn aside; its numbers are with each point.
  const point = (trace, i) => trace.customdata?.[i] ?? [trace.x[i], trace.y[i]];
  const rows = graph._fullData
    .filter((trace) => trace.hoverinfo !== "skip" && trace.x && trace.y)
    .flatMap((trace) =>
      Array.from(trace.x, (_, i) => [trace.meta ?? plain(trace.name), ...Array.from(point(trace, i), number)])
    );
  return csv(["name", x, y], rows);
}

function number(value) {
  return typeof value === "number" ? single(value) : plain(value);
}

/** Text without the entities and tags that Plotly reads. */
function plain(value) {
  return new DOMParser().parseFromString(String(value ?? ""), "text/html").body.textContent;
}

/* ---- files ---- */

/** @param {string} content @param {string} name */
export function saveCsv(content, name) {
  save(text(content, "text/csv"), name);
}

function text(content, type) {
  return new Blob([content], { type });
}

/** @param {Blob} content @param {string} name letters that are no letters of a file become a hyphen */
export function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name.replace(/[^\p{L}\p{N}._-]+/gu, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
