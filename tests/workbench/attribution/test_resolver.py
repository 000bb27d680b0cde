"""Requests name classes and locations of a store."""

from dataclasses import replace
from pathlib import Path

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
