/* What the location's panel shows: one of its parts at a time, or all of them over the page. */
(function () {
  "use strict";

  const seen = { expanded: false, presses: 0, opened: null };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && seen.expanded && !event.defaultPrevented) {
      document.getElementById("expand").click();
    }
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    location_panel: {
      look: function (tab, presses, opened) {
        if ((presses || 0) !== seen.presses) {
          seen.presses = presses;
          seen.expanded = !seen.expanded;
        }
        // Who opens a location wants to see it.
        if (opened !== seen.opened) {
          seen.opened = opened;
          if (tab === "gathering") {
            dash_clientside.set_props("tab", { value: "map" });
            tab = "map";
          }
        }
        // Where no location is opened there is only one thing to see at a time.
        const look = (seen.expanded ? " expanded" : "") + (seen.expanded && opened ? " whole" : "");
        return ["panel location-panel tab-" + tab + look, seen.expanded ? "Reduce" : "Expand"];
      },
    },
  });
})();
