/** In a narrow window the location panel is a drawer at the right edge; assets/pages.css says where. */

const NARROW = matchMedia("(width < 1400px)");

export function connectDrawer() {
  const edge = document.getElementById("location-edge");
  edge.addEventListener("click", () => (isOpen() ? closeDrawer() : openDrawer()));
  NARROW.addEventListener("change", say);
  say();
}

export function openDrawer() {
  document.querySelector("main").dataset.drawer = "open";
  say();
}

/** @returns {boolean} whether there was an open drawer; what had the focus in it leaves it to its edge */
export function closeDrawer() {
  if (!NARROW.matches || !isOpen()) return false;
  if (document.activeElement?.closest("#location-panel")) document.getElementById("location-edge").focus();
  document.querySelector("main").dataset.drawer = "closed";
  say();
  return true;
}

function isOpen() {
  return document.querySelector("main").dataset.drawer === "open";
}

function say() {
  const edge = document.getElementById("location-edge");
  edge.setAttribute("aria-expanded", String(isOpen()));
  edge.title = isOpen() ? "Close the location (Escape)" : "Open the location";
}
