"""The table of the selected locations."""

import csv
import io

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, header

ROWS = "#location-table tbody tr"


@pytest.fixture(scope="module")
def frame(site: Site) -> pd.DataFrame:
    """The locations in the random order, in which equal numbers stay."""
    store, predictions = site.store, site.predictions
    names = pd.Series(store.class_names)
    columns = {name: column.values for name, column in predictions.columns.items()}
    known = {"id": store.location_ids, "label": store.labels, "true": names[store.labels].tolist()}
    predicted = {"prediction": predictions.predicted_labels, "correct": predictions.correct}
    frame = pd.DataFrame(known | predicted | columns)
    return frame.iloc[predictions.drawing_order]


IN_ORDER = """(ids) => {
  const rows = [...document.querySelectorAll('#location-table tbody tr')];
  return rows.length > 2
    && rows.every((row) => row.dataset.location === ids[row.getAttribute('aria-rowindex') - 2]);
}"""


def shown(page: Page) -> list[str]:
    ids: list[str] = page.locator(ROWS).evaluate_all("(all) => all.map((e) => e.dataset.location)")
    return ids


def test_the_table_shows_the_selection_in_the_gallerys_order(
    page: Page, frame: pd.DataFrame
) -> None:
    page.locator("#gallery-view label", has_text="Table").click()
    expect(page.locator("#gallery-status")).to_have_text("120 of 120 locations")
    # A click on a head sets the order, for the cards too; a second one turns it.
    for name in ("confidence", "label", "correct", "id", "kilometers"):
        for ascending in (True, False):
            page.locator(f"#location-table [data-sort='{name}']").click()
            direction = "ascending" if ascending else "descending"
            head = page.locator(f"#location-table th:has([data-sort='{name}'])")
            expect(head).to_have_attribute("aria-sort", direction)
            ids = frame.sort_values(name, ascending=ascending, kind="stable")["id"].tolist()
            # From the top, or where the opened location stands.
            page.wait_for_function(IN_ORDER, arg=ids)
    assert 2 < len(shown(page)) < 40  # Only what is in view.
    page.locator("#gallery-view label", has_text="Cards").click()
    expect(page.locator(".card").first).to_have_attribute("data-location", ids[0])
    page.locator("#gallery-view label", has_text="Table").click()
    # Keys move, Enter opens, and the end is reached.
    table = page.locator("#location-table")
    expect(table).to_be_visible()
    table.press("Home")
    table.press("ArrowDown")
    table.press("Enter")
    expect(page.locator("#location-title")).to_contain_text(ids[1])
    expect(page.locator("#location-position")).to_have_text("2 of 120")
    table.press("End")
    expect(page.locator(ROWS).last).to_have_attribute("data-location", ids[-1])
    page.locator(ROWS).last.click()
    expect(page.locator("#location-position")).to_have_text("120 of 120")
    expect(page.locator(f"{ROWS}.active")).to_have_attribute("data-location", ids[-1])
    # It follows the selection, its columns are chosen, and a reload changes nothing.
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120")
    expect(page.locator("#gallery-status")).to_have_text("24 of 120 locations")
    page.locator("#columns-menu summary").click()
    page.locator("#columns-menu label", has_text="Entropy").click()
    page.keyboard.press("Escape")
    expect(page.locator("#location-table th").last).to_have_text("Entropy")
    page.reload()
    expect(page.locator("#location-table th").last).to_have_text("Entropy")
    ohio = frame[frame["true"] == "Ohio"].sort_values("kilometers", ascending=False, kind="stable")
    expect(page.locator(ROWS).first).to_have_attribute("data-location", ohio["id"].iloc[0])
    with page.expect_download() as download:
        page.locator("#table-download").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8"))))
    assert [row["id"] for row in rows] == ohio["id"].tolist()
    assert [float(row["entropy"]) for row in rows] == pytest.approx(ohio["entropy"].tolist())
