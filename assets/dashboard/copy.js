/** Copying to the clipboard. */

import { element } from "./elements.js";

/** Copy a text. @param {string} words @returns {Promise<boolean>} whether the browser did it */
export async function copy(words) {
  // On pages without encryption from another machine there is no clipboard, or it refuses.
  const written = navigator.clipboard?.writeText(words).then(() => true, () => false);
  return (await written) || copySelected(words);
}

/** Copy a text and say so on the button. @param {HTMLElement} button @param {string} words */
export async function copyFrom(button, words) {
  button.dataset.label ??= button.textContent;
  button.textContent = (await copy(words)) ? "Copied" : "Not copied";
  setTimeout(() => (button.textContent = button.dataset.label), 1500);
}

/** Let the buttons with a text to copy do it. */
export function connectCopyButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copyFrom(button, button.dataset.copy);
  });
}

function copySelected(words) {
  const area = element("textarea", { value: words });
  const focused = document.activeElement;
  // All outside of a dialog is inert.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } finally {
    area.remove();
    focused?.focus({ preventScroll: true });
  }
}
