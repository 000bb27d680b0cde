"""One location, its map, what speaks for the map, and the maps of a selection."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, header, loaded, open_card
from tests.workbench.dashboard.examples import cell


def choose(page: Page, control: str, option: str) -> None:
    page.locator(f"#{control}").click()
    page.get_by_role("option", name=option, exact=True).click()


def tab(page: Page, name: str) -> None:
    page.locator("#tab label", has_text=name).click()


def sources(page: Page, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).evaluate_all("(all) => all.map((i) => i.src)")
    return found


def ask_what_nobody_has(page: Page) -> None:
    """Choose an output that no other test asks for the cards 1, 2, 5 and 7.

    Maps that have been computed are kept, also those that another page asked for.
    """
    choose(page, "output", "probability")


def explain(page: Page, card: int) -> str:
    """Open a location, wait for its map and its evidence, and return its id."""
    name = open_card(page, card)
    # Not those of the location that was open before.
    expect(page.locator(".overlays img").first).to_have_attribute(
        "alt", re.compile(f"^{re.escape(name)}, ")
    )
    expect(page.locator("#verdict-badge")).not_to_have_text("checking")
    expect(page.locator("#completeness")).to_be_attached()
    return name


# --- one location ---


def test_a_card_opens_its_location_and_its_map_is_seen_while_it_is_made(
    page: Page, site: Site
) -> None:
    ask_what_nobody_has(page)
    site.explainer.gate.clear()
    card = page.locator(".card").nth(1)
    name = card.get_attribute("data-location")
    assert name
    card.click()
    expect(page.locator("#location-title")).to_contain_text(name)
    loaded(page, "#views img", 4)
    expect(page.locator("#views figcaption")).to_have_text(["N", "E", "S", "W"])
    expect(page.locator(".bars li")).to_have_count(5)
    expect(page.locator("#attribution-info")).to_contain_text(
        "integrated gradients: 12 gradients, map error 2.1%"
    )
    loaded(page, ".overlays img", 4)
    expect(page.locator("#completeness")).to_have_count(0)
    site.explainer.gate.set()
    # The fake's map misses the output difference of two by its own sum.
    expect(page.locator("#completeness")).to_have_text(
        re.compile(r"^error [+−]\d\.\d+, \d+\.\d% of the difference \+\d\.\d+$")
    )
    loaded(page, ".overlays img", 4)
    expect(page.locator(".overlays figcaption").first).to_have_text("N")
    expect(page.locator(".overlays .share").first).to_have_text(re.compile(r"^\d\d%$"))
    expect(page.locator("#cancel")).to_be_hidden()


def test_the_map_is_shown_at_once_and_its_evidence_later(page: Page, site: Site) -> None:
    ask_what_nobody_has(page)
    site.explainer.evidence_gate.clear()
    open_card(page, 2)
    expect(page.locator("#completeness")).to_be_visible()
    expect(page.locator("#verdict-badge")).to_have_text("checking")
    tab(page, "Checks")
    expect(page.locator("#checks")).to_contain_text("deletion and insertion")
    site.explainer.evidence_gate.set()
    expect(page.locator("#checks .reasons td").first).to_be_visible()
    expect(page.locator("#checks .curves .scatterlayer .trace")).to_have_count(12)
    expect(page.locator("#checks .measure h3")).to_have_text(
        [
            "Other baselines",
            "Small noise",
            "Random weights",
            "Noise images",
            "Without view, pp",
            "Views rotated, pp",
        ]
    )
    expect(page.locator("#cancel")).to_be_hidden()


def test_an_explanation_can_be_cancelled_and_asked_again(page: Page, site: Site) -> None:
    ask_what_nobody_has(page)
    site.explainer.gate.clear()
    open_card(page, 5)
    expect(page.locator("#attribution-info")).to_contain_text("12 gradients")
    loaded(page, ".overlays img", 4)
    page.locator("#cancel").click()
    expect(page.locator("#attribution-info")).to_have_text("Map: cancelled.")
    loaded(page, ".overlays img", 4)  # As far as it had come.
    site.explainer.gate.set()
    page.locator("#compute").click()
    expect(page.locator("#completeness")).to_be_visible()


def test_a_failed_explanation_says_why(page: Page, site: Site) -> None:
    ask_what_nobody_has(page)
    site.explainer.broken = True
    open_card(page, 7)
    expect(page.locator("#attribution-info .failure")).to_have_text(
        "The photographs have changed; extract the store again."
    )
    site.explainer.broken = False
    page.locator("#compute").click()
    expect(page.locator("#completeness")).to_be_visible()


# --- what is asked ---


def test_another_request_starts_at_once_and_an_earlier_one_is_cached(
    page: Page, site: Site
) -> None:
    explain(page, 3)
    said = page.locator("#request-info")
    expect(said).to_contain_text("integrated gradients, baseline mean colour")
    choose(page, "output", "probability")
    expect(said).to_contain_text("probability of")
    choose(page, "method", "Grad-CAM")
    expect(said).to_contain_text("Grad-CAM")
    expect(page.locator("#convergence")).to_be_visible()
    choose(page, "target", "Hawaii")
    expect(said).to_contain_text("probability of Hawaii")
    site.explainer.gate.clear()  # Now nothing new can be made.
    choose(page, "target", "predicted")
    choose(page, "method", "integrated gradients")
    choose(page, "output", "logit")
    expect(said).to_contain_text("logit of")
    expect(said).to_contain_text("integrated gradients, baseline mean colour")


def test_a_target_contrasted_with_itself_is_an_error(page: Page, site: Site) -> None:
    name = explain(page, 4)
    row = site.predictions.rows[name]
    predicted = site.predictions.class_names[site.predictions.predicted_labels[row]]
    other = next(one for one in site.predictions.class_names if one != predicted)
    page.locator("#contrast-target").click()
    expect(page.get_by_role("option", name=predicted, exact=True)).to_be_disabled()
    page.get_by_role("option", name=other, exact=True).click()
    expect(page.locator("#request-info")).to_contain_text(f"{predicted} rather than {other}")
    choose(page, "target", other)
    expect(page.locator("#attribution-info .failure")).to_contain_text("choose two classes")


def test_a_pinned_location_becomes_a_baseline(page: Page) -> None:
    pinned = explain(page, 5)
    page.locator("#pin").click()
    choose(page, "baseline", f"as {pinned}")
    expect(page.locator("#attribution-info .failure")).to_contain_text("is its own baseline")
    explain(page, 6)
    expect(page.locator("#request-info")).to_contain_text(f"baseline {pinned}")


def test_a_method_without_a_baseline_has_none_to_choose(page: Page) -> None:
    explain(page, 5)
    choose(page, "method", "Grad-CAM")
    expect(page.locator("#baseline-label")).to_have_text("No baseline")
    expect(page.locator("#baseline")).to_be_disabled()
    choose(page, "method", "occlusion")
    expect(page.locator("#baseline-label")).to_have_text("Baseline")
    expect(page.locator("#baseline")).to_be_enabled()


def test_a_control_can_be_worked_with_the_keyboard(page: Page) -> None:
    explain(page, 3)
    page.locator("#baseline").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="probability", exact=True)).to_be_visible()
    chosen = page.locator("[value=logit]:focus")
    expect(chosen).to_be_attached()
    for _ in range(20):  # The list takes keys a moment after it has the focus.
        if not chosen.count():
            break
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(200)
    expect(
        page.locator("[value=log_probability]:focus, [value=probability]:focus")
    ).to_be_attached()
    page.keyboard.press("Space")
    expect(page.locator("#request-info")).not_to_contain_text("logit")


# --- how it is shown ---


def test_how_a_map_is_shown_changes_only_how_it_is_shown(page: Page) -> None:
    title = page.locator(".card").nth(3).get_attribute("title")
    assert title
    explain(page, 3)
    expect(page.locator("#request-info")).to_contain_text(title.rpartition("predicted ")[2])
    said = page.locator("#attribution-info").inner_text()
    changed = "(old) => !old.includes(document.querySelector('.overlays img').src)"
    seen = sources(page, ".overlays img")
    choose(page, "percentile", "95 %")
    page.wait_for_function(changed, arg=seen)
    seen += sources(page, ".overlays img")
    page.locator("#opacity").fill("0.4")
    page.wait_for_function(changed, arg=seen)
    page.locator("#color-limit").fill("0.5")
    page.keyboard.press("Enter")
    expect(page.locator("#color-scale")).to_contain_text("±0.5")
    assert page.locator("#attribution-info").inner_text() == said
    page.locator("#color-limit").fill("")
    page.keyboard.press("Enter")
    expect(page.locator("#color-scale")).not_to_contain_text("±0.5")


def test_the_scale_of_one_map_is_kept_for_the_next(page: Page, site: Site) -> None:
    explain(page, 3)
    own = page.locator("#color-scale").inner_text()
    page.locator("#keep-limit").click()
    expect(page.locator("#color-limit")).not_to_have_value("")
    explain(page, 8)
    expect(page.locator("#color-scale")).to_have_text(own.replace("\n", ""))
    page.locator("#keep-limit").click()
    expect(page.locator("#color-limit")).to_have_value("")


def test_the_page_of_a_location_shows_all_of_it_at_once(page: Page) -> None:
    name = explain(page, 3)
    small = page.locator("#views img").first.bounding_box()
    page.locator("[data-page-name=location]").click()
    for part in ("#checks .reasons", "#completeness", "#cost", "#gallery .card.active"):
        expect(page.locator(part).first).to_be_visible()
    large = page.locator("#views img").first.bounding_box()
    assert small
    assert large
    assert large["width"] > 1.3 * small["width"]
    page.keyboard.press("ArrowRight")
    expect(page.locator("#location-title")).not_to_contain_text(name)
    expect(page.locator("#completeness")).to_be_visible()


# --- a selection ---


def test_a_class_is_explained_by_the_maps_of_some_of_its_locations(page: Page, site: Site) -> None:
    page.locator("[data-class=Ohio]").click()
    header(page).to_contain_text("24 of 120 locations")
    tab(page, "Selection")
    expect(page.locator("#aggregate-status")).to_have_text(
        "12 of 24 locations, drawn at random with a fixed seed"
    )
    expect(page.locator("#aggregate-target label").first).to_have_text("Why Ohio")
    site.explainer.gate.clear()
    page.locator("#aggregate-compute").click()
    expect(page.locator("#aggregate-status")).to_have_text(re.compile(r"^\d of 12 maps computed$"))
    site.explainer.gate.set()
    loaded(page, ".mean img", 4)
    expect(page.locator("#aggregate-status")).to_contain_text("12 of 24")
    expect(page.locator(".mean .share").first).to_have_text(re.compile(r"^\d+% \(\d+–\d+\)$"))
    expect(page.locator("#aggregate-maps .mean-info")).to_contain_text(
        "mean of 12 maps of the logit of Ohio"
    )
    # An exemplar opens, and its map is what it was in the mean.
    exemplar = page.locator("#aggregate-maps .prototype").first
    name = exemplar.get_attribute("data-location")
    assert name
    assert name.startswith("Ohio/")
    choose(page, "target", "Ohio")
    exemplar.click()
    expect(page.locator("#location-title")).to_contain_text(name)
    expect(page.locator("#request-info")).to_contain_text("logit of Ohio")


def test_a_confusion_cell_requests_a_contrast_target(page: Page, site: Site) -> None:
    wrong = [row for row in site.predictions.drawing_order if not site.predictions.correct[row]]
    pairs = [(site.store.labels[row], site.predictions.predicted_labels[row]) for row in wrong]
    true, predicted = max(set(pairs), key=pairs.count)
    names = site.predictions.class_names
    steps = [cell(names[true], names[predicted])]
    page.evaluate("(steps) => dash_clientside.set_props('selection', { data: steps })", steps)
    tab(page, "Selection")
    why = f"{names[predicted]} rather than {names[true]}"
    expect(page.locator("#aggregate-target label").first).to_have_text(f"Why {why}")
    page.locator("#aggregate-compute").click()
    expect(page.locator("#aggregate-maps .mean-info")).to_contain_text(f"logit of {why}")


def test_an_aggregation_can_be_cancelled(page: Page, site: Site) -> None:
    page.locator("[data-class=Arizona]").click()
    tab(page, "Selection")
    expect(page.locator("#aggregate-target label").first).to_have_text("Why Arizona")
    site.explainer.gate.clear()
    page.locator("#aggregate-compute").click()
    expect(page.locator("#aggregate-status")).to_have_text(re.compile(r"^\d of 12 maps computed$"))
    page.locator("#aggregate-cancel").click()
    expect(page.locator("#aggregate-cancel")).to_be_hidden()
    expect(page.locator("#aggregate-compute")).to_be_enabled()
    site.explainer.gate.set()


def test_no_mean_is_shown_of_maps_that_were_only_opened(page: Page) -> None:
    explain(page, 0)
    tab(page, "Selection")
    expect(page.locator("#aggregate-compute")).to_be_enabled()
    expect(page.locator("#aggregate-target")).to_be_hidden()  # Nothing is selected.
    expect(page.locator("#aggregate-maps")).to_be_empty()
    choose(page, "output", "probability")
    expect(page.locator("#aggregate-maps")).to_be_empty()


def test_whoever_opens_a_location_gets_to_see_it(page: Page) -> None:
    tab(page, "Selection")
    expect(page.locator("#aggregate-compute")).to_be_visible()
    open_card(page, 9)
    expect(page.locator("#completeness")).to_be_visible()


@pytest.mark.parametrize("size", [(1440, 900), (1280, 800)], ids=str)
def test_options_are_as_wide_as_their_words(page: Page, size: tuple[int, int]) -> None:
    open_card(page, 0)  # Which opens the drawer that the controls are in.
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.locator("#method").click()
    option = page.get_by_role("option", name="integrated gradients")
    expect(option).to_be_visible()
    assert option.evaluate("(e) => e.scrollWidth - e.clientWidth") <= 1
    page.keyboard.press("Escape")


@pytest.mark.parametrize("size", [(1440, 900), (1280, 800)], ids=str)
def test_closed_controls_cut_off_no_text(page: Page, size: tuple[int, int]) -> None:
    open_card(page, 0)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    expect(page.locator("#method")).to_be_visible()
    controls = ("method", "baseline", "output", "target")
    for _ in range(20):  # Until the page has followed the window.
        page.wait_for_timeout(50)
        cut = page.locator(", ".join(f"#{name}, #{name} *" for name in controls)).evaluate_all(
            "(all) => all.filter((e) => e.scrollWidth > e.clientWidth && e.clientWidth)"
            ".map((e) => e.outerHTML)"
        )
        if not cut:
            break
    assert cut == []
