"""What a person does with the dashboard, in a real browser, and an empty console."""

import logging
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright
from werkzeug.serving import make_server

from app import ASSETS
from tests import screenshot
from tests.examples import copy_run, free_port, judged, small_store
from tests.window import FLAGS, SELECTED, Window, chromium
from workbench import extract, project
from workbench.errors import InputError
from workbench.explanation import Attribution, Progress
from workbench.panels import dashboard
from workbench.panels.guesses import Guesses
from workbench.photographs import Photographs
from workbench.store import Store

STEPS = 50


class Explainer:
    """Explains at once, but stops at step 12 while the gate is closed."""

    def __init__(self, store: Store) -> None:
        self.guesses = Guesses(store)
        self.gate = threading.Event()
        self.gate.set()
        self.broken = False

    def explain(self, location_id: str, progress: Progress) -> Attribution:
        for step in range(STEPS + 1):
            progress(step, STEPS)
            while step == 12 and not self.gate.wait(0.02):
                progress(step, STEPS)
            if step == 20 and self.broken:
                raise InputError("The photographs have changed; extract the store again.")
        values = np.random.default_rng(0).normal(0, 0.001, (4, 64, 64)).astype(np.float32)
        row = self.guesses.row[location_id]
        target = self.guesses.name[self.guesses.prediction[row]]
        total = float(values.sum(dtype=np.float64))
        return Attribution(
            location_id, "integrated gradients", target, "black", STEPS, values, total + 2, 0, 1.5
        )


class Site:
    """A dashboard that is served, and what it was made of."""

    def __init__(
        self, folder: Path, change: Callable[[Store], Store] = lambda store: store, **example: Any
    ) -> None:
        self.store = change(small_store(folder / "small.h5", folder / "data", **example))
        self.guesses = Guesses(self.store)
        self.explainer = Explainer(self.store)
        photographs = Photographs(folder / "data", self.store)
        app = dashboard(self.store, "small.h5", ASSETS, photographs, self.explainer)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = make_server("127.0.0.1", 0, app.server, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.address = f"http://127.0.0.1:{self.server.port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    served = Site(tmp_path_factory.mktemp("dashboard"))
    yield served
    served.close()


@pytest.fixture(scope="module")
def driver() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(driver: Playwright) -> Iterator[Browser]:
    browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def window(browser: Browser, site: Site) -> Window:
    # Drawing three WebGL maps without a graphics card takes seconds: once is enough.
    return Window(browser, site.address)


@pytest.fixture
def page(window: Window, site: Site) -> Iterator[Page]:
    site.explainer.gate.set()
    site.explainer.broken = False
    yield window.reset()
    window.check()


# Where each point of a map stands on the page.
PLACES = """(method) => {
  const graph = document.querySelector(`[data-method=${method}] .js-plotly-plot`);
  const { xaxis, yaxis } = graph._fullLayout;
  const box = graph.querySelector('.nsewdrag').getBoundingClientRect();
  const { x, y } = graph._fullData[0];
  return [...x].map((_, i) => [box.x + xaxis.d2p(x[i]), box.y + yaxis.d2p(y[i])]);
}"""


def selected_in_all(page: Page) -> list[int] | None:
    """Return the rows highlighted in the maps, which must be the same in all three."""
    same = f"() => new Set(({SELECTED})().map((rows) => JSON.stringify(rows))).size === 1"
    page.wait_for_function(same)
    first: list[int] | None = page.evaluate(SELECTED)[0]
    return first


def drawn_ids(site: Site) -> list[str]:
    return [site.store.location_id[row] for row in site.guesses.drawing_order]


def classes_of(site: Site, rows: list[int]) -> set[str]:
    ids = drawn_ids(site)
    return {site.guesses.name[site.store.label[site.guesses.row[ids[row]]]] for row in rows}


def header(page: Page) -> Any:
    return expect(page.locator("#selected"))


# --- selecting ---


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
    expect(page.locator("#strip-words")).to_have_text("showing all 24")
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
    page.locator("#clear").click()
    header(page).to_contain_text("all 120 locations")
    page.wait_for_function(f"() => ({SELECTED})().every((rows) => rows === null)")
    expect(page.locator("[aria-pressed=true]")).to_have_count(0)


def test_a_class_can_be_selected_with_the_keyboard(page: Page) -> None:
    page.locator("[data-class=Arizona]").focus()
    page.keyboard.press("Enter")
    header(page).to_contain_text("Arizona")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    header(page).to_contain_text("Arizona, Hawaii")


def drag(page: Page, corners: list[tuple[float, float]]) -> None:
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=5)
    page.mouse.up()


