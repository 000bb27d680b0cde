"""The selection bar, the search and the page's address, as a person uses them."""

import re
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.site import Site, header, selected_in_all
from tests.window import DRAWN, Window


def selected(page: Page, site: Site, expected: Any) -> None:
    """Assert that maps, bar and gallery show the locations of a mask (N,)."""
    header(page).to_contain_text(f"{expected.sum()} of 120 locations")
    assert selected_in_all(page) == np.flatnonzero(expected).tolist()


def test_filters_narrow_and_can_be_taken_back(page: Page, site: Site) -> None:
    predictions = site.predictions
    ohio = predictions.store.labels == predictions.class_indices["Ohio"]
    wrong = ~predictions.correct
    menu = page.locator("#filter-menu")
    page.locator("[data-class=Ohio]").click()
    menu.locator("summary").click()
    menu.get_by_label("By").select_option("correct")
    menu.get_by_label("Prediction").select_option("false")
    menu.get_by_role("button", name="Apply").click()
    selected(page, site, ohio & wrong)
    expect(page.locator(".chip")).to_have_text(["Ohio×", "wrong×"])
    page.get_by_role("button", name="Remove Ohio").click()
    selected(page, site, wrong)
    page.locator("#undo").click()
    selected(page, site, ohio & wrong)
    page.locator("#undo").click()
    selected(page, site, ohio)
    page.keyboard.press("Control+Shift+Z")
    selected(page, site, ohio & wrong)
    page.locator("#invert").click()
    selected(page, site, ~(ohio & wrong))

    page.locator("#clear-selection").click()
    menu.locator("summary").click()
    menu.get_by_label("By").select_option("confidence")
    menu.get_by_label("From").fill("0.5")
    menu.get_by_role("button", name="Apply").click()
    surely = predictions.columns["confidence"].values >= 0.5
    selected(page, site, surely)
    expect(page.locator(".chip")).to_have_text(["confidence ≥ 50 %×"])
    page.locator("[data-op=subtract]").click()
    menu.locator("summary").click()
    menu.get_by_label("By").select_option("true")
    menu.get_by_label("Classes").select_option("Ohio")
    menu.get_by_role("button", name="Apply").click()
    selected(page, site, surely & ~ohio)
    page.locator("[data-op=replace]").click()


def test_the_search_narrows_or_opens_a_location(page: Page, site: Site) -> None:
    store = site.predictions.store
    page.keyboard.press("/")
    page.keyboard.type("hawai")
    page.keyboard.press("Enter")
    hawaii = site.predictions.class_indices["Hawaii"]
    selected(page, site, (store.labels == hawaii) | (site.predictions.predicted_labels == hawaii))
    page.locator("#search").fill(store.location_ids[7])
    page.keyboard.press("Enter")
    expect(page.locator("#location-title")).to_contain_text(store.location_ids[7])


def test_a_copied_link_shows_the_same_and_back_goes_back(
    page: Page, site: Site, browser: Browser
) -> None:
    location = site.predictions.store.location_ids[5]
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    page.evaluate(
        """(id) => {
          dash_clientside.set_props('active-location', { data: id });
          dash_clientside.set_props('color-by', { value: 'confidence' });
          dash_clientside.set_props('method', { value: 'grad_cam' });
        }""",
        location,
    )
    expect(page.locator("#location-title")).to_contain_text(location)
    page.wait_for_function("() => location.hash.includes('color=confidence')")
    window = Window(browser, page.url)
    try:
        header(window.page).to_contain_text("24 of 120 locations")
        expect(window.page.locator("#location-title")).to_contain_text(location)
        expect(window.page.locator("#method")).to_contain_text("Grad-CAM")
        assert window.page.evaluate("() => document.body.dataset.color") == "number"
        window.page.locator("[data-class=Hawaii]").click(modifiers=["Control"])
        header(window.page).to_contain_text("48 of 120 locations")
        # Before, there is nothing to go back to.
        expect(window.page).to_have_url(re.compile("Hawaii"))
        window.page.go_back()
        header(window.page).to_contain_text("24 of 120 locations")
        window.page.go_forward()
        header(window.page).to_contain_text("48 of 120 locations")
    finally:
        window.page.close()


