"""How often the model is right in a part of the locations, and how far off it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.text import number
from workbench.evaluation.intervals import Interval, median_of, share_of


@dataclass(frozen=True)
class Outcomes:
    """What the predictions of N locations come to.

    `correct` (N,) says whether the predicted class is the true one; `kilometers` (N,) is the
    distance to the centre of the predicted class, NaN if unknown. `labels` (N,) are true classes.
    """

    labels: NDArray[np.int64]
    correct: NDArray[np.bool_]
    kilometers: NDArray[np.float64]

    def __getitem__(self, rows: NDArray[Any]) -> "Outcomes":
        """Return those of some rows, numbers or a mask (N,)."""
        return Outcomes(self.labels[rows], self.correct[rows], self.kilometers[rows])

    def __len__(self) -> int:
        """Return N."""
        return len(self.labels)


@dataclass(frozen=True)
class Subset:
    """A part of the locations: their number, top-1 accuracy (Wilson), and median kilometres."""

    n: int
    accuracy: Interval
    kilometers: Interval


@dataclass(frozen=True)
class Bin:
    """Locations with values from `low` to `high`; `high` itself is in the last bin alone."""

    low: float
    high: float
    subset: Subset

    @property
    def label(self) -> str:
        """The range, as in print."""
        if self.low == self.high:
            return number(self.low, "g")
        if math.isinf(self.high):
            return f"> {number(self.low, 'g')}"
        return f"{number(self.low, '.3g')}–{number(self.high, '.3g')}"


def subset(outcomes: Outcomes, members: NDArray[np.bool_]) -> Subset:
    """Summarise the locations in `members` (N,)."""
    return Subset(
        int(members.sum()),
        share_of(outcomes.correct[members]),
        median_of(outcomes.kilometers[members]),
    )


def bins(
    outcomes: Outcomes, values: NDArray[np.float64], edges: Sequence[float]
) -> tuple[Bin, ...]:
    """Return the bins between ascending edges that have locations; values (N,) may be NaN."""
    place = np.searchsorted(edges, values, side="right") - 1
    place[values == edges[-1]] = len(edges) - 2
    place[np.isnan(values)] = -1
    return tuple(
        Bin(edges[index], edges[index + 1], subset(outcomes, place == index))
        for index in range(len(edges) - 1)
        if (place == index).any()
    )


def bins_by_value(outcomes: Outcomes, values: NDArray[np.float64]) -> tuple[Bin, ...]:
    """Return a bin for each of the values (N,) that occurs, such as years; NaN is left out."""
    found = np.unique(values[np.isfinite(values)]).tolist()
    return tuple(Bin(one, one, subset(outcomes, values == one)) for one in found)


def quantile_edges(values: NDArray[np.float64], count: int) -> list[float]:
    """Return edges of up to `count` bins with about equally many of the values (N,) that are known.

    Fewer than two edges if all values are equal or unknown.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    edges: list[float] = np.unique(np.quantile(known, np.linspace(0, 1, count + 1))).tolist()
    return edges
