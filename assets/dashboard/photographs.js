/** Photographs of a location. */

import { element } from "./elements.js";

/** The address of the server as the page states it: "/" or that of a proxy. */
export function prefix() {
  return JSON.parse(document.getElementById("_dash-config").textContent).requests_pathname_prefix;
}

/**
 * @param {string} id @param {import("./table.js").Table} table
 * @param {string} source "src" loads them at once, "data-src" when they come into view (see
 *   assets/lazy_photographs.js)
 * @returns {HTMLImageElement[]} the views, none if the dashboard has no photographs
 */
export function photographs(id, table, source) {
  const path = id.split("/").map(encodeURIComponent).join("/");
  return table.manifest.photographs.map((heading) =>
    element("img", {
      alt: `view ${heading} of ${id}`,
      draggable: false,
      [source]: `${prefix()}photograph/${path}/${heading}`,
    })
  );
}
