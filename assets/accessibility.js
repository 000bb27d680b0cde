/* Mends what Dash's components tell screen readers: its radio buttons say that they are a list box
   with options, and its menus hide an element that the keyboard reaches. */
(function () {
  "use strict";

  function mend() {
    for (const group of document.querySelectorAll(".dash-radioitems")) {
      if (group.getAttribute("role") === "listbox") group.setAttribute("role", "radiogroup");
      if (group.id && !group.hasAttribute("aria-label")) group.setAttribute("aria-label", group.id.replaceAll("-", " "));
    }
    for (const label of document.querySelectorAll(".dash-radioitems label:is([role], [aria-selected])")) {
      label.removeAttribute("role");
      label.removeAttribute("aria-selected");
    }
    for (const target of document.querySelectorAll(".dash-dropdown-focus-target[tabindex='0']")) target.tabIndex = -1;
    // The keyboard reaches the menu's button in its place.
    for (const button of document.querySelectorAll("button.dash-dropdown[tabindex='-1']")) button.tabIndex = 0;
  }

  let waiting = 0;
  new MutationObserver(() => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      mend();
    });
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["role", "aria-selected", "tabindex"] });
})();
