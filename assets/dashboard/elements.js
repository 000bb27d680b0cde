/** Elements of the page. */

/**
 * @param {string} tag @param {Record<string, any>} properties "class" and names with a hyphen are
 *   attributes, functions are listeners, others properties
 * @param {...(Node | string)} children @returns {any}
 */
export function element(tag, properties = {}, ...children) {
  const result = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") result.addEventListener(name, value);
    else if (name === "class" || name.includes("-")) result.setAttribute(name, value);
    else result[name] = value;
  }
  result.append(...children);
  return result;
}

/** An element with one text. @param {string} tag @param {string} words @param {Record<string, any>} [properties] */
export function text(tag, words, properties = {}) {
  return element(tag, properties, words);
}

/** @param {number} value @returns {string} with separators of thousands */
export function number(value) {
  return value.toLocaleString("en");
}
