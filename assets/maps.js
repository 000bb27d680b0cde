/* Loads the maps, which are ES modules, for Dash, which calls functions of the window. */
(function () {
  "use strict";

  const modules = import(new URL("maps/main.js", document.currentScript.src));

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    maps: {
      /* Runs when selection, colours, active location, legend or a panel's projection change. */
      update: async function (...values) {
        await (await modules).update(...values);
        return dash_clientside.no_update;
      },
    },
  });
})();
