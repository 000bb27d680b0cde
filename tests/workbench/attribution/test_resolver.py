"""Requests name classes and locations of a store."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.errors import InputError
from tests.examples import small_store
from workbench.attribution.explainer import RequestResolver
from workbench.attribution.request import AttributionRequest


def test_names_are_found_in_any_form(tmp_path: Path) -> None:
    store = small_store(tmp_path / "store.h5", tmp_path / "data", ("Le\u00f3n", "Ohio"), 2)
    other, location, *_ = store.location_ids
    decomposed = other.replace("\u00f3", "o\u0301")
    request = AttributionRequest(
        baseline="location", baseline_location=decomposed, target="Leo\u0301n"
    )
    resolved = RequestResolver(store).resolve(location, request)
    assert (resolved.target, resolved.baseline_location) == ("Le\u00f3n", other)
    # Two classes of an earlier version that look alike are told apart.
    alike = replace(store, class_names=("Le\u00f3n", "Leo\u0301n"))
    request = replace(request, baseline="mean", baseline_location="")
    assert RequestResolver(alike).resolve(location, request).target == "Leo\u0301n"


@pytest.mark.parametrize("name", ["predicted", "true"])
def test_a_class_that_is_called_as_a_keyword_is_refused(tmp_path: Path, name: str) -> None:
    store = small_store(tmp_path / "store.h5", tmp_path / "data", (name, "Ohio"), 2)
    resolver, location = RequestResolver(store), store.location_ids[0]
    message = f"{name!r} means the {name} class of a location, but the model also has a class"
    for request in (
        AttributionRequest(target=name),
        AttributionRequest(target="Ohio", contrast_target=name),
    ):
        with pytest.raises(InputError, match=message):
            resolver.resolve(location, request)
    assert resolver.resolve(location, AttributionRequest(target="Ohio")).target == "Ohio"
    # A request that has been resolved is never taken for another class.
    store = replace(store, logits=np.tile(np.array([1, 0], np.float32), (len(store), 1)))
    other = "true" if name == "predicted" else "predicted"
    resolved = RequestResolver(store).resolve(location, AttributionRequest(target=other))
    with pytest.raises(InputError, match=message):
        RequestResolver(store).resolve(location, resolved)
