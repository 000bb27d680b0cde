"""Scores of one map against the mask of its location, as numbers that can be kept in a file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.attribution.ground_truth.masks import Element
from workbench.attribution.ground_truth.metrics import (
    NAN,
    expected_shares,
    graded_correlation,
    height_matched,
    mass_accuracy,
    pointing_game,
    rank_accuracy,
    removal_correlation,
    shift_p_value,
)

PARTS = ("absolute", "positive")
"""Which part of a map is compared: |map|, or the values that raise the output."""
HEIGHT_MATCHED, GRADED = "height-matched", "graded"
"""The metrics that position in the image alone cannot win."""
SHARES = {
    "mass accuracy": mass_accuracy,
    "rank accuracy": rank_accuracy,
    "pointing game": pointing_game,
}
"""The metrics that are shares, whose chance level is the area share."""
METRICS = (HEIGHT_MATCHED, GRADED, *SHARES)
SIGNED = "signed"
"""The part of a map that is all of it."""
REMOVALS = ("removed by mean colour", "removed by inpainting")
"""The metrics of the signed map that compare it with what the model uses."""


@dataclass(frozen=True)
class MapScores:
    """How far one map agrees with the mask of its location; numbers are NaN where unknown.

    `metrics` are the value and the chance level by part and name. Of each of E elements, `shares`
    is its share of |map|, `areas` that of the views and `expected` what its rows would give it.
    `p_value` is that of the height-matched metric of |map| (`metrics.shift_p_value`); `label` is
    the verdict on a map that was checked.
    """

    metrics: Mapping[tuple[str, str], tuple[float, float]]
    shares: Sequence[float]
    areas: Sequence[float]
    expected: Sequence[float]
    p_value: float
    converged: bool | None = None
    seconds: float = 0.0
    label: str = ""

    def dump(self) -> bytes:
        """Return the scores as JSON."""
        document = asdict(self) | {"metrics": [[*key, *pair] for key, pair in self.metrics.items()]}
        return json.dumps(document).encode()

    @classmethod
    def load(cls, content: bytes | memoryview) -> "MapScores":
        """Return the scores of `dump`."""
        document: dict[str, Any] = json.loads(bytes(content))
        metrics = {
            (part, name): (value, chance) for part, name, value, chance in document["metrics"]
        }
        return cls(**document | {"metrics": metrics})


def evaluate(
    values: NDArray[np.float32],
    shares: NDArray[np.float32],
    elements: Sequence[Element],
    nats: NDArray[np.float64],
    changes: NDArray[np.float64] | None = None,
) -> MapScores:
    """Compare a map (4, H, W) with the shares (E, 4, H, W) of the elements in its pixels.

    `nats` (E,) is what each element tells, and `changes` (2, E) by how much the output falls
    without it, by `REMOVALS`; NaN where that is unknown.
    """
    mask = shares[[element.tells_state for element in elements]].sum(axis=0)
    area = float(mask.mean(dtype=np.float64))
    areas = shares.mean(axis=(1, 2, 3), dtype=np.float64)
    metrics: dict[tuple[str, str], tuple[float, float]] = {}
    for part, weights in zip(PARTS, (np.abs(values), np.maximum(values, 0)), strict=True):
        if weights.any():
            inside = np.array([mass_accuracy(weights, share) for share in shares])
            expected = expected_shares(weights, shares)
        else:
            inside = expected = np.full(len(shares), NAN)
        if part == PARTS[0]:
            of_map = inside, expected
        metrics[part, HEIGHT_MATCHED] = height_matched(weights, mask)
        metrics[part, GRADED] = (graded_correlation(inside, expected, areas, nats), 0.0)
        for name, metric in SHARES.items():
            metrics[part, name] = (metric(weights, mask), area)
    if changes is not None:
        for name, change in zip(REMOVALS, changes, strict=True):
            metrics[SIGNED, name] = (removal_correlation(values, shares, change), 0.0)
    return MapScores(
        metrics,
        shares=of_map[0].tolist(),
        areas=areas.tolist(),
        expected=of_map[1].tolist(),
        p_value=shift_p_value(np.abs(values), mask),
    )
