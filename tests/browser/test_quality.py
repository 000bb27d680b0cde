"""A store that was judged: neighbours, quality, and more maps than panels."""

from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, expect

from tests.browser.site import Site, drawn_ids, header
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
        page.get_by_role("button", name="Nearest").click()
        header(page).to_contain_text(f"15 of 120 locations15 nearest to {location}")
        expect(page.locator(".card")).to_have_count(15)
        ids = drawn_ids(site)
        rows = page.evaluate(SELECTED)[0]
        graph = site.store.neighbors
        assert graph is not None
        expected = graph.indices[site.predictions.rows[location], :15]
        names = [site.store.location_ids[row] for row in expected]
        assert {ids[row] for row in rows} == set(names)
        shown = page.locator(".card").evaluate_all("cards => cards.map(c => c.dataset.location)")
        assert shown == names

        # Each map is coloured by its own neighbours.
        page.get_by_text("Neighbours kept").click()
        page.wait_for_function("() => document.body.dataset.color === 'preservation'")
        colour = (
            "(method) => [...document.querySelector(`[data-method=${method}] .js-plotly-plot`)"
            "._fullData[0].marker.color]"
        )
        quality = site.store.projections["umap"].quality
        assert quality is not None
        kept = quality.preservation[site.predictions.drawing_order]
        assert np.allclose(page.evaluate(colour, "umap"), kept, atol=1e-3)
        assert page.evaluate(colour, "pca") != page.evaluate(colour, "umap")

        # Another map takes a panel, selection and ring with it.
        page.locator("#projection-choice-pca").click()
        page.get_by_role("option", name="t-SNE (tsne-other)").click()
        page.locator("[data-method=tsne-other]").wait_for()
        drawn = (
            "() => { const graph = document.querySelector('[data-method=tsne-other] "
            ".js-plotly-plot'); return {x: [...graph._fullData[0].x], "
            "selected: graph._fullData[0].selectedpoints, ring: graph.layout.shapes.length}; }"
        )
        page.wait_for_function(f"() => ({drawn})().selected")
        made = page.evaluate(drawn)
        coordinate = site.store.projections["tsne-other"].coordinates
        assert np.allclose(made["x"], coordinate[site.predictions.drawing_order, 0])
        assert sorted(made["selected"]) == sorted(rows)
        assert made["ring"] == 1
        page.locator("#clear-selection").click()
        header(page).to_contain_text("all 120 locations")
        assert page.evaluate(SELECTED) == [None, None, None]
        window.check()
    finally:
        site.close()
