"""Pinned locations beside each other."""

import re

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.site import Site, loaded, open_card
from workbench.attribution.request import AttributionRequest


def pin(page: Page, card: int) -> str:
    """Open the location of a card, pin it with its key and return its id."""
    name = open_card(page, card)
    page.keyboard.press("p")
    expect(page.locator("#pin")).to_have_text("Unpin")
    return name


def scale(page: Page, place: str) -> float:
    text = page.locator(f"{place} .scale").inner_text()
    return float(text.rsplit("±", 1)[1])


def test_pinned_locations_are_compared(page: Page, site: Site) -> None:
    ids = [pin(page, card) for card in (3, 4)]
    site.explainer.gate.clear()
    page.locator("[data-page-name=compare]").click()
    names = page.locator(".column:visible .column-head .name")
    expect(names).to_have_text(ids)
    loaded(page, "[id^=compare-location] img", 8)
    site.explainer.gate.set()
    loaded(page, "[id^=compare-map] img", 8)
    loaded(page, "#compare-difference img", 4)
    expect(page.locator(".verdict-line")).to_have_text([re.compile(r"\d of \d tests passed")] * 2)
    # One scale for both maps, another one for their difference.
    maps = [site.explainer.explain(name, AttributionRequest()).values for name in ids]
    both = np.percentile(np.abs(maps), 99)
    assert scale(page, "#compare-scale") == float(f"{both:.2g}")
    difference = np.percentile(np.abs(maps[0] - maps[1]), 99)
    assert scale(page, "#compare-difference") == float(f"{difference:.2g}")
    # The address keeps the pins, and no more than four of them.
    page.reload()
    expect(names).to_have_text(ids)
    loaded(page, "#compare-difference img", 4)
    page.evaluate(
        "() => { location.hash = '#page=compare&pins=' + JSON.stringify(['a','b','c','d','e']); }"
    )
    expect(names).to_have_text(["a", "b", "c", "d"])
    expect(page.locator(".column:visible .failure").first).to_contain_text("no such location")
    page.go_back()
    expect(names).to_have_text(ids)
    page.locator("[data-unpin]:visible").first.click()
    expect(names).to_have_text(ids[1:])
    expect(page.locator("#compare-hint")).to_be_visible()
    page.locator("#unpin-all").click()
    expect(names).to_have_count(0)
