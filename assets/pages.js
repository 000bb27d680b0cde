/* The pages of the dashboard, one of which is shown; see workbench/dashboard/pages/base.py. */
(function () {
  "use strict";

  /* The selection that each page has as JSON, in the order of the menu. */
  const had = [];
  /* The page that the address names is the first to be filled. */
  let first = new URLSearchParams(location.hash.slice(1)).get("page");

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-page-name]");
    if (button) dash_clientside.set_props("shown-page", { data: button.dataset.pageName });
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    pages: {
      /* Show a page, and give the selection to it alone. */
      show: function (name, steps) {
        const buttons = Array.from(document.querySelectorAll("[data-page-name]"));
        const names = buttons.map((button) => button.dataset.pageName);
        const shown = Math.max(0, names.indexOf(names.includes(first) ? first : name));
        first = null;
        document.body.dataset.page = document.querySelector("main").dataset.page = names[shown];
        buttons.forEach((button, i) => {
          if (i === shown) button.setAttribute("aria-current", "page");
          else button.removeAttribute("aria-current");
          document.getElementById("page-" + names[i]).hidden = i !== shown;
        });
        const text = JSON.stringify(steps || []);
        return names.map((_, i) => {
          if (i !== shown || had[i] === text) return dash_clientside.no_update;
          had[i] = text;
          return steps || [];
        });
      },
    },
  });
})();
