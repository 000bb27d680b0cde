"""Nothing overlaps and nothing is cut off, at the sizes that screens have."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site, header
from tests.window import Window

PANELS = "header, .panel"
LEGIBLE = (
    "h1, h2, #accuracy, #selection-summary > div, .verdict, .info dd, .info dt, .scale span, "
    ".entry .name, .segments label, button, .hint li, #roc-summary, .bars .name"
)
MEASURED = (
    ".measure .name, .location-panel h3, .aggregate-head *, .mean-info *, .prototypes-info *, "
    ".reason td, .display > *, #location-panel button.quiet"
)
OVERLAPS = """(selector) => {
  const all = [...document.querySelectorAll(selector)].map((e) => [e, e.getBoundingClientRect()]);
  const wrong = [];
  all.forEach(([a, p], i) => all.slice(i + 1).forEach(([b, q]) => {
    const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (wide > 0.5 && high > 0.5) wrong.push(`${a.className} ${a.textContent.slice(0, 20)} / `
      + `${b.className} ${b.textContent.slice(0, 20)}`);
  }));
  return wrong;
}"""
CUT_OFF = """(selector) => [...document.querySelectorAll(selector)]
  .filter((e) => e.offsetParent && (e.scrollWidth > e.clientWidth + 1) && e.clientWidth)
  .map((e) => `${e.tagName} ${e.className} ${e.textContent.slice(0, 40)}`)"""
OUTSIDE = """(selector) => [...document.querySelectorAll(selector)].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.left < 0 || box.top < 0 || box.right > document.documentElement.scrollWidth
    || box.bottom > document.documentElement.scrollHeight;
}).map((e) => e.className)"""
SCROLLED = """() => {
  const e = document.documentElement, p = document.getElementById('location-panel');
  return { right: e.scrollWidth - innerWidth, down: e.scrollHeight - innerHeight,
           panel: p.scrollHeight - p.clientHeight, sideways: p.scrollWidth - p.clientWidth };
}"""


@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080), (1280, 800)], ids=str)
def test_nothing_overlaps_and_nothing_is_cut_off(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    page.locator(".card").first.click()
    expect(page.locator("#completeness")).to_be_visible()
    assert page.evaluate(OVERLAPS, PANELS) == []
    assert page.evaluate(OVERLAPS, "header > *") == []
    assert page.evaluate(OVERLAPS, ".views, .verdict, .bars, .info") == []
    assert page.evaluate(OUTSIDE, PANELS) == []
    assert page.evaluate(CUT_OFF, LEGIBLE) == []
    scrolled = page.evaluate(SCROLLED)
    assert scrolled["right"] <= 0
    assert scrolled["panel"] <= 0
    assert size == (1280, 800) or scrolled["down"] <= 0


@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080), (1280, 800)], ids=str)
def test_checks_and_selection_fit_into_the_panel(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.locator(".card").first.click()
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    for tab, part in (
        ("Checks", ".curves .trace"),
        ("Selection", "#aggregate-compute"),
        ("Map", "#color-scale"),
    ):
        page.locator("#tab label", has_text=tab).click()
        expect(page.locator(part).first).to_be_visible()
        if tab == "Selection":
            # Where all is made already there is nothing to click.
            page.locator("#aggregate-compute").dispatch_event("click")
            expect(page.locator(".prototype").first).to_be_visible()
        fits(page)
    page.locator("#expand").click()
    expect(page.locator("#checks")).to_be_visible()
    assert page.evaluate(OVERLAPS, ".location, .checks, .aggregate") == []
    fits(page)


def fits(page: Page) -> None:
    assert page.evaluate(SCROLLED)["sideways"] <= 0
    assert page.evaluate(CUT_OFF, MEASURED) == []
    for beside in (
        ".checks > *",
        ".measure",
        ".aggregate-head > *",
        "#aggregate-maps > *",
        ".prototype",
    ):
        assert page.evaluate(OVERLAPS, f".location-panel :is({beside})") == []


def test_fifty_classes_stay_legible(browser: Browser, tmp_path: Path) -> None:
    trees = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gum", "Holly", "Iris", "Juniper")
    names = [
        f"{side} {tree}" for side in ("North", "South", "East", "West", "New") for tree in trees
    ]
    site = Site(tmp_path, classes=names, locations=1)
    try:
        window = Window(browser, site.address)
        page = window.page
        expect(page.locator("#legend .entry")).to_have_count(50)
        expect(page.locator("#roc .legendtext")).to_have_count(6)
        assert page.evaluate(OVERLAPS, "#confusion .ytick text") == []
        assert page.evaluate(OVERLAPS, "#confusion .xtick text") == []
        assert page.evaluate(OVERLAPS, PANELS) == []
        page.locator("[data-class='West Juniper']").click()
        header(page).to_contain_text("1 of 50 locations")
        window.check()
        page.close()
    finally:
        site.close()
