"""The pages Geography and Calibration: what a click on a state, a cell or a bin selects."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, header, selected_in_all

# The middle of a point of a figure on the page.
POINT = """([id, trace, point]) => {
  const graph = document.querySelector(`#${id} .js-plotly-plot`);
  const box = graph.getBoundingClientRect();
  const { xaxis, yaxis } = graph._fullLayout;
  const { x, y } = graph._fullData[trace];
  return [box.x + xaxis._offset + xaxis.d2p(x[point]), box.y + yaxis._offset + yaxis.d2p(y[point])];
}"""
READY = "(id) => document.querySelector(`#${id} .js-plotly-plot[data-linked]`)?._fullData?.length"


def test_a_state_and_a_cell_of_divisions_narrow(page: Page, site: Site) -> None:
    page.locator("[data-page-name=geography]").click()
    ohio = page.locator("#geography-map [data-state=Ohio]")
    rows = site.store.labels == site.predictions.class_indices["Ohio"]
    recall = site.predictions.correct[rows].mean()
    expect(ohio).to_have_text(f"OH{round(100 * recall)}")
    expect(page.locator("#geography-numbers-status")).to_have_text("n = 120 of 120")
    ohio.focus()
    page.keyboard.press("Enter")
    header(page).to_contain_text("24 of 120 locations")
    assert selected_in_all(page) == np.flatnonzero(rows).tolist()
    expect(page.locator("#geography-numbers-status")).to_have_text("n = 24 of 120")
    # The other states stay on the map.
    expect(ohio).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#geography-map-status")).to_have_text("n = 120")
    median = np.median(site.predictions.columns["kilometers"].values[rows])
    expect(page.locator("#geography-numbers tr").nth(1)).to_contain_text(f"{median:,.0f} km")
    page.locator("#clear-selection").click()
    # East North Central, predicted as Pacific, with the keyboard: one row, three columns on.
    page.wait_for_function(READY, arg="geography-divisions")
    matrix = page.locator("#geography-divisions")
    names = page.evaluate(
        "() => document.querySelector('#geography-divisions .js-plotly-plot').layout.meta"
    )
    matrix.focus()
    for _ in range(names["true"].index("East North Central")):
        page.keyboard.press("ArrowDown")
    for _ in range(names["predicted"].index("Pacific")):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    header(page).to_contain_text("true Illinois, Ohio, predicted Alaska, Hawaii")
    page.locator("#geography-curve-view label", has_text="Area").click()
    expect(page.locator("#geography-numbers thead")).to_contain_text("hold the truth")
    page.wait_for_function("() => location.hash.includes('geography-curve-view=area')")
    page.locator("#geography-curve-view label", has_text="Kilometres").click()
    expect(page.locator("#geography-numbers thead")).to_contain_text("95 % interval")


def test_a_bin_narrows_to_its_confidences(page: Page, site: Site) -> None:
    page.locator("[data-page-name=calibration]").click()
    # Before and after, once the temperature is fitted.
    page.wait_for_function(
        """() => document.querySelector('#calibration-reliability .js-plotly-plot[data-linked]')
        ?._fullData.length === 3"""
    )
    expect(page.locator("#calibration-numbers")).to_contain_text("Temperatures")
    numbers = page.evaluate(
        """() => Array.from(document.querySelector('#calibration-reliability .js-plotly-plot')
        ._fullData[2].customdata[9])"""
    )
    page.mouse.click(*page.evaluate(POINT, ["calibration-reliability", 2, 9]))
    header(page).to_contain_text("confidence")
    confidence = site.predictions.confidences.astype(np.float32)
    rows = np.flatnonzero((confidence >= numbers[0]) & (confidence <= numbers[1]))
    assert len(rows) == numbers[2] == 8
    assert selected_in_all(page) == rows.tolist()
    expect(page.locator("#calibration-confidence")).to_contain_text("right")
    expect(page.locator("#calibration-numbers-status")).to_have_text("n = 120 of 120")
    expect(page.locator("#calibration-latitude-status")).to_have_text("n = 8")
    page.locator("#calibration-latitude").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    header(page).to_contain_text("latitude 30 °")


@pytest.mark.parametrize("name", ["geography", "calibration"])
def test_views_are_saved(page: Page, name: str) -> None:
    page.locator(f"[data-page-name={name}]").click()
    expect(page.locator(f"#{name}-numbers table")).to_be_visible()
    panel = page.locator(f".{name}-numbers-panel")
    for form, start in (
        ("csv", b"measure" if name == "geography" else b"temperature"),
        ("svg", b"<svg"),
    ):
        panel.locator(".download summary").click()
        with page.expect_download() as download:
            panel.locator(f"[data-download={form}]").click()
        assert download.value.path().read_bytes().startswith(start)
