"""The page of the errors, as a person uses it."""

import re

import numpy as np
import pytest
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


def test_matrix_and_curves_by_keyboard(page: Page, site: Site) -> None:
    names = site.store.class_names
    labels, predicted = site.store.labels, site.predictions.predicted_labels
    page.locator("nav [data-page-name=errors]").click()
    matrix = page.locator("#errors-matrix")
    expect(page.locator("#errors-matrix .main-svg").first).to_be_visible()
    matrix.focus()
    cursor, said = page.locator("#errors-matrix .matrix-cursor"), page.locator("#map-live")
    expect(cursor).to_be_visible()
    expect(said).to_contain_text(f"true {names[0]}, predicted {names[0]}")
    matrix.press("End")
    expect(said).to_contain_text(f"true {names[0]}, predicted {names[-1]}")
    matrix.press("ArrowDown")
    cell = (labels == 1) & (predicted == len(names) - 1)
    expect(said).to_have_text(f"true {names[1]}, predicted {names[-1]}: {cell.sum()}")
    for _ in names:
        matrix.press("ArrowLeft")
    expect(said).to_have_text(f"true {names[1]}")
    matrix.press("Enter")
    header(page).to_contain_text(f"{(labels == 1).sum()} of 120 locations")
    matrix.press("Enter")
    header(page).to_contain_text("no filter")
    matrix.press("ArrowRight")
    small = cursor.bounding_box()
    matrix.press("Shift+ArrowRight")
    matrix.press("Shift+ArrowDown")
    large = cursor.bounding_box()
    assert small
    assert large
    assert large["width"] == pytest.approx(2 * small["width"], abs=4)
    matrix.press("Enter")
    block = np.isin(labels, [1, 2]) & np.isin(predicted, [0, 1])
    header(page).to_contain_text(f"{block.sum()} of 120 locations")
    assert selected_in_all(page) == np.flatnonzero(block).tolist()
    matrix.press("Enter")
    header(page).to_contain_text("no filter")

    page.locator("nav [data-page-name=states]").click()
    curves = page.locator("#class-curves")
    expect(page.locator("#class-curves .scatterlayer .trace").first).to_be_visible()
    curves.focus()
    curves.press("ArrowDown")
    expect(said).to_contain_text("true positive rate")
    name = str(said.text_content()).split()[0]
    expect(page.locator("#class-curves .hoverlayer .hovertext")).to_be_visible()
    curves.press("Enter")
    header(page).to_contain_text(name)
    header(page).to_contain_text("24 of 120 locations")
