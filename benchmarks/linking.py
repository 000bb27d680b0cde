"""Three linked maps, ours and Plotly's: `python -m benchmarks.linking`.

- ours: the dashboard over a generated store, served by a process of its own;
- plotly: a page with the same points in three `scattergl` figures, which links them as its
  documentation does: `plotly_selected` in one, `selectedpoints` in all.

Both are driven in headless Chromium by the same lassos. It prints the seconds from letting go of
the lasso until all three maps are repainted, and their ratio (aim: 10 times faster at 25,000 and
100,000 locations; ours within a second at a million). For ours also the seconds until the page is
usable (aim: 3 at 25,000, 5 at 100,000), until a hover shows its label, until the server has
answered for all other views, the megabytes that were sent, and the memory of server and page.

The locations are those of 50 classes, each a Gaussian at a random place of each map; one in five is
predicted wrong. All grows with --locations. Chromium is found as the browser tests find it; without
a graphics card it draws WebGL in software.
"""

import multiprocessing
import os
import statistics
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import plotly.offline
import tyro
from playwright.sync_api import Browser, Page, sync_playwright

from embeddings.results import PROJECTION_TITLES, Projection
from tests.window import FLAGS, chromium
from workbench.store import Store

CLASSES = 50
SIZE = {"width": 1440, "height": 900}
# Notes when the server answers, and whether all has been answered.
WATCHED = """() => {
  const real = window.fetch;
  window.pending = 0;
  window.fetch = async (...request) => {
    window.pending++;
    try { return await real(...request); }
    finally { window.pending--; window.answered = performance.now(); }
  };
}"""
ANSWERED = "() => window.answered > window.began && !window.pending"
DRAWN = """() => {
  const maps = [...document.querySelectorAll('.projection-panel .map')];
  return maps.length === 3 && maps.every((map) => map.mapPanel?.points.length);
}"""
# Seconds from the pointer's release until the frame after the last map was drawn.
OURS = """() => addEventListener('pointerup', (event) => {
  const started = performance.now();
  const panels = [...document.querySelectorAll('.map')].map((map) => map.mapPanel);
  const before = panels.map((panel) => panel.selected);
  // In a frame, as Plotly's below: after it, what was drawn before it is on the screen.
  const wait = () => panels.every((panel, i) => panel.selected !== before[i])
    ? setTimeout(() => { window.took = performance.now() - started; })
    : requestAnimationFrame(wait);
  window.took = null;
  window.began = started;
  wait();
}, { capture: true, once: true })"""
PLOTLY = """() => addEventListener('mouseup', () => {
  const started = performance.now();
  window.took = null;
  window.painted = () => {
    for (const canvas of document.querySelectorAll('canvas.gl-canvas-context')) {
      const gl = canvas.getContext('webgl');
      // Waits until the graphics process has drawn.
      if (gl) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    }
    requestAnimationFrame(() => setTimeout(() => { window.took = performance.now() - started; }));
  };
}, { capture: true, once: true })"""
PLOTLY_PAGE = """<!DOCTYPE html><meta charset="utf-8">
<style>body { display: flex; margin: 0 }</style>
<div id="m0"></div><div id="m1"></div><div id="m2"></div><script src="plotly.js"></script><script>
  const graphs = [0, 1, 2].map((i) => document.getElementById('m' + i));
  const load = async (name, type) => new type(await (await fetch(name)).arrayBuffer());
  (async () => {
    const color = Array.from(await load('label', Uint8Array));
    for (const [i, graph] of graphs.entries()) {
      const xy = await load('xy' + i, Float32Array);
      const x = xy.filter((_, k) => k % 2 === 0), y = xy.filter((_, k) => k % 2 === 1);
      const marker = { color, size: SIZE, colorscale: 'Portland' };
      const layout = { width: 390, height: 320, margin: { l: 8, r: 8, t: 30, b: 8 },
        dragmode: 'lasso', xaxis: { visible: false }, yaxis: { visible: false } };
      await Plotly.newPlot(graph, [{ type: 'scattergl', mode: 'markers', x, y, marker }], layout);
    }
    for (const graph of graphs) graph.on('plotly_selected', async (event) => {
      if (!event || !window.painted) return;
      const painted = window.painted;
      window.painted = null;
      const selectedpoints = [event.points.map((point) => point.pointNumber)];
      for (const other of graphs) await Plotly.restyle(other, { selectedpoints }, [0]);
      painted();
    });
    window.drawn = true;
  })();
</script>"""


