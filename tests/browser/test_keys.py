"""What a person does with the keyboard, outside the maps."""

import re

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.site import Site, header


def test_left_and_right_go_through_the_selection_in_the_servers_order(
    page: Page, site: Site
) -> None:
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120")
    shuffled = np.argsort(site.predictions.drawing_order)
    ohio = np.flatnonzero(site.store.labels == site.store.class_names.index("Ohio"))
    for name, descending in (("kilometers", True), ("confidence", False)):
        page.evaluate(
            """([name, direction]) => {
              dash_clientside.set_props('active-location', { data: null });
              dash_clientside.set_props('gallery-order', { value: name });
              dash_clientside.set_props('gallery-direction', { value: direction });
            }""",
            [name, "descending" if descending else "ascending"],
        )
        values = site.predictions.columns[name].values[ohio]
        rows = ohio[np.lexsort((shuffled[ohio], -values if descending else values))]
        names = [site.store.location_ids[row] for row in rows]
        expect(page.locator(".card").first).to_have_attribute("data-location", names[0])
        expect(page.locator("#location-position")).to_have_text("– of 24")
        steps = [(1, "ArrowRight"), (2, "ArrowRight")]
        if descending:
            steps += [(3, "ArrowRight"), (2, "ArrowLeft")]
        for position, key in steps:
            page.locator("#gallery").press(key)
            expect(page.locator("#location-position")).to_have_text(f"{position} of 24")
            expect(page.locator("#location-title")).to_contain_text(names[position - 1])
        expect(page.locator(".card.active")).to_have_attribute("data-location", names[1])
    shown = page.locator(".card").evaluate_all("(all) => all.map((card) => card.dataset.location)")
    assert shown == names
    page.locator("#location-next").click()
    expect(page.locator("#location-position")).to_have_text("3 of 24")
    page.locator("#gallery").press("Escape")
    header(page).to_contain_text("all 120 locations")


def test_keys_are_listed_and_change_method_and_map(page: Page) -> None:
    page.locator(".card").first.click()
    expect(page.locator("#completeness")).to_be_attached()
    page.locator("#gallery").press("m")
    expect(page.locator("#request-info")).to_contain_text("SmoothGrad")
    page.locator("#gallery").press("o")
    expect(page.locator("#overlay-toggle")).to_have_text("Show")
    page.locator("#gallery").press("o")
    expect(page.locator("#overlay-toggle")).to_have_text("Hide")
    page.locator("#gallery").press("?")
    expect(page.locator("#keys")).to_contain_text("next attribution method")
    page.keyboard.press("m")  # Not while the dialog is open.
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    expect(page.locator("#request-info")).to_contain_text("SmoothGrad")
    # A key in a text is a letter.
    page.locator("#search").press("m")
    expect(page.locator("#search")).to_have_value("m")
    page.locator("#search").fill("")


def test_a_link_at_the_top_skips_to_the_photographs(page: Page) -> None:
    address = page.url
    page.locator("[data-skip-to*='#gallery']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#gallery")).to_be_focused()
    assert page.url == address


def test_a_scale_that_cannot_be_is_refused_on_the_page(page: Page) -> None:
    page.locator(".card").nth(1).click()
    expect(page.locator("#completeness")).to_be_attached()
    page.locator("#color-limit").fill("-3")
    page.keyboard.press("Enter")
    expect(page.locator("#color-limit-error")).to_have_text(re.compile("^−3: not a number above 0"))
