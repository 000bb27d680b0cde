/* Tabs of the location panel, and keys that press its buttons. */
(function () {
  "use strict";

  const state = { opacity: 1 };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    location_panel: {
      toggle_overlay: function (_clicks, opacity) {
        if (opacity > 0) state.opacity = opacity;
        return opacity > 0 ? 0 : state.opacity;
      },
      name_overlay_button: function (opacity) {
        return opacity > 0 ? "Hide" : "Show";
      },
      next_method: function (_clicks, method, options) {
        const values = options.map((option) => option.value);
        return values[(values.indexOf(method) + 1) % values.length];
      },
      /* The tab of the selection gets it only while it is shown. */
      give_selection: function (tab, steps, there) {
        const same = JSON.stringify(there) === JSON.stringify(steps || []);
        return tab !== "aggregate" || same ? dash_clientside.no_update : steps || [];
      },
      show: function (tab, active) {
        return `panel location-panel tab-${tab}${active ? " opened" : ""}`;
      },
    },
  });
})();
