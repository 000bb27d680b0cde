/** The label beside the pointer: what a location is, and its photographs. */

/** Milliseconds that the pointer rests before photographs are asked for. */
const REST = 80;

let shown = -1;
let timer = 0;

/**
 * @param {import("./table.js").Table} table @param {number} row
 * @param {number} left @param {number} top in the window
 * @param {string} prefix of the server's addresses
 */
export function showTooltip(table, row, left, top, prefix) {
  const tip = document.getElementById("tooltip");
  if (row !== shown) {
    shown = row;
    tip.replaceChildren(...lines(table, row));
    clearTimeout(timer);
    const headings = table.manifest.photographs;
    if (headings.length) {
      const strip = element("div", "photographs", "");
      tip.append(strip);
      timer = setTimeout(() => strip.append(...photographs(table.ids.at(row), headings, prefix)), REST);
    }
  }
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(left + 14, innerWidth - box.width - 8)) + "px";
  tip.style.top = (top + 18 + box.height > innerHeight ? top - box.height - 16 : top + 18) + "px";
}

export function hideTooltip() {
  clearTimeout(timer);
  shown = -1;
  document.getElementById("tooltip").hidden = true;
}

/** @returns {string} the tooltip in a sentence, for those who cannot see it */
export function description(table, row) {
  return lines(table, row).map((line) => line.textContent).join(", ");
}

function lines(table, row) {
  const [label, prediction] = [table.column("label")[row], table.column("prediction")[row]];
  const confidence = Math.round(table.column("confidence")[row] * 100);
  const verdict = label === prediction ? "✓ " : "✗ ";
  return [
    element("div", "id", table.ids.at(row)),
    element("div", "", "true " + table.classNames[label]),
    element(
      "div",
      label === prediction ? "correct" : "wrong",
      `${verdict}predicted ${table.classNames[prediction]}, ${confidence} %`
    ),
  ];
}

function photographs(id, headings, prefix) {
  const path = id.split("/").map(encodeURIComponent).join("/");
  return headings.map((heading) => {
    const image = document.createElement("img");
    image.alt = "";
    image.src = `${prefix}photograph/${path}/${heading}`;
    return image;
  });
}

function element(tag, name, text) {
  const result = document.createElement(tag);
  result.className = name;
  result.textContent = text;
  return result;
}
