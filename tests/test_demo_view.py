"""The demo's first view: a location taken for a neighbouring state, explained with its checks."""

import runpy
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.errors import InputError
from tests.examples import small_store
from tests.workbench.dashboard.examples import attribution, examined
from workbench import store as stores
from workbench.attribution.cache import AttributionCache
from workbench.attribution.explainer import RequestResolver
from workbench.attribution.request import AttributionRequest
from workbench.attribution.serialization import fingerprint
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.steps import evaluate
from workbench.export.link import read_link
from workbench.store import Store
from workbench.store.companions import cache_folder

CLASSES = ("Alabama", "Alaska", "Georgia", "Hawaii")


class Explainer(RequestResolver):
    """Explains at once and notes what was asked; the maps of some locations are those of noise."""

    def __init__(self, store: Store, bad: Collection[str] = ()) -> None:
        super().__init__(store)
        self.asked: list[AttributionRequest] = []
        self.bad = bad

    def explain(self, name: str, request: AttributionRequest, progress: Any = None) -> Any:
        self.asked.append(request)
        return attribution(name, request)

    def check(self, made: Any, progress: Any = None) -> Any:
        result = examined(made)
        if made.location_id in self.bad:
            assert result.checks is not None
            result = replace(result, checks=replace(result.checks, input_randomization=0.99))
        return result


@pytest.fixture
def script() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "demo_view.py"))


def confused(path: Path, predicted: dict[int, int]) -> Store:
    """Write a store whose locations are right, but for some rows."""
    store = small_store(path, path.with_name("data"), CLASSES, locations=3)
    logits = 5 * np.eye(len(CLASSES), dtype=np.float32)[store.labels]
    for row, label in predicted.items():
        logits[row] = 0
        logits[row, label] = 6 + row
    store = replace(store, logits=logits)
    stores.write(path, store)
    return store


def test_it_shows_the_surest_location_taken_for_a_neighbour(
    tmp_path: Path, script: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "small.h5"
    # Alabama is taken for Georgia twice; Alaska for Hawaii, no neighbour, three times.
    store = confused(path, {0: 2, 1: 2, 3: 3, 4: 3, 5: 3})
    explainer = Explainer(store)
    monkeypatch.setitem(script["view"].__globals__, "open_explainer", lambda *_: explainer)
    link = read_link(script["view"](path))
    assert link.page == "location"
    assert link.location == store.location_ids[1]
    selected = evaluate(link.steps, Predictions(store))
    assert np.flatnonzero(selected).tolist() == [0, 1]
    (request,) = explainer.asked
    assert request.target == "Georgia"
    assert not request.contrast_target
    cache = AttributionCache(cache_folder(path), fingerprint(store), 10**9)
    kept = cache.get(link.location, request)
    assert kept is not None
    assert kept.checks is not None
    assert read_link(script["view"](path)) == link
    assert len(explainer.asked) == 1  # The second time it is in the cache.


@pytest.mark.parametrize(("bad", "shown"), [((1,), 0), ((0, 1), 1)], ids=["one", "both"])
def test_it_prefers_a_map_that_is_supported(
    bad: tuple[int, ...],
    shown: int,
    tmp_path: Path,
    script: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "small.h5"
    store = confused(path, {0: 2, 1: 2})
    explainer = Explainer(store, [store.location_ids[row] for row in bad])
    monkeypatch.setitem(script["view"].__globals__, "open_explainer", lambda *_: explainer)
    assert read_link(script["view"](path)).location == store.location_ids[shown]
    assert len(explainer.asked) == 2


def test_without_neighbours_that_are_confused_it_says_so(
    tmp_path: Path, script: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    confused(tmp_path / "small.h5", {3: 3})
    with pytest.raises(InputError, match=r"small\.h5: the model confuses no neighbouring states"):
        script["view"](tmp_path / "small.h5")
    with pytest.raises(SystemExit) as stopped:
        script["main"]([str(tmp_path / "small.h5")])
    assert stopped.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
