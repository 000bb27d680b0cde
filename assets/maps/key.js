/** What the colours mean, above the list of classes. */

/** @param {{kind: string, unit?: string, title?: string, min?: number, max?: number}} key */
export function showKey(key) {
  document.body.dataset.color = key.kind;
  if (key.kind !== "number") return;
  const [low, high] = document.querySelectorAll(".key-number .end");
  low.textContent = written(key.min, key.unit);
  high.textContent = written(key.max, key.unit);
}

function written(value, unit) {
  if (unit === "share") return `${Math.round(value * 100)} %`;
  const short = Number(value.toPrecision(4)).toString();
  return unit ? `${short} ${unit}` : short;
}
