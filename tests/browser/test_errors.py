"""The page of the errors, as a person uses it."""

import re

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.site import Site, header, selected_in_all


def test_confusions_are_selected_from_list_and_matrix(page: Page, site: Site) -> None:
    predictions, names = site.predictions, site.store.class_names
    labels, predicted = site.store.labels, predictions.predicted_labels
    page.locator("nav [data-page-name=errors]").click()
    first = page.locator("#confusions [data-true]").first
    true, other = first.get_attribute("data-true"), first.get_attribute("data-predicted")
    assert true
    assert other
    a, b = names.index(true), names.index(other)
    first.click()
    header(page).to_contain_text(f"true {true}, predicted {other}")
    rows = np.flatnonzero((labels == a) & (predicted == b))
    assert selected_in_all(page) == rows.tolist()
    expect(page.locator("#confusions [aria-pressed=true]")).to_have_count(1)
    expect(page.locator("#errors-matrix .shapelayer path")).to_have_count(1)

    page.locator("#clear-selection").click()
    page.locator("#confusions-ways label", has_text="Both").click()
    expect(first).to_have_attribute("data-ways", "both")
    expect(first).to_contain_text(re.compile("⇄"))
    a, b = (names.index(str(first.get_attribute(f"data-{one}"))) for one in ("true", "predicted"))
    first.click()
    wrong = ((labels == a) & (predicted == b)) | ((labels == b) & (predicted == a))
    header(page).to_contain_text(f"{wrong.sum()} of 120 locations")
    assert selected_in_all(page) == np.flatnonzero(wrong).tolist()
    assert "confusions-ways=both" in page.url

    page.locator("#clear-selection").click()
    page.locator("#errors-matrix .ytick text", has_text="Ohio").click()
    page.locator("#errors-matrix .xtick text", has_text="Alaska").click()
    cell = (labels == names.index("Ohio")) & (predicted == names.index("Alaska"))
    header(page).to_contain_text(f"{cell.sum()} of 120 locations")
    page.locator("#errors-matrix .ytick text", has_text="Ohio").click()
    header(page).to_contain_text(f"{(predicted == names.index('Alaska')).sum()} of 120 locations")
    page.locator("#confusions-ways label", has_text="One").click()
    page.locator(".example").first.click()
    expect(page.locator("#location-title code")).to_be_visible()