def test_a_lasso_selects_the_same_locations_in_all_maps(page: Page, site: Site) -> None:
    method = "umap"
    places = page.evaluate(PLACES, method)
    middle_x, middle_y = np.median(places, axis=0).tolist()
    left, right, top, bottom = middle_x - 60, middle_x + 45, middle_y - 50, middle_y + 40
    drag(page, [(left, top), (right, top), (right, bottom), (left, bottom), (left, top + 3)])
    inside = [
        row
        for row, (x, y) in enumerate(places)
        if left + 2 < x < right - 2 and top + 2 < y < bottom - 2
    ]
    near = [
        row
        for row, (x, y) in enumerate(places)
        if left - 4 < x < right + 4 and top - 4 < y < bottom + 4
    ]
    header(page).to_contain_text("lasso in UMAP")
    rows = selected_in_all(page)
    assert rows is not None
    assert 0 < len(inside) <= len(rows) < len(places)
    assert set(inside) <= set(rows) <= set(near)
    header(page).to_contain_text(f"{len(rows)} of 120 locations")
    shown = set(page.locator(".card").evaluate_all("(all) => all.map((c) => c.dataset.location)"))
    assert shown == {drawn_ids(site)[row] for row in rows[:60]}
    # Another selection takes the place of the lasso, in its own map too.
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    page.wait_for_function(f"() => ({SELECTED})().every((rows) => rows.length === 24)")


def test_a_lasso_around_nothing_and_a_double_click_clear(page: Page) -> None:
    box = page.locator("[data-method=pca] .nsewdrag").bounding_box()
    assert box
    x, y = box["x"] + 6, box["y"] + box["height"] - 6
    everything = f"() => ({SELECTED})().every((rows) => rows === null)"
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    drag(page, [(x, y), (x + 14, y), (x + 14, y - 14), (x, y - 14)])
    header(page).to_contain_text("nothing selected")
    page.wait_for_function(everything)
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    page.mouse.dblclick(x, y)
    header(page).to_contain_text("nothing selected")
    page.wait_for_function(everything)


def test_a_cell_of_the_confusion_matrix_narrows_to_its_locations(page: Page, site: Site) -> None:
    count = np.zeros((5, 5), dtype=int)
    np.add.at(count, (site.store.label, site.guesses.prediction), 1)
    np.fill_diagonal(count, 0)
    true, predicted = np.unravel_index(count.argmax(), count.shape)
    box = page.locator("#confusion .nsewdrag").bounding_box()
    assert box
    page.mouse.click(
        box["x"] + box["width"] * (predicted + 0.5) / 5, box["y"] + box["height"] * (true + 0.5) / 5
    )
    names = site.guesses.name
    header(page).to_contain_text(f"true {names[true]}, predicted {names[predicted]}")
    header(page).to_contain_text(f"{count.max()} of 120")
    rows = selected_in_all(page)
    assert rows is not None
    assert len(rows) == count.max()
    expect(page.locator(".card")).to_have_count(int(count.max()))
    expect(page.locator("#confusion .ytick text")).to_have_count(5)
    expect(page.locator("#confusion .shapelayer path")).to_have_count(1)


def test_colour_by_recolours_all_maps_and_keeps_the_selection(page: Page) -> None:
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    page.locator("#colour label", has_text="Right/wrong").click()
    page.wait_for_function(
        """() => [...document.querySelectorAll('.map-panel .js-plotly-plot')]
          .every((graph) => graph._fullData[0].marker.cmax === 1)"""
    )
    expect(page.locator(".key-right")).to_be_visible()
    rows = selected_in_all(page)
    assert rows is not None
    assert len(rows) == 24


def test_the_legend_sorts_by_area_and_keeps_what_is_pressed(page: Page, site: Site) -> None:
    page.locator("[data-class=Ohio]").click()
    page.locator("#legend-sort label", has_text="Area").click()
    best = max(site.guesses.roc.curve, key=lambda curve: curve.area).name
    expect(page.locator("#legend .entry").first).to_contain_text(best)
    expect(page.locator("[aria-pressed=true]")).to_have_count(1)
    expect(page.locator("[data-class=Ohio]")).to_have_attribute("aria-pressed", "true")


