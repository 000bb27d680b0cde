"""Maps beside each other: their common scale and the difference of two."""

from dataclasses import replace

import numpy as np

from tests.workbench.dashboard.examples import attribution, text
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.dashboard.overlay import Display
from workbench.dashboard.pages import compare
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs


def level(predictions: Predictions, row: int, value: float, size: int = 8) -> Attribution:
    """Return a map that has the same value everywhere."""
    made = attribution(predictions.store.location_ids[row], AttributionRequest())
    return replace(made, values=np.full((4, size, size), value, dtype=np.float32))


def test_one_scale_for_all_maps_and_another_for_the_difference(
    predictions: Predictions, photographs: Photographs
) -> None:
    maps = [level(predictions, 0, 0.25), level(predictions, 1, -0.5)]
    shown = compare.view(maps, photographs, Display(percentile=100))
    assert text(shown["scale"]).split()[-1] == "±0.5"
    assert "±0.75" in text(shown["difference"])
    assert [bool(one) for one in shown["maps"]] == [True, True, False, False]
    # A scale that is kept is that of maps, not of their difference.
    kept = compare.view(maps, photographs, Display(full=2.0, percentile=100))
    assert text(kept["scale"]).split()[-1] == "±2"
    assert "±0.75" in text(kept["difference"])


def test_maps_without_a_difference(predictions: Predictions, photographs: Photographs) -> None:
    one, other, small = (level(predictions, row, 1.0, size) for row, size in enumerate((8, 8, 4)))
    for maps in ([one], [one, other, small], [one, None], [None, None]):
        assert compare.view(maps, photographs, Display())["difference"] == []
    sizes = text(compare.view([one, small], photographs, Display())["difference"])
    assert "their sizes are 8 × 8 and 4 × 4" in sizes
    assert compare.view([None], photographs, Display())["scale"] == []
