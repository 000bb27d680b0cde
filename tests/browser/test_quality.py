"""A store that was judged: neighbours, quality, and more maps than panels."""

from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, expect

from tests.browser.site import WHOLE, Site, header
from tests.examples import with_quality
from tests.window import SELECTED, Window


def test_a_store_with_quality_shows_neighbours_and_each_panel_chooses_its_projection(
    browser: Browser, tmp_path: Path
) -> None:
    site = Site(tmp_path, with_quality)
    try:
        window = Window(browser, site.address)
        page = window.page
        expect(page.locator("#quality-umap")).to_contain_text("trust")
        expect(page.locator("#accuracy")).to_contain_text("neighbours")

        # The nearest of a location are highlighted everywhere and head the strip in order.
        location = page.locator(".card").first.get_attribute("data-location")
        assert location is not None
        page.locator(".card").first.click()
        expect(page.locator(".thumbnail img")).to_have_count(60)
        # Photographs have their size once they are loaded.
        page.wait_for_function(
            f"""() => [...document.querySelectorAll('.thumbnail img')].every(
              (image) => ({WHOLE})(image) && image.getBoundingClientRect().right
                <= image.parentElement.getBoundingClientRect().right)"""
        )
        page.get_by_role("button", name="Select these").click()
        header(page).to_contain_text("15 of 120 locations")
        header(page).to_contain_text(f"15 nearest to {location}")
        expect(page.locator(".card")).to_have_count(15)
        rows = page.evaluate(SELECTED)[0]
        graph = site.store.neighbors
        assert graph is not None
        expected = graph.indices[site.predictions.rows[location], :15]
        names = [site.store.location_ids[row] for row in expected]
        assert rows == sorted(expected.tolist())
        shown = page.locator(".card").evaluate_all("cards => cards.map(c => c.dataset.location)")
        assert shown == names

        # Each map is coloured by its own neighbours.
        page.locator("#color-by").click()
        page.get_by_role("option", name="Neighbours kept").click()
        page.wait_for_function("() => document.body.dataset.color === 'number'")
        shade = (
            "(method) => [...document.querySelector(`[data-method=${method}] .map`)"
            ".mapPanel.coloring.index]"
        )
        quality = site.store.projections["umap"].quality
        assert quality is not None
        assert np.allclose(page.evaluate(shade, "umap"), quality.preservation * 254, atol=0.51)
        assert page.evaluate(shade, "pca") != page.evaluate(shade, "umap")

        # Another map takes a panel, selection and ring with it.
        page.locator("#projection-choice-pca").click()
        page.get_by_role("option", name="t-SNE (tsne-other)").click()
        page.locator("[data-method=tsne-other]").wait_for()
        panel = "document.querySelector('[data-method=tsne-other] .map').mapPanel"
        page.wait_for_function(f"() => {panel}.name === 'tsne-other'")
        coordinates = site.store.projections["tsne-other"].coordinates
        assert np.allclose(page.evaluate(f"() => [...{panel}.points]"), coordinates.ravel())
        assert page.evaluate(SELECTED)[0] == rows
        expect(page.locator("[data-method=tsne-other] .ring:not([hidden])")).to_have_count(1)
        page.locator("#clear-selection").click()
        header(page).to_contain_text("all 120 locations")
        assert page.evaluate(SELECTED) == [None, None, None]
        window.check()
    finally:
        site.close()
