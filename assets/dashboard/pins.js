/** Pinned locations, which the page Compare shows side by side. */

/** As many as `MAX_PINS` in workbench/dashboard/pages/compare.py. */
const MOST = 4;
const state = { pins: [], active: null };

/** @param {any} pins ids of the pinned locations @param {any} active id of the opened location */
export function showPins(pins, active) {
  Object.assign(state, { pins: Array.isArray(pins) ? pins : [], active });
  const pinned = state.pins.includes(active);
  const full = !pinned && state.pins.length >= MOST;
  const pin = document.getElementById("pin");
  pin.textContent = pinned ? "Unpin" : "Pin";
  pin.setAttribute("aria-pressed", String(pinned));
  pin.disabled = !active || full;
  pin.title = full
    ? `${MOST} locations are pinned, the most that can be compared: remove one on the page Compare`
    : pinned
      ? "Remove this location from the page Compare (p)"
      : "Show this location on the page Compare, and offer it as a baseline (p)";
  const menu = document.querySelector("[data-page-name=compare]");
  if (state.pins.length) menu.dataset.count = String(state.pins.length);
  else delete menu.dataset.count;
}

/** A location is being opened: the key p means it from now on. @param {string} id */
export function opening(id) {
  showPins(state.pins, id);
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  const { pins, active } = state;
  const without = (id) => pins.filter((one) => one !== id);
  if (at("#pin")) set(pins.includes(active) ? without(active) : [...pins, active]);
  else if (at("[data-unpin]")) set(without(at("[data-unpin]").dataset.unpin));
  else if (at("#unpin-all")) set([]);
});

function set(pins) {
  dash_clientside.set_props("pins", { data: pins.length ? pins : null });
}
