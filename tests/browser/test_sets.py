"""Sets, downloads and the dark page, as a person uses them."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from common.tables import to_csv
from tests.browser.site import Site, header, selected_in_all
from tests.browser.test_selection_bar import selected
from tests.workbench.dashboard.examples import step


def downloaded(page: Page, press: Callable[[], Any]) -> Path:
    with page.expect_download() as download:
        press()
    return Path(download.value.path())


def save_as(page: Page, name: str) -> None:
    page.locator("#save-set").click()
    form = page.locator("#sets-drawer form")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Tags").fill("first, second")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#sets-drawer li .name", has_text=name)).to_be_visible()


def test_sets_are_saved_restored_compared_and_deleted(page: Page, site: Site) -> None:
    predictions = site.predictions
    ohio = predictions.store.labels == predictions.class_indices["Ohio"]
    wrong = ~predictions.correct
    page.locator("[data-class=Ohio]").click()
    save_as(page, "<b>Ohio</b>")
    page.evaluate(
        "(data) => dash_clientside.set_props('selection', { data })", [step("correct", value=False)]
    )
    selected(page, site, wrong)
    save_as(page, "wrong")
    drawer = page.locator("#sets-drawer")
    drawer.get_by_role("button", name="<b>Ohio</b>", exact=True).click()
    selected(page, site, ohio)
    expect(page.locator(".chip")).to_have_text(["Ohio×"])
    drawer.get_by_label("Compare <b>Ohio</b>").click()
    drawer.get_by_label("Compare wrong").click()
    parts = drawer.locator(".comparison button")
    for number, expected in enumerate((ohio & ~wrong, ohio & wrong, wrong & ~ohio)):
        expect(parts.nth(number)).to_contain_text(f"{expected.sum()}")
        parts.nth(number).click()
        selected(page, site, expected)
    drawer.get_by_label("Rename wrong").click()
    drawer.get_by_role("textbox", name="Name").fill("<b>Ohio</b>")
    drawer.get_by_role("button", name="Save").click()
    expect(drawer.get_by_role("status")).to_contain_text("choose another")
    drawer.get_by_role("textbox", name="Name").fill("mistakes")
    drawer.get_by_role("button", name="Save").click()
    drawer.get_by_label("Delete mistakes").click()
    expect(drawer.locator("li")).to_have_count(1)
    drawer.get_by_role("button", name="Undo").click()
    expect(drawer.locator("li")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.locator("#open-sets")).to_be_focused()


def test_a_list_of_a_thousand_ids_selects_and_comes_back(page: Page, site: Site) -> None:
    store = site.predictions.store
    wanted = [*store.location_ids[::2], *(f"Nowhere/2015_{i}" for i in range(940))]
    menu = page.locator("#filter-menu")
    menu.locator("summary").click()
    menu.get_by_label("By").select_option("ids")
    menu.get_by_role("textbox").fill("\r\n".join(wanted))
    menu.get_by_role("button", name="Apply").click()
    expected = np.arange(len(store)) % 2 == 0
    selected(page, site, expected)
    path = downloaded(page, lambda: page.locator("#download-selection").click())
    frame = pd.read_csv(path)
    assert frame["id"].tolist() == list(store.location_ids[::2])
    predicted = np.array(store.class_names)[site.predictions.predicted_labels[::2]]
    assert frame["predicted"].tolist() == predicted.tolist()
    assert frame["confidence"].to_numpy() == pytest.approx(site.predictions.confidences[::2])
    assert frame["latitude"].to_numpy() == pytest.approx(store.latitudes[::2], abs=1e-4)
    assert selected_in_all(page) == np.flatnonzero(expected).tolist()


def test_every_view_is_a_picture_and_a_table(page: Page, site: Site) -> None:
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    tables = {}
    for panel in ("#panel-umap", "histograms", ".curves-panel", ".confusion-panel"):
        if panel == ".curves-panel":
            page.locator("#curves-view label").last.click()
        for form in ("png", "svg", "csv"):
            place = ".curves-panel" if panel == "histograms" else panel
            menu = page.locator(f"{place} .download")
            menu.locator("summary").click()
            press = menu.locator(f"[data-download={form}]").click
            path = downloaded(page, press)
            if form == "png":
                with Image.open(path) as picture:
                    if panel != "histograms":
                        view = page.locator(f"{panel} :is(.map, .js-plotly-plot)")
                        width = view.evaluate("(view) => view.clientWidth")
                        assert picture.width == pytest.approx(2 * width, abs=2)
                    assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
            elif form == "svg":
                assert path.read_text().startswith("<svg")
            else:
                tables[panel] = pd.read_csv(path)
    points = tables["#panel-umap"]
    coordinates = site.predictions.store.projections["umap"].coordinates
    assert points[["x", "y"]].to_numpy() == pytest.approx(coordinates)
    assert points["selected"].sum() == 24
    assert set(tables[".curves-panel"]["name"]) == {"Ohio"}
    confidence = tables["histograms"].query("column == 'confidence'")
    assert (confidence["all"].sum(), confidence["selected"].sum()) == (120, 24)
    page.locator("#curves-view label").first.click()
    matrix = tables[".confusion-panel"]
    assert matrix["true"].tolist() == ["Ohio"]
    assert matrix.drop(columns="true").to_numpy().sum() == 24


def test_cells_are_those_of_the_tables_of_commands(page: Page) -> None:
    cells = ["=1+1", "+1", "-a", "@a", "'", "a,b", 'say "a"', "two\nlines", "＝1", "plain", ""]
    written = page.evaluate(
        """async (cells) => {
          const { csv } = await import(new URL('assets/dashboard/csv.js', document.baseURI));
          return csv(['a', 'b'], cells.map((cell) => [cell, 1.5]));
        }""",
        cells,
    )
    assert written == to_csv(pd.DataFrame({"a": cells, "b": 1.5}))
    assert len(pd.read_csv(io.StringIO(written))) == len(cells)


def test_the_page_is_dark_or_light_and_remembers_it(page: Page) -> None:
    forget = "() => { localStorage.clear(); delete document.documentElement.dataset.theme; }"
    # The ground of a map and of a panel, and the writing on it.
    shown = """() => {
      const map = document.querySelector('.map').mapPanel;
      const style = getComputedStyle(document.querySelector('.panel'));
      const [ground, panel, ink] = [map.raster.pixels[0] & 255,
        ...[style.backgroundColor, style.color].map((color) => Number(color.match(/\\d+/)[0]))];
      return %s;
    }"""
    page.evaluate(forget)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(shown % "ground < 60 && panel < 60 && ink > 200")
    page.locator("#theme").click()
    page.wait_for_function(shown % "ground > 200 && panel > 200 && ink < 60")
    assert json.loads(page.evaluate("() => JSON.stringify({ ...localStorage })")) == {
        "resnetbolt-theme": "light"
    }
    page.evaluate(forget)
    page.emulate_media(color_scheme="light")
