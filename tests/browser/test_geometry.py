"""Photographs and maps of any shape have one geometry on the page, and nothing is hidden."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from common.progress import ProgressCallback, no_progress
from tests.browser.site import Explainer, Site, loaded
from tests.examples import SHAPES, mark_place, marked_photograph
from tests.window import Window
from trainer.data import decode
from workbench.attribution.explainer import PartialCallback
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.store import Store

PLACES = ((0.1, 0.5), (0.9, 0.12), (0.5, 0.9), (0.1, 0.1))  # N, E, S, W; near the edges.


class MarkExplainer(Explainer):
    """Explains a model that sees only the red mark."""

    def explain(
        self,
        location_id: str,
        request: AttributionRequest,
        progress: ProgressCallback = no_progress,
        on_partial: PartialCallback | None = None,
    ) -> Attribution:
        store = self.predictions.store
        names = store.image_paths[self.predictions.rows[location_id]]
        views = decode.read_views([Path(store.provenance["data"], name) for name in names], 64)
        red = views[:, 0].numpy().astype(np.float32) - views[:, 1].numpy() - 40
        values = red.clip(0) / 1e5
        made = super().explain(location_id, request, progress, on_partial)
        return replace(made, values=values)


def with_marks(store: Store) -> Store:
    """Paint the photographs of a store; no two views of a location have the same shape."""
    shapes = list(SHAPES.values())
    for row in range(len(store)):
        for view, (name, place) in enumerate(zip(store.image_paths[row], PLACES, strict=True)):
            shape = shapes[(row + 2 * view) % len(shapes)]
            marked_photograph(Path(store.provenance["data"], name), place=place, **shape)
    return store


BOXES = """(all) => all.map((image) => image.getBoundingClientRect())
  .map((box) => [box.x, box.y, box.right, box.bottom])"""


def places(page: Page, selector: str) -> list[tuple[float, float]]:
    """Return where the mark is in each picture on the page, as fractions of its box."""
    boxes = np.round(page.locator(selector).evaluate_all(BOXES)).astype(int).tolist()
    seen = np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB"))
    return [mark_place(seen[top:bottom, left:right]) for left, top, right, bottom in boxes]


def expect_marks(page: Page, selector: str) -> None:
    """Assert that the marks are at `PLACES`; the page may still be drawing."""
    loaded(page, selector, 4)
    for _ in range(20):
        if np.allclose(places(page, selector), PLACES, atol=0.025):
            return
        page.wait_for_timeout(200)
    assert np.allclose(places(page, selector), PLACES, atol=0.025), selector


def test_a_mark_and_its_map_have_one_place_on_the_page(browser: Browser, tmp_path: Path) -> None:
    site = Site(tmp_path, with_marks, MarkExplainer, classes=("Ohio", "Utah"), locations=2)
    try:
        window = Window(browser, site.address)
        page = window.page
        page.locator(".card").first.click()
        expect(page.locator("#completeness")).to_be_attached()
        kinds = {
            "Map": ["#views img", ".overlays img", ".card.active img"],
            "Selection": [".mean img", ".prototype:first-child img"],
        }
        for tab, selectors in kinds.items():
            page.locator("#tab label", has_text=tab).click()
            if tab == "Selection":
                page.locator("#aggregate-compute").click()
                expect(page.locator(".mean-info .label")).to_contain_text("mean of 4 maps")
            for selector in selectors:
                expect_marks(page, selector)
        window.check()
        page.close()
    finally:
        site.close()
