/* Light or dark: as the system has it, or as the button in the header chose, which is kept. */
(function () {
  "use strict";

  const KEY = "resnetbolt-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function read() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // The browser keeps nothing.
    }
  }

  function show(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    root.toggleAttribute("data-dark", (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark");
    for (const map of document.querySelectorAll(".map")) map.mapPanel?.draw();
  }

  show(read());
  system.addEventListener("change", () => show());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#theme")) return;
    const theme = root.hasAttribute("data-dark") ? "light" : "dark";
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It lasts until the page is left.
    }
    show(theme);
  });
})();
