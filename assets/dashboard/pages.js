/** The pages, one of which is shown; see `workbench/dashboard/page.py`. */

let isFirst = true;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-page-name]");
  if (button) dash_clientside.set_props("shown-page", { data: button.dataset.pageName });
});

/**
 * Show a page, mounted if it is not, and give the selection to it alone.
 *
 * @param {string} name @param {any} steps @param {Record<string, any>} layouts by the names of the pages
 * @param {...any} there the steps that each page has, then the content of each
 * @returns {any[]} the same of what changes
 */
export function show(name, steps, layouts, ...there) {
  const names = Object.keys(layouts);
  // The page that the address names is the first to be shown.
  const first = isFirst && new URLSearchParams(location.hash.slice(1)).get("page");
  isFirst = false;
  const shown = Math.max(0, names.indexOf(names.includes(first) ? first : name));
  document.body.dataset.page = document.querySelector("main").dataset.page = names[shown];
  for (const button of document.querySelectorAll("[data-page-name]")) {
    if (button.dataset.pageName === names[shown]) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  for (const place of document.querySelectorAll(".page")) place.hidden = !place.id.endsWith("-" + names[shown]);
  const result = there.map(() => dash_clientside.no_update);
  if (JSON.stringify(there[shown]) !== JSON.stringify(steps || [])) result[shown] = steps || [];
  if (!there[names.length + shown]) result[names.length + shown] = layouts[names[shown]];
  return result;
}

/**
 * Mount the figures of a page, once.
 *
 * @param {string} id of their place @param {any} drawn whether the other panels are
 * @param {Record<string, any>} layouts by the names of the pages @param {any} there
 */
export function figures(id, drawn, layouts, there) {
  return drawn && !there ? layouts[id.slice("figures-".length)] : dash_clientside.no_update;
}
