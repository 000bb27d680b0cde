/** The menu behind "+ filter": a form for each kind of filter. */

/**
 * @param {import("./table.js").Table} table
 * @param {(filter: import("./selection.js").Filter) => void} apply
 */
export function connectFilterMenu(table, apply) {
  const menu = document.getElementById("filter-menu");
  const close = () => {
    menu.open = false;
    menu.querySelector("summary").focus();
  };
  // The form is there only while the menu is open.
  menu.addEventListener("toggle", () => {
    menu.querySelector("form")?.remove();
    if (menu.open) menu.append(filterForm(table, (filter) => (apply(filter), close())));
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    // The page's own keys are not meant.
    event.stopPropagation();
  });
}

function filterForm(table, apply) {
  const form = document.createElement("form");
  const kind = select("By", [
    ["true", "true class"],
    ["predicted", "predicted class"],
    ["correct", "right or wrong"],
    ...numbers(table).map((column) => [column.name, column.title.toLowerCase()]),
    ["search", "text in id or class"],
    ["ids", "list of ids"],
  ]);
  const fields = document.createElement("div");
  fields.className = "fields";
  const submit = document.createElement("button");
  submit.className = "quiet";
  submit.textContent = "Apply";
  form.append(kind.label, fields, submit);
  kind.input.addEventListener("change", () => fill(fields, kind.input.value, table));
  fill(fields, kind.input.value, table);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const filter = read(kind.input.value, fields);
    if (filter) apply(filter);
  });
  return form;
}

function numbers(table) {
  return table.manifest.columns.filter(({ dtype, name }) => dtype === "float32" && !name.startsWith("projection/"));
}

function fill(fields, kind, table) {
  if (kind === "true" || kind === "predicted") {
    const names = select("Classes", table.classNames.map((name) => [name, name]));
    names.input.multiple = true;
    names.input.size = Math.min(10, table.classNames.length);
    fields.replaceChildren(names.label);
  } else if (kind === "correct") {
    fields.replaceChildren(select("Prediction", [["true", "right"], ["false", "wrong"]]).label);
  } else if (kind === "search") {
    fields.replaceChildren(input("Text", "search").label);
  } else if (kind === "ids") {
    const list = field("Ids, one a line", document.createElement("textarea"));
    list.input.rows = 6;
    fields.replaceChildren(list.label);
  } else {
    const { min, max } = table.described.get(kind);
    const [low, high] = [input("From", "number"), input("To", "number")];
    low.input.placeholder = short(min);
    high.input.placeholder = short(max);
    low.input.step = high.input.step = "any";
    fields.replaceChildren(low.label, high.label);
  }
}

/** @returns {import("./selection.js").Filter | null} */
function read(kind, fields) {
  const [first, second] = fields.querySelectorAll("select, input, textarea");
  if (kind === "true" || kind === "predicted") {
    const names = Array.from(first.selectedOptions, (option) => option.value);
    return names.length ? { kind: "class", of: kind, names } : null;
  }
  if (kind === "correct") return { kind, value: first.value === "true" };
  const text = first.value.trim();
  if (kind === "search") return text ? { kind, text } : null;
  if (kind === "ids") {
    const ids = text.split(/\r?\n/).map((id) => id.trim()).filter(Boolean);
    return ids.length ? { kind, ids } : null;
  }
  const number = (place) => (place.value === "" ? null : Number(place.value));
  const [min, max] = [number(first), number(second)];
  return min === null && max === null ? null : { kind: "range", column: kind, min, max };
}

function short(value) {
  return Number(value.toPrecision(3)).toString();
}

function select(text, options) {
  const element = document.createElement("select");
  for (const [value, title] of options) element.add(new Option(title, value));
  return field(text, element);
}

function input(text, type) {
  const element = document.createElement("input");
  element.type = type;
  return field(text, element);
}

/** @template {HTMLElement} T @param {string} text @param {T} element @returns {{label: HTMLElement, input: any}} */
function field(text, element) {
  const label = document.createElement("label");
  label.append(text, element);
  return { label, input: element };
}
