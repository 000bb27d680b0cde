"""A dashboard that is served over a small store, and what a test asks of its page."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import flask
import numpy as np
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from app import ASSETS
from common.errors import InputError
from common.progress import ProgressCallback, no_progress
from tests.examples import small_store
from tests.window import SELECTED
from tests.workbench.dashboard.examples import attribution, examined
from workbench.attribution.explainer import PartialCallback
from workbench.attribution.request import METHOD_TITLES, AttributionRequest
from workbench.attribution.result import Attribution
from workbench.dashboard.page import create_app
from workbench.dashboard.sets import Sets
from workbench.evaluation.predictions import Predictions
from workbench.export.options import Options
from workbench.store import Store
from workbench.store.photographs import Photographs

STEPS = 24


class Explainer:
    """Explains at once, but stops at step 12 and before the evidence while its gates are closed."""

    def __init__(self, store: Store) -> None:
        self.predictions = Predictions(store)
        self.gate, self.evidence_gate = threading.Event(), threading.Event()
        self.broken = False
        self.reset()

    def reset(self) -> None:
        self.gate.set()
        self.evidence_gate.set()
        self.broken = False

    def resolve(self, location_id: str, request: AttributionRequest) -> AttributionRequest:
        if request.baseline_location == location_id:
            raise InputError(f"{location_id}: is its own baseline; explain another location.")
        row, name = self.predictions.rows[location_id], self.predictions.class_names
        return request.resolve(
            name[self.predictions.predicted_labels[row]], name[self.predictions.store.labels[row]]
        )

    def explain(
        self,
        location_id: str,
        request: AttributionRequest,
        progress: ProgressCallback = no_progress,
        on_partial: PartialCallback | None = None,
    ) -> Attribution:
        generator = np.random.default_rng(self.predictions.rows[location_id])
        values = generator.normal(0, 0.001, (4, 64, 64)).astype(np.float32)
        made = replace(
            attribution(location_id, request),
            values=values,
            # The map misses the output difference of two by its own sum.
            output=float(values.sum(dtype=np.float64)) + 2,
            baseline_output=0.0,
        )
        for step in range(STEPS + 1):
            stage = f"{METHOD_TITLES[request.method]}: {step} gradients, map error 2.1%"
            progress(step / STEPS, stage)
            if on_partial and step > 9:
                on_partial(made)
            while step == 12 and not self.gate.wait(0.02):
                progress(step / STEPS, stage)
            if step == 20 and self.broken:
                raise InputError("The photographs have changed; extract the store again.")
        return made

    def check(
        self, attribution: Attribution, progress: ProgressCallback = no_progress
    ) -> Attribution:
        progress(0.4, "deletion and insertion")
        while not self.evidence_gate.wait(0.02):
            progress(0.4, "deletion and insertion")
        return examined(attribution)


class Server:
    """Serves an application in a thread, each response in one piece.

    Werkzeug would leave a file open whose reader has gone.
    """

    def __init__(self, application: flask.Flask) -> None:
        def serve(environ: Any, start_response: Any) -> list[bytes]:
            response = application(environ, start_response)
            try:
                return [b"".join(response)]
            finally:
                if hasattr(response, "close"):
                    response.close()

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, serve, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Site:
    """A dashboard that is served, and what it was made of."""

    def __init__(
        self,
        folder: Path,
        change: Callable[[Store], Store] = lambda store: store,
        explainer: Callable[[Store], Explainer] = Explainer,
        **example: Any,
    ) -> None:
        self.folder = folder
        self.store = change(small_store(folder / "small.h5", folder / "data", **example))
        self.predictions = Predictions(self.store)
        self.explainer = explainer(self.store)
        photographs = Photographs(folder / "data", self.store)
        saved = Sets(folder / "small.h5.sets.sqlite")
        app = create_app(
            self.store,
            "small.h5",
            ASSETS,
            photographs,
            self.explainer,
            saved_sets=saved,
            export_options=Options(stores=(folder / "small.h5",), out=folder),
        )
        self.server = Server(app.server)
        self.address = self.server.address

    def close(self) -> None:
        self.server.close()


# Where each location stands on the page in a map, by row.
PLACES = """(method) => {
  const panel = document.querySelector(`[data-method=${method}] .map`).mapPanel;
  const box = panel.canvas.getBoundingClientRect();
  return Array.from({ length: panel.points.length / 2 }, (_, row) => panel.place(row))
    .map(([x, y]) => [box.x + x, box.y + y]);
}"""


# Whether an image shows all of its photograph, as the square that the model sees.
WHOLE = """(image) => {
  const { width, height } = image.getBoundingClientRect();
  return Math.abs(width - height) < 1 && getComputedStyle(image).objectFit === 'fill';
}"""


def selected_in_all(page: Page) -> list[int] | None:
    """Return the rows highlighted in the maps, which must be the same in all three."""
    same = f"() => new Set(({SELECTED})().map((rows) => JSON.stringify(rows))).size === 1"
    page.wait_for_function(same)
    first: list[int] | None = page.evaluate(SELECTED)[0]
    return first


def classes_of(site: Site, rows: list[int]) -> set[str]:
    return {site.predictions.class_names[site.store.labels[row]] for row in rows}


def open_card(page: Page, number: int) -> str:
    """Open the location of a card of the gallery and return its id."""
    name = page.locator(".card").nth(number).get_attribute("data-location")
    assert name
    card = page.locator(f'.card[data-location="{name}"]')
    # No click of the mouse: the gallery may be scrolling to the card that was open.
    card.focus()
    card.dispatch_event("click")
    expect(page.locator("#location-title")).to_contain_text(name)
    return name


def header(page: Page) -> Any:
    return expect(page.locator("#selection-summary"))


def loaded(page: Page, selector: str, count: int) -> None:
    page.wait_for_function(
        """([selector, count]) => {
          const all = [...document.querySelectorAll(selector)];
          return all.length === count && all.every((image) => image.naturalWidth > 0);
        }""",
        arg=[selector, count],
    )
