/**
 * Cards of the gallery and thumbnails of neighbours, from the ids that the server names. Plain
 * elements: for some hundred of its own, Dash takes seconds.
 *
 * @typedef {import("./table.js").Table} Table
 */

/**
 * Fill the gallery.
 *
 * @param {{ids: string[], numbers: string[], title: string}} cards `title` says what the numbers are
 * @param {Table} table @param {string} prefix of the server's addresses
 */
export function showCards({ ids, numbers, title }, table, prefix) {
  const gallery = document.getElementById("gallery");
  gallery.replaceChildren(...ids.map((id, i) => card(table, table.ids.rowOf(id), numbers[i], title, prefix)));
  gallery.scrollLeft = 0;
}

/** Fill the neighbours of a location. @param {string[]} ids the nearest first @param {string | null} active */
export function showThumbnails(ids, active, table, prefix) {
  const labels = table.column("label");
  const own = labels[table.ids.rowOf(active)];
  const thumbnails = ids.map((id) => {
    const label = labels[table.ids.rowOf(id)];
    const name = table.classNames[label];
    const button = opener(id, label === own ? "thumbnail" : "thumbnail other", `${id}: true ${name}`);
    button.setAttribute("aria-label", button.title);
    button.append(...(table.manifest.photographs.length ? photographs(id, table, prefix) : [name.slice(0, 3)]));
    return button;
  });
  document.getElementById("neighbors").replaceChildren(...thumbnails);
}

function card(table, row, number, title, prefix) {
  const id = table.ids.at(row);
  const [true_, predicted] = ["label", "prediction"].map((name) => table.classNames[table.column(name)[row]]);
  const correct = true_ === predicted;
  const button = opener(id, "card", `${id}: true ${true_}, predicted ${predicted}`);
  const panorama = span("panorama", "");
  const views = photographs(id, table, prefix);
  panorama.append(...(views.length ? views : [span("", "no photographs")]));
  const caption = span("caption", "");
  const value = span("number", number);
  value.title = title;
  caption.append(span(correct ? "mark correct" : "mark wrong", correct ? "✓" : "✗"), span("true", true_), value);
  const below = span("caption predicted", "");
  below.append(span("", correct ? "as predicted" : `predicted ${predicted}`));
  button.append(panorama, caption, below);
  return button;
}

function opener(id, className, title) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className, title });
  button.dataset.location = id;
  return button;
}

/** The views of a location; assets/lazy_photographs.js loads them when they come into view. */
function photographs(id, table, prefix) {
  const path = id.split("/").map(encodeURIComponent).join("/");
  return table.manifest.photographs.map((heading) => {
    const image = document.createElement("img");
    image.alt = `view ${heading} of ${id}`;
    image.draggable = false;
    image.dataset.src = `${prefix}photograph/${path}/${heading}`;
    return image;
  });
}

function span(className, text) {
  const result = document.createElement("span");
  if (className) result.className = className;
  result.textContent = text;
  return result;
}