def test_a_selection_stays_that_is_made_while_colours_are_loaded(page: Page) -> None:
    page.locator("[data-class=Hawaii]").click()
    header(page).to_contain_text("24 of 120 locations")
    page.locator("#clear-selection").click()
    header(page).to_contain_text("no filter")
    waiting: list[Route] = []
    page.route("**/columns/column/longitude*", lambda route: waiting.append(route))
    with page.expect_request("**/columns/column/longitude*"):
        page.evaluate("() => dash_clientside.set_props('color-by', { value: 'longitude' })")
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("Ohio")
    waiting[0].continue_()
    page.wait_for_function("() => document.body.dataset.color === 'number'")
    header(page).to_contain_text("Ohio")
    page.locator("#undo").click()
    header(page).to_contain_text("no filter")
    page.locator("#undo").click()
    header(page).to_contain_text("Hawaii")


def test_the_link_is_copied_without_a_clipboard(page: Page) -> None:
    """As browsers do it for a page without encryption from another machine."""
    page.evaluate(
        """() => Object.defineProperty(navigator, "clipboard", {
          configurable: true, value: undefined,
        })"""
    )
    button = page.locator("#copy-link")
    button.click()
    expect(button).to_have_text("Copied")
    expect(button).to_be_focused()
    page.locator("#search").focus()
    page.keyboard.press("Control+V")
    expect(page.locator("#search")).to_have_value(page.url)
    page.locator("#search").fill("")
    expect(button).to_have_text("Copy link")


def test_a_prepared_view_opens_once(browser: Browser, site: Site) -> None:
    def prepared(route: Route) -> None:
        response = route.fetch()
        view = 'data-view="page=errors&amp;color=correct"'
        route.fulfill(response=response, body=response.text().replace('data-view=""', view))

    page = browser.new_page()
    try:
        page.route(f"{site.address}/", prepared)
        page.goto(site.address)
        shown = page.locator("nav [aria-current=page]")
        expect(shown).to_have_attribute("data-page-name", "errors")
        page.wait_for_function("() => location.hash === '#page=errors&color=correct'")
        page.goto("about:blank")
        page.goto(site.address)
        expect(shown).to_have_attribute("data-page-name", "overview")
    finally:
        page.close()


def test_a_page_is_mounted_when_it_is_first_shown(site: Site, browser: Browser) -> None:
    steps = '[{"op":"replace","filter":{"kind":"class","of":"true","names":["Ohio"]}}]'
    choices = "states-view=multiples&state-score=logit"
    window = Window(
        browser, f"{site.address}#page=states&selection={steps}&{choices}", site.address
    )
    page = window.page
    try:
        header(page).to_contain_text("24 of 120 locations")
        expect(page.locator("#states-summary")).to_contain_text("1 of 5 classes")
        expect(page.locator("#class-curves .subplot")).to_have_count(1)
        mounted = (
            "() => [...document.querySelectorAll('.page > *')].map((one) => one.parentNode.id)"
        )
        assert set(page.evaluate(mounted)) == {"page-states"}
        # The address keeps the choices of a page that has not been shown, for when it is.
        page.wait_for_function("() => location.hash.includes('state-score=logit')")
        page.locator("nav [data-page-name=state]").click()
        expect(page.locator("#state-score").get_by_label("Logit")).to_be_checked()
        expect(page.locator("#state-class")).to_contain_text("Ohio")
        page.locator("nav [data-page-name=maps]").click()
        page.wait_for_function(DRAWN)
        ohio = site.predictions.class_indices["Ohio"]
        selected(page, site, site.store.labels == ohio)
        page.go_back()
        expect(page.locator("#state-areas")).to_have_text("24 against 96")
        assert set(page.evaluate(mounted)) == {
            *("page-states", "page-state", "page-maps", "figures-maps")
        }
        window.check()
    finally:
        page.close()


def test_a_page_is_in_the_address_and_only_it_follows_the_selection(page: Page) -> None:
    before = page.locator("#roc-summary").inner_text()
    page.locator("nav [data-page-name=errors]").click()
    expect(page.locator("#page-maps")).to_be_hidden()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    expect(page.locator("#gallery-status")).to_have_text("showing all 24")
    assert not any("roc.figure" in body for body in asked)
    assert "page=errors" in page.url
    page.go_back()
    page.go_back()
    expect(page.locator("nav [data-page-name=maps]")).to_have_attribute("aria-current", "page")
    assert page.locator("#roc-summary").inner_text() == before
    page.go_forward()
    page.go_forward()
    header(page).to_contain_text("24 of 120 locations")
    page.locator("nav [data-page-name=maps]").click()
    expect(page.locator("#roc-summary")).to_have_text(re.compile(r"^AUC 0\.\d{3}"))