@dataclass
class Options:
    locations: tuple[int, ...] = (25_000, 100_000, 1_000_000)
    """numbers of locations"""
    repeats: int = 5
    """lassos on each page"""
    most_plotly: int = 1_000_000
    """most locations that Plotly draws, which takes minutes for a million"""


def generated(n_locations: int) -> Store:
    random = np.random.default_rng(0)
    labels = np.sort(np.arange(n_locations) % CLASSES)
    predicted = np.where(
        random.random(n_locations) < 0.2, random.integers(0, CLASSES, n_locations), labels
    )
    logits = random.standard_normal((n_locations, CLASSES), dtype=np.float32)
    logits[np.arange(n_locations), predicted] += 4
    projections = {}
    for name in PROJECTION_TITLES:
        centres = random.uniform(-10, 10, (CLASSES, 2))
        points = centres[labels] + random.normal(0, 1.2, (n_locations, 2))
        projections[name] = Projection(name, points.astype(np.float32), {}, 0, "generated")
    return Store(
        class_names=tuple(f"Class {number}" for number in range(CLASSES)),
        location_ids=tuple(f"Class {labels[row]}/2015_{row:07d}" for row in range(n_locations)),
        labels=labels.astype(np.int64),
        latitudes=np.full(n_locations, np.nan),
        longitudes=np.full(n_locations, np.nan),
        image_paths=np.empty((n_locations, 0), dtype=np.str_),
        logits=logits,
        features=np.empty((n_locations, 0), dtype=np.float32),
        provenance={},
        projections=projections,
    )


def serve(n_locations: int, port: Connection) -> None:
    """Serve the dashboard over generated locations, and send its port."""
    from waitress import create_server

    from app import ASSETS
    from workbench.dashboard import create_app

    store = generated(n_locations)
    app = create_app(store, "generated.h5", ASSETS, None, None)
    server = create_server(app.server, host="127.0.0.1", port=0, threads=8)
    port.send(server.effective_port)
    server.run()


def resident(pid: int | None, peak: bool = False) -> float:
    """Return the memory of a process in GB, NaN where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return float("nan")
    name = "VmHWM:" if peak else "VmRSS:"
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1e6


def page_memory(browser: Browser) -> float:
    """Return the memory of the browser's processes for pages and graphics, in GB."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(resident(one["id"]) for one in processes if one["type"] in ("renderer", "GPU"))


def lasso(page: Page, box: Any, number: int) -> float:
    """Draw a lasso in a map and return the seconds until all are repainted."""
    x, y = box["x"] + box["width"] * (0.42 + 0.03 * number), box["y"] + box["height"] / 2
    corners = [(x - 60, y - 60), (x + 60, y - 60), (x + 60, y + 60), (x - 60, y + 60)]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=3)
    page.mouse.up()
    page.wait_for_function("() => window.took !== null && window.took !== undefined")
    return float(page.evaluate("() => window.took")) / 1e3


