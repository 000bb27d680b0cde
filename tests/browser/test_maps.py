"""What a person does with the maps, and what is drawn."""

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import PLACES, WHOLE, Site, header, selected_in_all
from tests.window import SELECTED
from tests.workbench.dashboard.examples import cell, classes, step
from workbench.dashboard.selection import resolve
from workbench.figures.colors import CORRECT, WRONG, class_colors

NOTHING = f"() => ({SELECTED})().every((rows) => rows === null)"
# The colour at a place of a map, in CSS pixels from its corner.
COLOR = """([method, x, y]) => {
  const { raster, ratio } = document.querySelector(`[data-method=${method}] .map`).mapPanel;
  const border = (raster.stride - raster.width) / 2;
  const [column, row] = [x, y].map((place) => Math.floor(place * ratio) + border);
  const [pixel] = raster.pixels.slice(row * raster.stride + column);
  return '#' + [0, 8, 16].map((at) => ((pixel >> at) & 255).toString(16).padStart(2, '0')).join('');
}"""


def places(page: Page, method: str) -> Any:
    return np.array(page.evaluate(PLACES, method))


def corner(page: Page, method: str) -> Any:
    box = page.locator(f"[data-method={method}] .map").bounding_box()
    assert box
    return np.array([box["x"], box["y"]])


def drag(page: Page, corners: Any, key: str = "") -> None:
    (x, y), *others = np.asarray(corners).tolist()
    page.mouse.move(x, y)
    if key:
        page.keyboard.down(key)
    page.mouse.down()
    for x, y in others:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    if key:
        page.keyboard.up(key)


def rectangle(around: Any, left: float, right: float, up: float, down: float) -> Any:
    x, y = around
    return [(x - left, y - up), (x + right, y - up), (x + right, y + down), (x - left, y + down)]


def most_apart(found: Any) -> int:
    """Return the row of the point that is farthest from its nearest neighbour."""
    apart = np.linalg.norm(found[:, None] - found[None], axis=2) + np.eye(len(found)) * 1e3
    return int(apart.min(axis=1).argmax())


def member(site: Site, steps: Any) -> list[int]:
    selection = resolve(steps, site.predictions)
    assert selection is not None
    return np.flatnonzero(selection.member).tolist()


def steps_in(page: Page) -> Any:
    return page.evaluate(
        "async () => (await import('/assets/dashboard/main.js')).whenReady()"
        ".then((state) => state.steps)"
    )


@pytest.mark.parametrize("tool", ["lasso", "box"])
def test_a_lasso_selects_the_same_locations_everywhere(page: Page, site: Site, tool: str) -> None:
    page.locator(f"[data-method=umap] button[data-mode={tool}]").click()
    found = places(page, "umap")
    middle = np.median(found, axis=0)
    corners = rectangle(middle, 60, 45, 50, 40)
    drag(page, corners if tool == "lasso" else [corners[0], corners[2]])
    header(page).to_contain_text("lasso in UMAP")
    offset = found - middle
    inside = (offset > (-60, -50)).all(axis=1) & (offset < (45, 40)).all(axis=1)
    rows = selected_in_all(page)
    assert rows == np.flatnonzero(inside).tolist()
    assert 0 < len(rows) < len(found)
    assert rows == member(site, steps_in(page))
    header(page).to_contain_text(f"{len(rows)} of 120 locations")
    expect(page.locator(".card")).to_have_count(min(60, len(rows)))
    page.locator("[data-method=umap] button[data-mode=lasso]").click()


