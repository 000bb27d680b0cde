/** The buttons of a map. */

const MODES = {
  lasso: ["Lasso: draw around points; Shift adds, Alt takes away", "M8 2C4 2 2 4.2 2 6.5S4 11 8 11s6-2.2 6-4.5S12 2 8 2M4 10.5c-1 1-1.5 2.5-.5 4"],
  box: ["Box: drag over points; Shift adds, Alt takes away", "M2.5 3.5h11v9h-11z"],
  pan: ["Move: drag the map; the wheel zooms", "M8 1.5v13M1.5 8h13M6 3.5l2-2 2 2M6 12.5l2 2 2-2M3.5 6l-2 2 2 2M12.5 6l2 2-2 2"],
};
const RESET = ["Show everything again", "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"];
const NAMES = ["Names of the classes", "M3 13L8 3l5 10M5 9.5h6"];
const CONTOURS = [
  "Contours of the density: each line holds 20, 40, 60, 80 or 95 % of the points on the screen",
  "M2 8c0-4 3-6 6-6s6 3 6 6-2 6-6 6-6-2-6-6M5 8c0-2 1-3 3-3s3 1 3 3-1 3-3 3-3-1-3-3",
];
const LARGE = ["This map alone, large", "M9 3h4v4M13 3L9 7M7 13H3V9M3 13l4-4"];

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
  const switches = [[NAMES, "named"], [CONTOURS, "contoured"]].map(([words, property]) => {
    const tool = button(...words);
    tool.setAttribute("aria-pressed", String(panel.overlay[property]));
    tool.addEventListener("click", () => {
      panel.overlay[property] = !panel.overlay[property];
      tool.setAttribute("aria-pressed", String(panel.overlay[property]));
      panel.overlay.draw(panel);
    });
    return tool;
  });
  const large = button(...LARGE);
  large.className = "enlarge";
  large.setAttribute("aria-pressed", "false");
  large.addEventListener("click", () => panel.actions.enlarge());
  const reset = button(...RESET);
  reset.addEventListener("click", () => panel.reset());
  bar.append(...modes, ...switches, reset, large);
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
