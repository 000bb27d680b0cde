/** What the colours mean, above the list of classes. */

/** @param {{kind: string, unit?: string, min?: number, max?: number, scale?: [number, string][]}} key */
export function showKey(key) {
  document.body.dataset.color = key.kind;
  if (key.kind !== "number") return;
  const [low, high] = document.querySelectorAll(".key-number .end");
  low.textContent = written(key.min, key.unit);
  high.textContent = written(key.max, key.unit);
  const stops = key.scale.map(([share, color]) => `${color} ${share * 100}%`);
  document.querySelector(".key-number .ramp").style.background = `linear-gradient(to right, ${stops})`;
}

function written(value, unit) {
  if (unit === "share") return `${Math.round(value * 100)} %`;
  const short = Number(value.toPrecision(4)).toString();
  return unit ? `${short} ${unit}` : short;
}