def test_shift_adds_alt_takes_away_and_nothing_changes_nothing(page: Page, site: Site) -> None:
    found = places(page, "pca")
    middle = np.median(found, axis=0)
    drag(page, rectangle(middle, 60, 0, 70, 70))
    left = selected_in_all(page)
    drag(page, rectangle(middle, 20, 60, 70, 70), "Shift")
    page.wait_for_function(f"(n) => ({SELECTED})()[0].length > n", arg=len(left or ()))
    both = selected_in_all(page)
    assert left is not None
    assert both is not None
    assert set(left) < set(both)
    drag(page, rectangle(middle, 60, 0, 70, 70), "Alt")
    page.wait_for_function(f"(n) => ({SELECTED})()[0].length < n", arg=len(both))
    rest = selected_in_all(page)
    assert rest is not None
    assert set(rest) == set(both) - set(left)
    assert rest == member(site, steps_in(page))
    header(page).to_contain_text(f"{len(rest)} of 120")
    empty = corner(page, "pca") + np.array([12, 240])
    drag(page, rectangle(empty, 5, 5, 5, 5))
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("Ohio")
    assert [one["op"] for one in steps_in(page)] == ["replace", "add", "subtract", "intersect"]
    page.mouse.dblclick(*empty.tolist())
    header(page).to_contain_text("no filter")
    page.wait_for_function(NOTHING)


def test_browser_and_server_select_the_same(page: Page, site: Site) -> None:
    generator = np.random.default_rng(0)
    points = site.store.projections["tsne"].coordinates
    # Through points, where only the same arithmetic gives the same answer.
    star = points[generator.permutation(len(points))[:9]].astype(float).tolist()
    lasso = step("lasso", projection="tsne", polygon=star)
    ids = list(site.store.location_ids[:70:2])
    cases: list[Any] = [
        [lasso],
        [lasso, {**lasso, "op": "subtract"}],
        [classes("Ohio", "Atlantis"), {**lasso, "op": "add"}],
        [step("class", of="predicted", names=["Alaska", "Hawaii"]), classes("Ohio", op="subtract")],
        [cell("Ohio", "Alaska"), step("correct", "add", value=True)],
        [step("correct", value=False), step("ids", "intersect", ids=[*ids, "nowhere"])],
        [step("ids", "subtract", ids=ids * 2)],
        [step("nearest", id=ids[0], ids=ids[:3])],
        [step("search", text="b3"), step("search", "add", text="AriZ")],
        [step("search", text=" ")],
        [step("range", column="confidence", min=0.4, max=0.8)],
        [step("range", column="margin", min=None, max=0.1)],
        [step("range", "intersect", column="entropy", min=1, max=None)],
        [step("range", column="year", min=2016, max=None)],
        [classes()],
    ]
    selected = page.evaluate(
        """async (cases) => {
          const [main, selection] = await Promise.all(
            ['main', 'selection'].map((name) => import(`/assets/dashboard/${name}.js`)));
          const { table } = await main.whenReady();
          const result = [];
          for (const steps of cases) {
            await table.need(selection.columnsOf(steps, table));
            const mask = selection.mask(steps, table);
            const rows = [...mask.keys()].filter((row) => mask[row]);
            result.push([rows, selection.count(mask)]);
          }
          return result;
        }""",
        cases,
    )
    for steps, (rows, count) in zip(cases, selected, strict=True):
        assert rows == member(site, steps), steps
        assert count == len(rows)


def test_points_have_the_colours_that_the_menu_says(page: Page, site: Site) -> None:
    at = places(page, "tsne")
    row = most_apart(at)
    name = site.predictions.class_names[site.store.labels[row]]
    spot = ["tsne", *(at[row] - corner(page, "tsne")).tolist()]

    def color_by(title: str) -> None:
        page.locator("#color-by").click()
        page.get_by_role("option", name=title, exact=True).click()

    assert page.evaluate(COLOR, spot) == class_colors(site.predictions.class_names)[name]
    color_by("Correct/wrong")
    expect(page.locator(".key-correct")).to_be_visible()
    right = CORRECT if site.predictions.correct[row] else WRONG
    assert page.evaluate(COLOR, spot) == right
    color_by("Confidence")
    expect(page.locator(".key-number")).to_have_text("0 %100 %")
    assert page.evaluate(COLOR, spot) not in (right, "#ffffff")
    page.locator(f"[data-class={'Ohio' if name != 'Ohio' else 'Alaska'}]").click()
    header(page).to_contain_text("24 of 120")
    assert page.evaluate(COLOR, spot) == "#dde2e6"


