/** What the colours mean, above the list of classes. */

import { element } from "./elements.js";
import { numberText } from "./words.js";

/** @param {{kind: string, names?: string[], colors?: string[], unit?: string, min?: number, max?: number, scale?: [number, string][]}} key */
export function showKey(key) {
  document.body.dataset.color = key.kind;
  if (key.kind === "division") {
    const items = key.names.map((name, i) => {
      const swatch = element("span", { class: "swatch" });
      swatch.style.background = key.colors[i];
      return element("span", {}, swatch, name);
    });
    document.getElementById("key-division").replaceChildren(...items);
  }
  if (key.kind !== "number") return;
  const [low, high] = document.querySelectorAll(".key-number .end");
  low.textContent = numberText(key.min, key.unit);
  high.textContent = numberText(key.max, key.unit);
  const stops = key.scale.map(([share, color]) => `${color} ${share * 100}%`);
  document.querySelector(".key-number .ramp").style.background = `linear-gradient(to right, ${stops})`;
}
