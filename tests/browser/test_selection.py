"""Selecting in maps, legend, matrix and strip, in a real browser with an empty console."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, classes_of, header, loaded, selected_in_all
from tests.window import SELECTED
from workbench.evaluation.predictions import Predictions


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

    page.locator("[data-class=Ohio]").click(modifiers=["Control"])
    header(page).to_contain_text("48 of 120 locations")
    expect(page.locator("#confusion .ytick text")).to_have_text(["Hawaii", "Ohio"])
    page.locator("[data-class=Hawaii]").click(modifiers=["Control"])
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
    page.keyboard.press("Control+Space")
    header(page).to_contain_text("Arizona, Hawaii")
    page.keyboard.press("Enter")
    header(page).to_contain_text("24 of 120 locations")


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


def test_the_legend_counts_the_selection_and_sorts(page: Page, site: Site) -> None:
    drag(page, "confidence", 0.5, 0.8)
    chosen = frame(site.predictions).query("0.5 <= confidence <= 0.8")
    by_class = chosen.groupby("label")["correct"].agg(["size", "mean"])
    shown = [
        [name, f"{row['size']:.0f}", "24", f"{row['mean'] * 100:.2g} %".replace("1e+02", "100")]
        for name, row in by_class.iterrows()
    ]
    entries = page.locator("#legend .entry")
    expect(entries).to_have_count(5)
    cells = (
        "(all) => all.map((one) => [...one.children].slice(1, 5).map((cell) => cell.textContent))"
    )
    assert entries.evaluate_all(cells) == shown
    for column, key in (("selected", 1), ("accuracy", 3)):
        page.locator(f"#legend [data-sort={column}]").click()
        values = [float(row[key].split()[0]) for row in entries.evaluate_all(cells)]
        assert values == sorted(values, reverse=True)
    page.locator("[data-class=Ohio]").click()
    expect(page.locator("[data-class][aria-pressed=true]")).to_have_count(1)
    page.locator("#legend [data-sort=auc]").click()
    best = max(site.predictions.roc.curves, key=lambda curve: curve.auc).class_name
    expect(entries.first).to_contain_text(best)
    expect(page.locator("[data-class=Ohio]")).to_have_attribute("aria-pressed", "true")


def test_a_drag_on_a_histogram_selects_what_pandas_finds(page: Page, site: Site) -> None:
    every = frame(site.predictions)
    drag(page, "confidence", 0.5, 0.8)
    header(page).to_contain_text("confidence 50 % to 80 %")
    assert selected_in_all(page) == list(every.query("0.5 <= confidence <= 0.8").index)
    drag(page, "rank", 0.99, 0.25)
    both = every.query("0.5 <= confidence <= 0.8 and rank >= 2")
    header(page).to_contain_text(f"{len(both)} of 120 locations")
    assert selected_in_all(page) == list(both.index)
    # A second drag moves the range, a handle one end of it, and the cross takes it away.
    drag(page, "confidence", 0.3, 0.6)
    page.locator("#histograms [data-column=confidence] .handle.to").focus()
    page.keyboard.press("ArrowRight")
    moved = every.query("0.3 <= confidence <= 0.62 and rank >= 2")
    assert selected_in_all(page) == list(moved.index)
    drag(page, "margin", 0.1, 0.2, key="Escape")
    assert selected_in_all(page) == list(moved.index)
    page.locator("#histograms [data-column=confidence] .clear").click()
    assert selected_in_all(page) == list(every.query("rank >= 2").index)
    page.locator("#histograms [data-column=rank] .handle.from").focus()
    page.keyboard.press("Delete")
    header(page).to_contain_text("no filter")


def test_a_row_of_the_states_narrows_to_its_class(page: Page, site: Site) -> None:
    page.locator("[data-page-name=states]").click()
    try:
        rows = page.locator("#states-table tbody tr")
        expect(rows).to_have_count(5)
        page.locator("#states-table [data-sort=recall]").click()
        every = frame(site.predictions)
        worst = every.groupby("label")["correct"].mean().sort_values()
        expect(rows.first).to_contain_text(f"{worst.iloc[0] * 100:.1f} %")
        menu = page.locator(".states-panel").get_by_label("Download")
        for form in ("PNG", "SVG"):
            menu.click()
            with page.expect_download() as download:
                page.locator(".states-panel").get_by_text(f"{form} picture").click()
            picture = Path(download.value.path()).read_bytes()
            assert picture.startswith(b"\x89PNG" if form == "PNG" else b"<svg")
            assert form == "PNG" or all(name.encode() in picture for name in every["label"])
        menu.click()
        with page.expect_download() as download:
            page.locator("#states-download").click()
        table = pd.read_csv(download.value.path())
        assert table.set_index("class")["recall"].to_dict() == pytest.approx(worst.to_dict())
        page.locator("#states-table button[title^=Alaska]").focus()
        page.keyboard.press("Enter")
        header(page).to_contain_text("24 of 120 locations")
        predicted = site.predictions.predicted_labels[every["label"] == "Alaska"]
        expect(rows).to_have_count(len(set(predicted.tolist())))
        page.locator("#states-view label", has_text="One each").click()
        expect(page.locator("#class-curves .textpoint text").first).to_have_text("Alaska")
    finally:
        page.locator("#states-view label", has_text="Overlaid").click()
        page.locator("[data-page-name=maps]").click()


def drag(page: Page, column: str, start: float, end: float, key: str = "") -> None:
    """Drag on a histogram between two shares of its width; press a key before letting go."""
    plot = page.locator(f"#histograms [data-column={column}] .histogram-plot")
    expect(plot.locator(".all")).to_have_attribute("d", re.compile("M"))
    box = plot.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + 9)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 9, steps=3)
    if key:
        page.keyboard.press(key)
    page.mouse.up()


def frame(predictions: Predictions) -> pd.DataFrame:
    names = np.array(predictions.class_names)
    numbers = {name: column.values for name, column in predictions.columns.items()}
    return pd.DataFrame(
        numbers | {"label": names[predictions.store.labels], "correct": predictions.correct}
    )


def test_the_gallery_turns_its_pages_and_its_photographs_load_when_near(page: Page) -> None:
    # The gallery shows the active location, wherever it is.
    page.evaluate("() => dash_clientside.set_props('active-location', { data: null })")
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
