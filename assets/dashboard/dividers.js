/**
 * Dividers between the panels of every page: a drag or the arrow keys move one, a double click or
 * Delete restores it. The browser remembers the sizes.
 */

import { element } from "./elements.js";

const KEY = "resnetbolt-sizes";
/** CSS pixels: how far an arrow key moves a divider, and how wide one is. */
const STEP = 16;
const WIDTH = 8;
/** Which panel a divider sizes, at which of its sides it lies, the least size in CSS pixels, and the
    greatest as a share of all panels. */
const DIVIDERS = [
  { name: "legend", side: "right", title: "Width of the classes", least: 180, most: 0.35 },
  { name: "location", side: "left", title: "Width of the location", least: 380, most: 0.7 },
  { name: "gallery", side: "top", title: "Height of the photographs", least: 120, most: 0.6 },
];
/** Heights of the photographs' panel for small, medium and large photographs. */
const GALLERY_SIZES = { S: 128, M: 190, L: 290 };

export function connectDividers() {
  const main = document.querySelector("main");
  const sizes = read();
  const dividers = DIVIDERS.map((about) => divider(about, main, sizes));
  document.getElementById("dividers").replaceChildren(...dividers.map((one) => one.element));
  const place = () => dividers.forEach((one) => one.place());
  const observer = new ResizeObserver(place);
  for (const one of dividers) observer.observe(one.panel);
  observer.observe(main);
  new MutationObserver(place).observe(main, { attributes: true, attributeFilter: ["data-page"] });
  const gallery = dividers.find((one) => one.name === "gallery");
  const buttons = Object.entries(GALLERY_SIZES).map(([text, size], i) => {
    const title = `${["Small", "Medium", "Large"][i]} photographs`;
    return element("button", { type: "button", title, "aria-label": title, click: () => gallery.set(size) }, text);
  });
  document.getElementById("gallery-size").replaceChildren(...buttons);
}

function divider({ name, side, title, least, most }, main, sizes) {
  const panel = main.querySelector(`.${name}-panel`);
  const across = side === "top" ? "y" : "x";
  const grows = side === "right" ? 1 : -1;
  const separator = element("div", {
    class: `divider ${across}`,
    role: "separator",
    tabIndex: 0,
    title: `${title}: drag; a double click restores it`,
    "aria-label": title,
    "aria-orientation": across === "x" ? "vertical" : "horizontal",
    "aria-valuenow": "0",
    "aria-valuemin": String(least),
  });
  const greatest = () => Math.max(least, most * (across === "x" ? main.clientWidth : main.clientHeight));
  const current = () => panel.getBoundingClientRect()[across === "x" ? "width" : "height"];

  /** Size the panel; null: as the page has it. */
  const set = (size, keep = true) => {
    sizes[name] = size === null ? undefined : Math.round(Math.max(least, Math.min(greatest(), size)));
    if (size === null) main.style.removeProperty(`--${name}`);
    else main.style.setProperty(`--${name}`, `${sizes[name]}px`);
    if (keep) write(sizes);
    place();
  };
  const place = () => {
    const outer = main.getBoundingClientRect();
    const inner = panel.getBoundingClientRect();
    // In a drawer, hidden, or with nothing at the side of the divider.
    const inDrawer = getComputedStyle(panel).position === "absolute";
    const alone = { right: outer.right - inner.right, left: inner.left - outer.left, top: inner.top - outer.top }[side] < 3 * WIDTH;
    separator.hidden = inDrawer || alone || !inner.width || !inner.height;
    if (sizes[name] > greatest()) main.style.setProperty(`--${name}`, `${greatest()}px`);
    const left = (side === "right" ? inner.right : inner.left) - outer.left - (side === "left" ? WIDTH : 0);
    const top = inner.top - outer.top - (side === "top" ? WIDTH : 0);
    Object.assign(separator.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${across === "x" ? WIDTH : inner.width}px`,
      height: `${across === "x" ? inner.height : WIDTH}px`,
    });
    separator.setAttribute("aria-valuenow", String(Math.round(current())));
    separator.setAttribute("aria-valuemax", String(Math.round(greatest())));
  };

  let from = null;
  separator.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    separator.setPointerCapture(event.pointerId);
    from = { at: event[across], size: current() };
  });
  separator.addEventListener("pointermove", (event) => {
    if (from && event[across] !== from.at) set(from.size + grows * (event[across] - from.at), false);
  });
  const release = () => {
    if (from) write(sizes);
    from = null;
  };
  separator.addEventListener("pointerup", release);
  separator.addEventListener("pointercancel", release);
  separator.addEventListener("dblclick", () => set(null));
  separator.addEventListener("keydown", (event) => {
    const keys = across === "x" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const direction = keys.indexOf(event.key);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (direction >= 0) set(current() + grows * (direction ? STEP : -STEP));
    else if (event.key === "Home") set(least);
    else if (event.key === "End") set(greatest());
    else if (event.key === "Delete") set(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  if (sizes[name]) set(sizes[name], false);
  return { name, element: separator, panel, place, set };
}

/** @returns {Record<string, number>} the remembered sizes, {} where the browser keeps nothing */
function read() {
  try {
    const found = Object.entries(JSON.parse(localStorage.getItem(KEY)) ?? {});
    return Object.fromEntries(found.filter(([, size]) => Number.isFinite(size)));
  } catch {
    return {};
  }
}

function write(sizes) {
  try {
    localStorage.setItem(KEY, JSON.stringify(sizes));
  } catch {
    // They last until the page is left.
  }
}