def test_wrong_points_and_selected_points_lie_on_top(page: Page) -> None:
    top = page.evaluate(
        """async () => {
          const { Raster } = await import('/assets/dashboard/raster.js');
          const { drawingOrder } = await import('/assets/dashboard/drawing_order.js');
          const raster = new Raster(document.createElement('canvas'));
          raster.resize(9, 9);
          const correct = Uint8Array.from({ length: 40 }, (_, row) => Number(row % 10 !== 3));
          const camera = { x0: 4, y0: 4, scale: 1 };
          raster.clear(0xffffffff);
          raster.draw(new Float32Array(80), drawingOrder(correct), camera, 4, [1, 2], correct,
            null, 1);
          return raster.pixels[(4 + 24) * raster.stride + 4 + 24];
        }"""
    )
    assert top == 1


def test_zoom_stays_while_filtering_and_can_be_reset(page: Page) -> None:
    before = places(page, "tsne")
    page.mouse.move(*before.mean(axis=0).tolist())
    page.mouse.wheel(0, -500)
    page.wait_for_timeout(50)
    zoomed = places(page, "tsne")
    assert np.ptp(zoomed, axis=0)[0] > 1.5 * np.ptp(before, axis=0)[0]
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120")
    page.locator("[data-method=tsne] button[data-mode=pan]").click()
    moved = np.array([30, 20])
    drag(page, [before.mean(axis=0), before.mean(axis=0) + moved])
    assert np.allclose(places(page, "tsne"), zoomed + moved, atol=0.01)
    page.locator("[data-method=tsne] button[data-mode=lasso]").click()
    page.locator("[data-method=tsne]").get_by_role("button", name="Show everything again").click()
    assert np.allclose(places(page, "tsne"), before)


def test_a_point_says_what_it_is_and_opens_on_a_click(page: Page, site: Site) -> None:
    found = places(page, "tsne")
    row = most_apart(found)
    name = site.store.location_ids[row]
    x, y = found[row].tolist()
    page.mouse.move(x - 2, y)
    page.mouse.move(x, y, steps=3)
    expect(page.locator("#tooltip")).to_contain_text(name)
    expect(page.locator("#tooltip")).to_contain_text("predicted")
    expect(page.locator("#tooltip img")).to_have_count(4)
    page.wait_for_function(f"() => [...document.querySelectorAll('#tooltip img')].every({WHOLE})")
    page.mouse.click(x, y)
    expect(page.locator("#location-title")).to_contain_text(name)
    expect(page.locator(".map .ring:not([hidden])")).to_have_count(3)


def test_the_keyboard_reaches_points_and_opens_them(page: Page, site: Site) -> None:
    found = places(page, "pca")
    page.locator("[data-method=pca] canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-method=pca] .cursor")).to_be_visible()
    here = "() => document.querySelector('[data-method=pca] .map').mapPanel.cursor"
    first = page.evaluate(here)
    page.keyboard.press("ArrowUp")
    second = page.evaluate(here)
    assert found[second, 1] < found[first, 1]
    page.keyboard.press("Enter")
    expect(page.locator("#location-title")).to_contain_text(site.store.location_ids[second])
    expect(page.locator("#map-live")).to_contain_text(site.store.location_ids[second])


