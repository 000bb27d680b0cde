"""Selecting in maps, legend, matrix and strip, in a real browser with an empty console."""

import re

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.site import Site, classes_of, header, loaded, selected_in_all
from tests.window import SELECTED


def test_a_legend_click_highlights_in_all_maps_and_narrows_everything(
    page: Page, site: Site
) -> None:
    page.locator("[data-class=Hawaii]").click()
    header(page).to_contain_text("24 of 120 locations")
    header(page).to_contain_text("Hawaii")
    rows = selected_in_all(page)
    assert rows is not None
    assert len(rows) == 24
    assert classes_of(site, rows) == {"Hawaii"}
    expect(page.locator("[data-class=Hawaii]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#gallery-status")).to_have_text("showing all 24")
    expect(page.locator(".card")).to_have_count(24)
    assert set(page.locator(".card .true").all_inner_texts()) == {"Hawaii"}
    expect(page.locator("#confusion .ytick text")).to_have_text(["Hawaii"])
    expect(page.locator("#roc .legendtext")).to_have_text([re.compile(r"^Hawaii 0\.\d{3}$")])
    expect(page.locator("#accuracy")).to_contain_text("all 88.3 %")

    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("48 of 120 locations")
    expect(page.locator("#confusion .ytick text")).to_have_text(["Hawaii", "Ohio"])
    page.locator("[data-class=Hawaii]").click()
    header(page).to_contain_text("24 of 120 locations")
    page.locator("#clear-selection").click()
    header(page).to_contain_text("all 120 locations")
    page.wait_for_function(f"() => ({SELECTED})().every((rows) => rows === null)")
    expect(page.locator("[data-class][aria-pressed=true]")).to_have_count(0)


def test_a_class_can_be_selected_with_the_keyboard(page: Page) -> None:
    page.locator("[data-class=Arizona]").focus()
    page.keyboard.press("Enter")
    header(page).to_contain_text("Arizona")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    header(page).to_contain_text("Arizona, Hawaii")


def test_a_cell_of_the_confusion_matrix_narrows_to_its_locations(page: Page, site: Site) -> None:
    count = np.zeros((5, 5), dtype=int)
    np.add.at(count, (site.store.labels, site.predictions.predicted_labels), 1)
    np.fill_diagonal(count, 0)
    true, predicted = np.unravel_index(count.argmax(), count.shape)
    box = page.locator("#confusion .nsewdrag").bounding_box()
    assert box
    page.mouse.click(
        box["x"] + box["width"] * (predicted + 0.5) / 5, box["y"] + box["height"] * (true + 0.5) / 5
    )
    names = site.predictions.class_names
    header(page).to_contain_text(f"true {names[true]}, predicted {names[predicted]}")
    header(page).to_contain_text(f"{count.max()} of 120")
    rows = selected_in_all(page)
    assert rows is not None
    assert len(rows) == count.max()
    expect(page.locator(".card")).to_have_count(int(count.max()))
    expect(page.locator("#confusion .ytick text")).to_have_count(5)
    expect(page.locator("#confusion .shapelayer path")).to_have_count(1)


def test_the_legend_sorts_by_area_and_keeps_what_is_pressed(page: Page, site: Site) -> None:
    page.locator("[data-class=Ohio]").click()
    page.locator("#legend-order label", has_text="AUC").click()
    best = max(site.predictions.roc.curves, key=lambda curve: curve.auc).class_name
    expect(page.locator("#legend .entry").first).to_contain_text(best)
    expect(page.locator("[data-class][aria-pressed=true]")).to_have_count(1)
    expect(page.locator("[data-class=Ohio]")).to_have_attribute("aria-pressed", "true")


def test_the_gallery_turns_its_pages_and_its_photographs_load_when_near(page: Page) -> None:
    expect(page.locator("#gallery-status")).to_have_text("showing 1–60 of 120")
    expect(page.locator("#gallery-previous")).to_be_disabled()
    page.locator("#gallery-next").click()
    expect(page.locator("#gallery-status")).to_have_text("showing 61–120 of 120")
    expect(page.locator("#gallery-next")).to_be_disabled()
    expect(page.locator(".card").last.locator("img").first).not_to_have_attribute(
        "src", re.compile(".")
    )
    loaded(page, ".card:nth-child(-n + 3) img", 12)
    page.locator(".card").last.scroll_into_view_if_needed()
    loaded(page, ".card:last-child img", 4)
    assert page.locator(".card:last-child img").first.evaluate(
        "(image) => decodeURI(image.src).includes(image.closest('.card').dataset.location)"
    )