def measure_ours(browser: Browser, n_locations: int, repeats: int) -> list[float]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(n_locations, theirs), daemon=True
    )
    process.start()
    try:
        address = f"http://127.0.0.1:{ours.recv()}"
        page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
        page.set_default_timeout(600_000)
        sent = []
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
        for visit in ("first", "second"):  # The first also computes what the server keeps.
            page.goto("about:blank")  # The same address again would not load the page.
            sent.clear()
            started = time.perf_counter()
            page.goto(f"{address}#page=maps")
            page.wait_for_function(DRAWN)
            usable = time.perf_counter() - started
            page.wait_for_load_state("networkidle")
            print(f"  usable after {usable:.1f} s, {sum(sent) / 1e6:.1f} MB ({visit} visit)")
        box = page.locator("[data-method=pca] canvas").bounding_box()
        page.evaluate(WATCHED)
        took, others = [], []
        for number in range(repeats):
            page.evaluate(OURS)
            took.append(lasso(page, box, number))
            page.wait_for_function(ANSWERED)
            others.append(page.evaluate("() => (window.answered - window.began) / 1e3"))
            page.wait_for_timeout(1000)  # The other views are drawn.
        hover = page.evaluate(HOVER)
        print(
            f"  other views answered after {statistics.median(others):.2f} s, hover "
            f"{hover:.1f} ms, server {resident(process.pid, peak=True):.2f} GB at most, "
            f"page {page_memory(browser):.2f} GB",
            flush=True,
        )
        page.close()
    finally:
        process.terminate()
        process.join()
    return took


# The mean time of an event that moves the pointer, in milliseconds.
HOVER = """() => {
  const canvas = document.querySelector('.map canvas');
  const box = canvas.getBoundingClientRect();
  const started = performance.now();
  for (let i = 0; i < 50; i++) {
    canvas.dispatchEvent(new PointerEvent('pointermove', {
      clientX: box.x + 60 + 4 * i, clientY: box.y + 100 + 2 * i, bubbles: true }));
  }
  return (performance.now() - started) / 50;
}"""


def measure_plotly(browser: Browser, n_locations: int, repeats: int) -> list[float]:
    store = generated(n_locations)
    size = 6 if n_locations <= 3000 else 3
    bodies: dict[str, bytes] = {
        "": PLOTLY_PAGE.replace("SIZE", str(size)).encode(),
        "plotly.js": plotly.offline.get_plotlyjs().encode(),
        "label": store.labels.astype(np.uint8).tobytes(),
    }
    for number, projection in enumerate(store.projections.values()):
        bodies[f"xy{number}"] = projection.coordinates.tobytes()
    page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
    page.set_default_timeout(600_000)
    kinds = {"": "text/html", "plotly.js": "text/javascript"}
    page.route(
        "http://plotly.test/*",
        lambda route: (
            route.fulfill(
                body=bodies[name := route.request.url.rpartition("/")[2]],
                content_type=kinds.get(name, "application/octet-stream"),
            )
            if route.request.url.rpartition("/")[2] in bodies
            else route.abort()
        ),
    )
    started = time.perf_counter()
    page.goto("http://plotly.test/")
    page.wait_for_function("() => window.drawn")
    print(f"  Plotly drawn after {time.perf_counter() - started:.1f} s", flush=True)
    box = page.locator("#m0 .nsewdrag").bounding_box()
    took = []
    for number in range(repeats):
        page.evaluate(PLOTLY)
        took.append(lasso(page, box, number))
    print(f"  page {page_memory(browser):.2f} GB")
    page.close()
    return took


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}; Chromium without a graphics card")
    with sync_playwright() as playwright:
        for n_locations in options.locations:
            print(f"{n_locations:,} locations", flush=True)
            medians = {}
            for name, measure in (("ours", measure_ours), ("plotly", measure_plotly)):
                if name == "plotly" and n_locations > options.most_plotly:
                    continue
                browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
                took = measure(browser, n_locations, options.repeats)
                browser.close()
                medians[name] = statistics.median(took)
                print(f"  {name}: " + ", ".join(f"{one:.3f}" for one in took) + " s", flush=True)
            if "plotly" in medians:
                print(f"  plotly/ours: {medians['plotly'] / medians['ours']:.1f}", flush=True)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