def test_colours_contours_and_one_map_large(page: Page, site: Site) -> None:
    names = site.predictions.class_names
    at = places(page, "tsne")
    row = most_apart(at)
    name = names[site.store.labels[row]]
    spot = ["tsne", *(at[row] - corner(page, "tsne")).tolist()]
    switch = page.locator("#palette-switch")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(COLOR, spot) == class_colors(names, safe=True)[name]
    assert "palette=safe" in page.url
    page.locator("#curves-view label", has_text="ROC").click()
    page.wait_for_function(
        "(color) => document.querySelector('#roc .js-plotly-plot').data"
        ".some((trace) => trace.line.color === color)",
        arg=class_colors(names, safe=True)["Ohio"],
    )
    page.locator("#curves-view label", has_text="Histograms").click()
    # The pointer on a class lets it stand out.
    page.locator(f"[data-class={'Ohio' if name != 'Ohio' else 'Alaska'}]").hover()
    page.wait_for_function(f"(spot) => ({COLOR})(spot) === '#dde2e6'", arg=spot)
    page.locator("#search").hover()
    page.wait_for_function(f"(spot) => ({COLOR})(spot) !== '#dde2e6'", arg=spot)
    page.locator("#color-by").click()
    page.get_by_role("option", name="Census division", exact=True).click()
    expect(page.locator("#key-division > span")).to_have_count(9)
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    assert "palette" not in page.url

    tsne = page.locator("[data-method=tsne]")
    lines = tsne.locator(".contours.over")
    tsne.get_by_role("button", name="Contours of the density").click()
    expect(lines).to_have_attribute("d", re.compile("^M"))
    whole = lines.bounding_box()
    page.locator("[data-class=Ohio]").click()
    page.wait_for_function(
        "(size) => document.querySelector('[data-method=tsne] .contours.over')"
        ".getBoundingClientRect().width < 0.95 * size",
        arg=whole["width"] if whole else 0,
    )
    tsne.get_by_role("button", name="Contours of the density").click()
    expect(lines).to_have_attribute("d", "")

    large = tsne.get_by_role("button", name="This map alone, large")
    large.click()
    expect(page.locator("[data-method=pca]")).to_be_hidden()
    assert "large=panel-tsne" in page.url
    assert np.ptp(places(page, "tsne"), axis=0).max() > 1.01 * np.ptp(at, axis=0).max()
    large.click()
    expect(page.locator("[data-method=pca] canvas")).to_be_visible()


def test_contours_hold_their_share_of_the_points(page: Page) -> None:
    # Two discs of 3,000 and 1,000 points, and what half of the lines are around.
    inside = page.evaluate(
        """async () => {
          const { contours } = await import('/assets/dashboard/contours.js');
          const { Camera } = await import('/assets/dashboard/camera.js');
          const points = new Float32Array(8000);
          let seed = 1;
          const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
          for (let row = 0; row < 4000; row++) {
            const [turn, radius] = [2 * Math.PI * random(), Math.sqrt(random())];
            points[2 * row] = radius * Math.cos(turn) + (row % 4 ? 0 : 6);
            points[2 * row + 1] = radius * Math.sin(turn);
          }
          const camera = new Camera();
          camera.resize(600, 400);
          camera.fit(points);
          const only = Uint8Array.from({ length: 4000 }, (_, row) => Number(row % 4 === 0));
          const corners = (selected) => [...contours(points, selected, camera)
            .matchAll(/[ML](\\S+) (\\S+?)(?=[ML]|$)/g)]
            .map(([, x, y]) => camera.toData(Number(x), Number(y)));
          const few = Uint8Array.from(only, (one, row) => Number(row < 5));
          return [corners(null), corners(only), contours(points, few, camera)];
        }"""
    )
    both, right, none = np.array(inside[0]), np.array(inside[1]), inside[2]
    assert none == ""
    assert right[:, 0].min() > 4.5  # Nothing around the disc that is not selected.
    distance = np.minimum(np.hypot(*both.T), np.hypot(both[:, 0] - 6, both[:, 1]))
    # 95 % of a disc and what its edge is smoothed to.
    assert 0.8 < distance.max() < 1.3
    assert (np.hypot(*both.T) < 1.3).any()
