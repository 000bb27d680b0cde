/** The search box of the header: an id opens its location, any other text narrows the selection. */

/** @param {{open: (id: string) => boolean, search: (text: string) => void}} actions */
export function connectSearch({ open, search }) {
  const box = document.createElement("input");
  box.id = "search";
  box.type = "search";
  box.autocomplete = "off";
  box.placeholder = "Search ids and classes  /";
  box.setAttribute("aria-label", "Search ids and classes");
  box.addEventListener("keydown", (event) => {
    const text = box.value.trim();
    if (event.key !== "Enter" || !text) return;
    if (!open(text)) search(text);
    box.value = "";
  });
  document.getElementById("search-box").replaceChildren(box);
}
