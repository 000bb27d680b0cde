"""Nothing overlaps and nothing is cut off, at the sizes that screens have."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.browser.site import Site, header
from tests.window import Window

PANELS = "header, .panel"
# Without the drawer of a narrow window while it is closed.
SHOWN = ".panel:not([data-drawer=closed] > .location-panel)"
SIZES = [(1440, 900), (2560, 1440), (1280, 800), (1024, 768)]
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
LARGER_THAN_WINDOW = """(selector) => [...document.querySelectorAll(selector)]
  .map((e) => [e.scrollWidth - innerWidth, e.scrollHeight - innerHeight])
  .filter(([right, down]) => right > 0 || down > 0)"""
OUTSIDE = """(selector) => [...document.querySelectorAll(selector)].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.left < 0 || box.top < 0 || box.right > document.documentElement.scrollWidth
    || box.bottom > document.documentElement.scrollHeight;
}).map((e) => e.className)"""
SCROLLED = """(side) => {
  const p = document.getElementById('location-panel');
  const more = p[`scroll${side}`] - p[`client${side}`];
  return more > 0 ? [more] : [];
}"""


def expect_none(page: Page, find: str, argument: str) -> None:
    """Assert that a script finds nothing, once the page is laid out."""
    try:
        page.wait_for_function(f"(a) => !({find})(a).length", arg=argument, timeout=10_000)
    except PlaywrightTimeoutError:
        assert page.evaluate(find, argument) == []  # Says what it finds.


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_overlaps_and_nothing_is_cut_off(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    page.locator(".card").first.click()
    expect(page.locator("#completeness")).to_be_visible()
    expect_none(page, OVERLAPS, ".views, .verdict, .bars, .info")
    expect_none(page, CUT_OFF, f".location-panel :is({LEGIBLE})")
    expect_none(page, SCROLLED, "Height")
    edge = page.locator("#location-edge")
    if size[0] < 1400:
        expect(edge).to_have_attribute("aria-expanded", "true")
        edge.click()
        expect(page.locator("#location-panel")).to_be_hidden()
    else:
        expect(edge).to_be_hidden()
    for button in page.locator("nav [data-page-name]").all():
        button.click()
        expect(page.locator("main .panel:visible").first).to_be_visible()
        expect_none(page, OVERLAPS, SHOWN)
        expect_none(page, OVERLAPS, "header > *")
        expect_none(page, OUTSIDE, SHOWN)
        expect_none(page, CUT_OFF, f":is(header, {SHOWN}) :is({LEGIBLE})")
        expect_none(page, LARGER_THAN_WINDOW, "html")


def test_the_location_is_a_drawer_in_a_narrow_window(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    panel, edge = page.locator("#location-panel"), page.locator("#location-edge")
    page.locator("[data-class=Ohio]").click()
    if panel.is_visible():  # A test before has opened a location.
        edge.click()
    expect(panel).to_be_hidden()
    page.locator(".card").first.click()
    expect(panel).to_be_visible()
    page.locator("#tab label").first.click()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(edge).to_be_focused()
    header(page).to_contain_text("24 of 120 locations")
    # The same location again.
    page.locator(".card").first.click()
    expect(panel).to_be_visible()
    edge.click()
    page.locator("[data-skip-to='#location-panel']").dispatch_event("click")
    expect(panel).to_be_focused()


def test_dividers_are_dragged_and_remembered(page: Page) -> None:
    def size(name: str, side: str) -> float:
        found: float = page.locator(f".{name}-panel").evaluate(
            "(panel, side) => panel.getBoundingClientRect()[side]", side
        )
        return found

    classes, photographs = (
        page.get_by_role("separator", name=name)
        for name in ("Width of the classes", "Height of the photographs")
    )
    before = size("legend", "width")
    box = classes.bounding_box()
    assert box
    page.mouse.move(box["x"] + 4, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 64, box["y"] + 70, steps=3)
    page.mouse.up()
    expect(classes).to_have_attribute("aria-valuenow", str(round(before + 60)))
    assert size("legend", "width") == pytest.approx(before + 60, abs=1)
    card = page.locator(".card .panorama").first
    low = size("gallery", "height"), card.bounding_box()
    photographs.press("ArrowUp")
    assert size("gallery", "height") == pytest.approx(low[0] + 16, abs=1)
    page.get_by_role("button", name="Large photographs").click()
    large = card.bounding_box()
    assert low[1]
    assert large
    assert large["height"] > 2 * low[1]["height"]

    page.locator("nav [data-page-name=errors]").click()
    assert size("legend", "width") == pytest.approx(before + 60, abs=1)
    state = page.evaluate("() => JSON.parse(localStorage.getItem('resnetbolt-sizes'))")
    assert state == {"legend": round(before + 60), "gallery": 290}
    page.locator("nav [data-page-name=maps]").click()
    classes.dblclick()
    assert size("legend", "width") == pytest.approx(before, abs=1)
    photographs.press("Delete")
    assert size("gallery", "height") == pytest.approx(low[0], abs=1)
    location = page.get_by_role("separator", name="Width of the location")
    location.press("Home")
    assert size("location", "width") == 380
    location.press("Delete")
    assert page.evaluate("() => localStorage.getItem('resnetbolt-sizes')") == "{}"


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
            expect(page.locator("#aggregate-status")).to_contain_text("24")
            # Where all is made already there is nothing to click.
            page.locator("#aggregate-compute").dispatch_event("click")
            expect(page.locator("#aggregate-maps .prototype").first).to_be_visible()
        fits(page)
    page.locator("[data-page-name=location]").click()
    expect(page.locator("#checks")).to_be_visible()
    parts = ".views, .map-key, .location .verdict, .bars, .info, .checks, .neighbors"
    expect_none(page, OVERLAPS, parts)
    fits(page)


def fits(page: Page) -> None:
    expect_none(page, SCROLLED, "Width")
    expect_none(page, CUT_OFF, MEASURED)
    for beside in (
        ".checks > *",
        ".measure",
        ".aggregate-head > *",
        "#aggregate-maps > *",
        ".prototype",
    ):
        expect_none(page, OVERLAPS, f".location-panel :is({beside})")


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
        expect_none(page, OVERLAPS, "#confusion .ytick text")
        expect_none(page, OVERLAPS, "#confusion .xtick text")
        expect_none(page, OVERLAPS, PANELS)
        page.locator("[data-class='West Juniper']").click()
        header(page).to_contain_text("1 of 50 locations")
        window.check()
        page.close()
    finally:
        site.close()
