/** The buttons of a map. */

const MODES = {
  lasso: ["Lasso: draw around points; Shift adds, Alt takes away", "M8 2C4 2 2 4.2 2 6.5S4 11 8 11s6-2.2 6-4.5S12 2 8 2M4 10.5c-1 1-1.5 2.5-.5 4"],
  box: ["Box: drag over points; Shift adds, Alt takes away", "M2.5 3.5h11v9h-11z"],
  pan: ["Move: drag the map; the wheel zooms", "M8 1.5v13M1.5 8h13M6 3.5l2-2 2 2M6 12.5l2 2 2-2M3.5 6l-2 2 2 2M12.5 6l2 2-2 2"],
};
const RESET = ["Show everything again", "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"];
const NAMES = ["Names of the classes", "M3 13L8 3l5 10M5 9.5h6"];

/** @param {import("./panel.js").MapPanel} panel @returns {HTMLElement} */
export function toolbar(panel) {
  const bar = document.createElement("div");
  bar.className = "tools";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Map tools");
  const modes = Object.entries(MODES).map(([mode, [title, path]]) => {
    const tool = button(title, path);
    tool.dataset.mode = mode;
    tool.addEventListener("click", () => choose(mode));
    return tool;
  });
  const choose = (mode) => {
    panel.mode = mode;
    panel.box.dataset.mode = mode;
    for (const tool of modes) tool.setAttribute("aria-pressed", String(tool.dataset.mode === mode));
  };
  choose(panel.mode);
  const names = button(...NAMES);
  names.setAttribute("aria-pressed", String(panel.overlay.named));
  names.addEventListener("click", () => {
    panel.overlay.named = !panel.overlay.named;
    names.setAttribute("aria-pressed", String(panel.overlay.named));
    panel.overlay.draw(panel);
  });
  const reset = button(...RESET);
  reset.addEventListener("click", () => panel.reset());
  bar.append(...modes, names, reset);
  return bar;
}

function button(title, path) {
  const result = document.createElement("button");
  result.type = "button";
  result.title = title;
  result.setAttribute("aria-label", title.split(":")[0]);
  result.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`;
  return result;
}
