"""The overview and the page of a class, as a person uses them."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, header, selected_in_all
from tests.browser.test_layout import (
    CUT_OFF,
    LARGER_THAN_WINDOW,
    OUTSIDE,
    OVERLAPS,
    PANELS,
    expect_none,
)
from workbench.evaluation.histograms import histogram


@pytest.fixture
def overview(page: Page) -> Iterator[Page]:
    page.locator("[data-page-name=overview]").click()
    expect(page.locator("#overview-accuracy tbody tr")).to_have_count(3)
    yield page
    page.locator("#overview-examples-kind label").first.click()


def frame(site: Site) -> pd.DataFrame:
    names = np.array(site.store.class_names)
    found = site.predictions
    every = pd.DataFrame({"true": names[site.store.labels], "right": found.correct})
    every["predicted"] = names[found.predicted_labels]
    every["confidence"] = found.confidences.astype(np.float32)
    every["kilometers"] = found.columns["kilometers"].values
    return every


def saved(page: Page, panel: str, form: str) -> Path:
    menu = page.locator(f"{panel} .download")
    menu.locator("summary").click()
    with page.expect_download() as download:
        menu.locator(f"[data-download={form}]").click()
    return Path(download.value.path())


def test_the_overview_is_a_way_in(overview: Page, site: Site) -> None:
    page, every = overview, frame(site)
    wrong = every[~every["right"]]
    expect(page.locator("#overview-accuracy")).to_contain_text(f"{every['right'].mean():.1%}"[:-1])
    measures = pd.read_csv(saved(page, ".overview-accuracy-panel", "csv")).set_index("measure")
    assert measures["value"]["top_1"] == pytest.approx(every["right"].mean())
    assert measures["value"]["median_kilometers_when_wrong"] == pytest.approx(
        wrong["kilometers"].median()
    )
    recall = pd.read_csv(saved(page, ".overview-classes-panel", "csv")).set_index("class")["recall"]
    assert recall.to_dict() == pytest.approx(every.groupby("true")["right"].mean().to_dict())
    # A class narrows, and stays in the list; the others can be chosen.
    worst = str(recall.index[0])
    page.locator("#overview-classes button").first.focus()
    page.keyboard.press("Enter")
    header(page).to_contain_text("24 of 120 locations")
    assert selected_in_all(page) == list(every.index[every["true"] == worst])
    expect(page.locator("#overview-classes tbody tr")).to_have_count(5)
    expect(page.locator("#overview-classes [aria-pressed=true]")).to_have_text(worst)
    expect(page.locator("#overview-accuracy-status")).to_contain_text("24 of 120")
    page.locator("#clear-selection").click()
    # So does a confusion.
    count = wrong.groupby(["true", "predicted"]).size()
    row = page.locator("#overview-confusions tbody tr").first
    expect(row).to_contain_text(str(count.max()))
    pair = [row.get_attribute(f"data-{one}") for one in ("true", "predicted")]
    row.click()
    header(page).to_contain_text(f"true {pair[0]}, predicted {pair[1]}")
    cell = (every["true"] == pair[0]) & (every["predicted"] == pair[1])
    assert selected_in_all(page) == list(every.index[cell])
    expect(page.locator("#overview-examples .example-card")).to_have_count(int(cell.sum()))
    page.locator("#clear-selection").click()
    # A range of the histogram, and what stands above and below.
    plot = page.locator("#overview-histograms [data-column=confidence] .histogram-plot")
    box = plot.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 9)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 9, steps=3)
    page.mouse.up()
    header(page).to_contain_text("confidence 50 % to 80 %")
    part = every.query("0.5 <= confidence <= 0.8")
    assert selected_in_all(page) == list(part.index)
    bins = pd.read_csv(saved(page, ".overview-histograms-panel", "csv"))
    # The bins of the browser are those of the printed figure.
    member = np.isin(every.index, part.index)
    for name, shown in bins.groupby("column"):
        found = histogram(
            str(name), site.predictions.columns[str(name)], site.predictions.correct, member
        )
        assert np.allclose(shown["from"], found.edges[:-1])
        assert np.allclose(shown["to"], found.edges[1:])
        assert shown["all_right"].tolist() == found.all_right.tolist()
        assert shown["all_wrong"].tolist() == found.all_wrong.tolist()
        assert shown["selected_right"].tolist() == found.right.tolist()
        assert shown["selected_wrong"].tolist() == found.wrong.tolist()
    assert set(bins["column"]) == {"confidence", "kilometers"}
    bins = bins[bins["column"] == "confidence"]
    assert bins["selected_right"].sum() == part["right"].sum()
    assert bins.query("`from` < 0.5")["selected_right"].sum() == 0
    # The cards, and the one that opens its location.
    page.locator("#overview-examples-kind label", has_text="Least sure").click()
    expect(page.locator("#overview-examples-status")).to_have_text(f"{len(part)} locations")
    least = int(part["confidence"].to_numpy().argmin())
    lowest, its_class = site.store.location_ids[part.index[least]], part["true"].iloc[least]
    card = page.locator("#overview-examples .example-card").first
    expect(card).to_have_attribute("data-location", lowest)
    card.click()
    expect(page.locator("#location-title")).to_contain_text(lowest)
    assert "overview-examples-kind=unsure" in page.url
    picture = saved(page, ".examples-panel:visible", "svg").read_text()
    assert f">{its_class}<" in picture
    assert "<image" in picture
    assert saved(page, ".overview-classes-panel", "png").read_bytes().startswith(b"\x89PNG")


def test_the_page_of_a_class_follows_legend_and_choice(page: Page, site: Site) -> None:
    every = frame(site)
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    page.locator("[data-page-name=state]").click()
    expect(page.locator("#state-class")).to_contain_text("Ohio")
    expect(page.locator("#state-numbers-status")).to_have_text("24 of 120")
    expect(page.locator("#state-areas")).to_have_text("24 against 96")
    measures = pd.read_csv(saved(page, ".state-numbers-panel", "csv")).set_index("measure")
    ohio, as_ohio = every[every["true"] == "Ohio"], every[every["predicted"] == "Ohio"]
    assert measures["value"]["recall"] == pytest.approx(ohio["right"].mean())
    assert measures["value"]["precision"] == pytest.approx(as_ohio["right"].mean())
    expect(page.locator("#state-curve .legend")).to_contain_text(f"{measures['value']['auc']:.3f}")
    for way, others in (
        ("predicted", ohio["predicted"][~ohio["right"]]),
        ("mistaken", as_ohio["true"][~as_ohio["right"]]),
    ):
        rows = pd.read_csv(saved(page, f".state-{way}-panel", "csv"))
        counts = rows.set_index("predicted" if way == "predicted" else "true")["count"]
        assert counts.to_dict() == others.value_counts().to_dict()
    # A class that is mistaken for it selects the cell, although Ohio was selected.
    row = page.locator("#state-mistaken tbody tr").first
    other = row.get_attribute("data-true")
    row.locator("button").focus()
    page.keyboard.press("Enter")
    header(page).to_contain_text(f"true {other}, predicted Ohio")
    cell = (every["true"] == other) & (every["predicted"] == "Ohio")
    assert selected_in_all(page) == list(every.index[cell])
    expect(page.locator("#state-class")).to_contain_text("Ohio")
    expect(page.locator("#state-mistaken [aria-pressed=true]")).to_have_count(1)
    expect(page.locator("#state-examples-status")).to_have_text(
        f"{(~ohio['right']).sum()} wrong of 24"
    )
    # Another class from its own menu takes the narrowing along.
    page.locator("#legend [data-class=Hawaii]").click()
    page.locator("#clear-selection").click()
    page.locator("#legend [data-class=Hawaii]").click()
    expect(page.locator("#state-class")).to_contain_text("Hawaii")
    page.locator("#state-class").click()
    page.get_by_role("option", name="Illinois").click()
    header(page).to_contain_text("Illinois")
    expect(page.locator("#state-areas")).to_have_text("24 against 96")
    page.wait_for_function("() => location.hash.includes('state-class=Illinois')")


def test_what_decides_a_class_is_computed_on_demand(page: Page) -> None:
    page.locator("[data-page-name=state]").click()
    page.locator("#legend [data-class=Arizona]").click()
    expect(page.locator("#state-class")).to_contain_text("Arizona")
    maps = page.locator("#state-maps-maps")
    expect(maps).to_contain_text("Not computed yet")
    expect(maps).to_contain_text("resnetbolt attribute")
    page.locator("#state-maps-compute").click()
    expect(maps).to_contain_text("mean of 12 maps of the logit of Arizona")
    expect(page.locator("#state-maps-status")).to_contain_text("12 of 24 locations")
    expect(maps.locator(".prototype")).to_have_count(4)
    shares = pd.read_csv(saved(page, ".state-maps-panel", "csv")).set_index("part")
    assert list(shares.index) == ["N", "E", "S", "W", "upper", "middle", "lower"]
    assert shares["share"][:4].sum() == pytest.approx(1)
    assert (shares["low"] <= shares["share"]).all()
    north = maps.locator(".share").first
    expect(north).to_have_text(re.compile(rf"^{shares['share']['N']:.0%} \(\d+–\d+\)$"))
    maps.locator(".prototype").first.click()
    expect(page.locator("#location-title code")).to_have_text(re.compile("^Arizona/"))


@pytest.mark.parametrize("name", ["overview", "state"])
def test_nothing_overlaps_and_nothing_is_cut_off(page: Page, name: str) -> None:
    page.locator(f"[data-page-name={name}]").click()
    expect(page.locator(f"#{name}-examples .example-card").first).to_be_visible()
    for width, height in ((1440, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        expect_none(page, OVERLAPS, PANELS)
        expect_none(page, OUTSIDE, PANELS)
        expect_none(page, CUT_OFF, f"#page-{name} :is(.status, h2, th, td, .segments label)")
        expect_none(page, LARGER_THAN_WINDOW, "html")