def test_a_point_says_what_it_is_and_opens_on_a_click(page: Page, site: Site) -> None:
    places = np.array(page.evaluate(PLACES, "tsne"))
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(len(places)) * 1e3
    row = int(apart.min(axis=1).argmax())
    name = drawn_ids(site)[row]
    page.mouse.move(places[row, 0] - 2, places[row, 1])
    page.mouse.move(places[row, 0], places[row, 1], steps=3)
    expect(page.locator("#tip")).to_contain_text(name)
    expect(page.locator("#tip")).to_contain_text("predicted")
    page.mouse.click(places[row, 0], places[row, 1])
    expect(page.locator("#location-words")).to_contain_text(name)
    expect(page.locator(".map-panel .shapelayer path")).to_have_count(3)


# --- one location ---


def loaded(page: Page, selector: str, count: int) -> None:
    page.wait_for_function(
        """([selector, count]) => {
          const all = [...document.querySelectorAll(selector)];
          return all.length === count && all.every((image) => image.naturalWidth > 0);
        }""",
        arg=[selector, count],
    )


def test_a_card_opens_its_location_and_explains_it(page: Page, site: Site) -> None:
    site.explainer.gate.clear()
    card = page.locator(".card").nth(1)
    name = card.get_attribute("data-location")
    assert name
    card.click()
    expect(page.locator("#location-words")).to_contain_text(name)
    loaded(page, "#views img", 4)
    expect(page.locator("#views figcaption")).to_have_text(["N", "E", "S", "W"])
    expect(page.locator(".bars li")).to_have_count(5)
    expect(page.locator(".progress")).to_contain_text(f"step 12 of {STEPS}")
    expect(page.locator("#completeness")).to_have_count(0)
    site.explainer.gate.set()
    # The fake's map misses the output difference of two by its own sum.
    expect(page.locator("#completeness")).to_contain_text("of the output difference")
    expect(page.locator("#completeness")).to_have_text(re.compile(r"^[+−]\d\.\d+, \d+\.\d%"))
    loaded(page, ".overlays img", 4)
    expect(page.locator("#cancel")).to_be_hidden()


def test_an_explanation_can_be_cancelled_and_asked_again(page: Page, site: Site) -> None:
    site.explainer.gate.clear()
    page.locator(".card").nth(5).click()
    expect(page.locator(".progress")).to_contain_text("step 12 of")
    page.locator("#cancel").click()
    expect(page.locator("#explanation")).to_contain_text("Not computed")
    site.explainer.gate.set()
    page.locator("#again").click()
    expect(page.locator("#completeness")).to_be_visible()


def test_a_failed_explanation_says_why(page: Page, site: Site) -> None:
    site.explainer.broken = True
    page.locator(".card").nth(7).click()
    expect(page.locator(".failure")).to_have_text(
        "The photographs have changed; extract the store again."
    )
    site.explainer.broken = False
    page.locator("#again").click()
    expect(page.locator("#completeness")).to_be_visible()


def test_the_strip_turns_its_pages_and_its_photographs_load_when_near(page: Page) -> None:
    expect(page.locator("#strip-words")).to_have_text("showing 1–60 of 120")
    expect(page.locator("#strip-back")).to_be_disabled()
    page.locator("#strip-on").click()
    expect(page.locator("#strip-words")).to_have_text("showing 61–120 of 120")
    expect(page.locator("#strip-on")).to_be_disabled()
    expect(page.locator(".card").last.locator("img").first).not_to_have_attribute(
        "src", re.compile(".")
    )
    loaded(page, ".card:nth-child(-n + 3) img", 12)
    page.locator(".card").last.scroll_into_view_if_needed()
    loaded(page, ".card:last-child img", 4)
    assert page.locator(".card:last-child img").first.evaluate(
        "(image) => decodeURI(image.src).includes(image.closest('.card').dataset.location)"
    )


# --- looks ---

PANELS = "header, .panel"
LEGIBLE = (
    "h1, h2, #accuracy, #selected > div, .verdict, .explained dd, .explained dt, .scale span, "
    ".entry .name, .segments label, button, .hint li, #roc-words, .bars .name"
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
           panel: p.scrollHeight - p.clientHeight };
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
    assert page.evaluate(OVERLAPS, ".views, .verdict, .bars, .explained") == []
    assert page.evaluate(OUTSIDE, PANELS) == []
    assert page.evaluate(CUT_OFF, LEGIBLE) == []
    scrolled = page.evaluate(SCROLLED)
    assert scrolled["right"] <= 0
    assert scrolled["panel"] <= 0
    assert size == (1280, 800) or scrolled["down"] <= 0


