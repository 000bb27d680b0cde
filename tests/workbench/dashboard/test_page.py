"""What is mounted at start, and what with each page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import Dash

from tests.workbench.dashboard.examples import Fake
from workbench.dashboard.page import PAGES, create_app
from workbench.dashboard.sets import Sets
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs

ASSETS = Path("assets").resolve()
START = "start"


@pytest.fixture(scope="module")
def app(judged_predictions: Predictions, root: Path) -> Dash:
    store = judged_predictions.store  # It has more projections than panels.
    photographs, saved = Photographs(root / "data", store), Sets(root / "small.h5.sets.sqlite")
    return create_app(store, "small.h5", ASSETS, photographs, Fake(), saved_sets=saved)


def ids(content: Any) -> Iterator[str]:
    """Yield the ids of all components of a layout as JSON."""
    if isinstance(content, list):
        for one in content:
            yield from ids(one)
    elif isinstance(content, dict) and "props" in content:
        if "id" in content["props"]:
            yield content["props"]["id"]
        yield from ids(content["props"].get("children"))


@pytest.fixture(scope="module")
def parts(app: Dash) -> dict[str, str]:
    """Return with which part each component is mounted: at `START`, a page, or its figures."""
    layout = app.server.test_client().get("/_dash-layout").json
    waiting = {
        one["props"]["id"]: one["props"]["data"]
        for one in layout["props"]["children"]
        if one["props"].get("id") in ("layouts", "figures")
    }
    assert list(waiting["layouts"]) == [page.name for page in PAGES]
    assert list(waiting["figures"]) == [page.name for page in PAGES if page.figures]
    found = [(one, START) for one in ids(layout)]
    for kind, contents in waiting.items():
        found += [(one, f"{kind} {name}") for name in contents for one in ids(contents[name])]
    assert len(dict(found)) == len(found)  # Each id once.
    return dict(found)


@pytest.mark.slow
def test_at_start_only_what_stands_on_all_pages_is_mounted(parts: dict[str, str]) -> None:
    of_pages = {
        "maps": ("panel-umap", "projection-choice-umap", "roc", "confusion", "histograms"),
        "errors": ("errors-matrix", "confusions"),
        "states": ("states-table", "class-curves", "states-score"),
        "state": ("state-class", "state-maps-maps"),
        "overview": ("overview-numbers", "overview-curves"),
        "compare": ("compare-0", "compare-timer"),
    }
    for name, components in of_pages.items():
        for one in components:
            assert parts[one].endswith(name)
    for one in ("legend", "gallery", "location", "selection", "page-maps", "figures-maps"):
        assert parts[one] == START


def test_each_callback_can_run_when_its_outputs_are_mounted(
    app: Dash, parts: dict[str, str]
) -> None:
    for callback in app.server.test_client().get("/_dash-dependencies").json:
        outputs = {one.rpartition(".")[0] for one in callback["output"].strip(".").split("...")}
        (place,) = {parts[one] for one in outputs}
        for one in (*callback["inputs"], *callback["state"]):
            there = parts[one["id"]] in (START, place, place.replace("figures", "layouts"))
            assert there or one.get("allow_optional"), (callback["output"], one)
