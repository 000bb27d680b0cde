"""Histograms of the columns of numbers, in bins at round numbers, of right and wrong locations."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.evaluation.columns import Column, limits

MOST_BINS = 60
"""At most this many, and one more where the round numbers do not begin at the smallest value."""


@dataclass(frozen=True)
class Histogram:
    """How many locations have a value in each of K bins.

    `edges` (K + 1,) are in the column's unit; bins of whole numbers (`is_whole`) have them in the
    middle. `right` and `wrong` (K,) count the selected locations, `all_right` and `all_wrong` (K,)
    all of the store; `unknown` counts selected locations without a value.
    """

    name: str
    title: str
    unit: str
    edges: NDArray[np.float64]
    is_whole: bool
    right: NDArray[np.int64]
    wrong: NDArray[np.int64]
    all_right: NDArray[np.int64]
    all_wrong: NDArray[np.int64]
    unknown: int


def histogram(
    name: str, column: Column, correct: NDArray[np.bool_], selected: NDArray[np.bool_]
) -> Histogram:
    """Return the histogram of a column that has a finite value.

    `correct` and `selected` are (N,) as the column's values. The bins are those of all locations,
    and the same as in the browser (`assets/dashboard/bins.js`).
    """
    values = column.values.astype(np.float64)
    known = np.isfinite(values)
    low, high = limits(column.values, column.unit, column.diverges)
    is_whole = bool((values[known] == np.floor(values[known])).all())
    if is_whole:
        width = max(1.0, _round((high - low + 1) / MOST_BINS))
        first, count = low - 0.5, math.ceil((high - low + 1) / width)
    else:
        width = _round((high - low) / MOST_BINS)
        first = math.floor(low / width) * width
        count = max(1, math.ceil(_exact((high - first) / width)))
    places = np.clip(np.floor((values[known] - first) / width), 0, count - 1).astype(np.int64)

    def counts(members: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(places[members[known]], minlength=count)

    edges = np.array([_exact(first + i * width) for i in range(count + 1)])
    return Histogram(
        name,
        column.title,
        column.unit,
        edges,
        is_whole,
        counts(correct & selected),
        counts(~correct & selected),
        counts(correct),
        counts(~correct),
        int((selected & ~known).sum()),
    )


def _round(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, ... and their tenths."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    chosen = next(one for one in (1, 2, 5, 10) if _exact(one * power) >= _exact(value))
    return _exact(chosen * power)


def _exact(value: float) -> float:
    """Return a number without the last digits, in which 0.1 * 3 differs from 0.3."""
    return float(f"{value:.12g}")