def test_a_judged_store_shows_neighbours_and_lets_each_panel_choose_its_map(
    browser: Browser, tmp_path: Path
) -> None:
    site = Site(tmp_path, judged)
    try:
        window = Window(browser, site.address)
        page = window.page
        expect(page.locator("#judgement-umap")).to_contain_text("trust")
        expect(page.locator("#accuracy")).to_contain_text("by neighbours")

        # The nearest of a location are highlighted everywhere and head the strip in order.
        location = page.locator(".card").first.get_attribute("data-location")
        assert location is not None
        page.locator(".card").first.click()
        page.get_by_role("button", name="Nearest").click()
        header(page).to_contain_text(f"15 of 120 locations15 nearest of {location}")
        expect(page.locator(".card")).to_have_count(15)
        ids = drawn_ids(site)
        rows = page.evaluate(SELECTED)[0]
        graph = site.store.neighbours
        assert graph is not None
        expected = graph.index[site.guesses.row[location], :15]
        names = [site.store.location_id[row] for row in expected]
        assert {ids[row] for row in rows} == set(names)
        shown = page.locator(".card").evaluate_all("cards => cards.map(c => c.dataset.location)")
        assert shown == names

        # Each map is coloured by its own neighbours.
        page.get_by_text("Neighbours kept").click()
        page.wait_for_function("() => document.body.dataset.colour === 'preservation'")
        colour = (
            "(method) => [...document.querySelector(`[data-method=${method}] .js-plotly-plot`)"
            "._fullData[0].marker.color]"
        )
        quality = site.store.projection["umap"].quality
        assert quality is not None
        kept = quality.preservation[site.guesses.drawing_order]
        assert np.allclose(page.evaluate(colour, "umap"), kept, atol=1e-3)
        assert page.evaluate(colour, "pca") != page.evaluate(colour, "umap")

        # Another map takes a panel, selection and ring with it.
        page.locator("#choice-pca").click()
        page.get_by_role("option", name="t-SNE (tsne-other)").click()
        page.locator("[data-method=tsne-other]").wait_for()
        drawn = (
            "() => { const graph = document.querySelector('[data-method=tsne-other] "
            ".js-plotly-plot'); return {x: [...graph._fullData[0].x], "
            "selected: graph._fullData[0].selectedpoints, ring: graph.layout.shapes.length}; }"
        )
        page.wait_for_function(f"() => ({drawn})().selected")
        made = page.evaluate(drawn)
        coordinate = site.store.projection["tsne-other"].map.coordinate
        assert np.allclose(made["x"], coordinate[site.guesses.drawing_order, 0])
        assert sorted(made["selected"]) == sorted(rows)
        assert made["ring"] == 1
        page.locator("#clear").click()
        header(page).to_contain_text("all 120 locations")
        assert page.evaluate(SELECTED) == [None, None, None]
        window.check()
    finally:
        site.close()


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


# --- with a real model ---


@pytest.fixture(scope="module")
def real(
    tmp_path_factory: pytest.TempPathFactory, trained: Path, test_folder: Path
) -> Iterator[str]:
    """Serve a tiny trained run as a person would, with photographs and run moved."""
    folder = tmp_path_factory.mktemp("real")
    path = folder / "store.h5"
    extract.extract(trained, test_folder, path, batch_size=4, workers=0)
    project.project(path)
    copy_run(trained, folder / "run")
    shutil.copytree(test_folder, folder / "data")
    port = free_port()
    command = [sys.executable, str(ASSETS.parent / "app.py"), str(path), "--port", str(port)]
    moved = ["--run", str(folder / "run"), "--data", str(folder / "data")]
    with subprocess.Popen([*command, *moved], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Serving ")
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def test_a_real_prediction_is_explained_and_the_readme_picture_taken(
    browser: Browser, real: str, tmp_path: Path
) -> None:
    # The picture is taken once the completeness error stands there.
    screenshot.take(browser, real, tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size == (1440, 900)
        # Photographs and maps have many colours, an empty page has few.
        assert len(picture.convert("RGB").getcolors(2**24) or ()) > 2000
