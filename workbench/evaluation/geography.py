"""Distance errors of predictions, in kilometres and in square kilometres.

N locations have unit vectors `places` (N, 3) and logits (N, S); the S classes have `centers`
(S, 3), the mean directions of their locations, and areas. Unknown places and centres are NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from workbench.evaluation.columns import EARTH_RADIUS_KM
from workbench.evaluation.intervals import Interval, mean_of, median_of, share_of
from workbench.evaluation.metrics import blocks

Floats = NDArray[np.float64]

WITHIN_KM = (25.0, 200.0, 750.0, 2500.0)
"""City, region, country and continent: Vo, Jacobs and Hays 2017, without their street of 1 km."""
SCORE_SCALE_KM = 1492.7
MAX_SCORE = 5000.0
RECALLS = (0.5, 0.8, 0.95)
CURVE_POINTS = 200
"""Steps of a curve, at equal shares of the locations."""


@dataclass(frozen=True)
class Curve:
    """Shares (P,) of the locations, ascending, whose value is at most that in `values` (P,)."""

    values: Floats
    shares: Floats


@dataclass(frozen=True)
class Within:
    """The share of locations of which the distance is at most so many kilometres (Wilson)."""

    kilometers: float
    share: Interval


@dataclass(frozen=True)
class Distances:
    """Distances of `n` locations in km: mean (Student), median (order statistics), and their curve.

    `score` is the mean of 5000 exp(-d / 1492.7 km), GeoGuessr's on its map of the world (Haas et
    al. 2023).
    """

    n: int
    mean: Interval
    median: Interval
    score: Interval
    within: tuple[Within, ...]
    curve: Curve


@dataclass(frozen=True)
class Geography:
    """Distances between the truth and where the model says it is.

    `predicted` are those to the centre of the most probable class; `expected` are the means of
    those to all centres, weighted by the probabilities.
    """

    predicted: Distances
    expected: Distances


@dataclass(frozen=True)
class CredibleSet:
    """The most probable classes until they hold `probability`; without a tie, the smallest set.

    `recall` is the share of locations whose true class is in the set (Wilson), which is about
    `probability` for a calibrated model. `n_classes` and `area_km2` are means over the locations.
    """

    probability: float
    recall: Interval
    n_classes: Interval
    area_km2: Interval


@dataclass(frozen=True)
class AreaAtRecall:
    """The area within which the classes hold the truth of a share `recall` of the locations."""

    recall: float
    area_km2: float


@dataclass(frozen=True)
class RecallByArea:
    """Recall against area (arXiv 2407.13862): how much land to search, the most probable first.

    `curve` has the area in km2 of the classes up to and including the true one, and the share of
    locations that need at most so much.
    """

    n: int
    curve: Curve
    at_recall: tuple[AreaAtRecall, ...]
    sets: tuple[CredibleSet, ...]


def distances_to_centers(places: Floats, centers: Floats) -> Floats:
    """Return the distance in km from each place to each centre on a sphere, (N, S)."""
    half_chord = np.sqrt(np.maximum(2 - 2 * places @ centers.T, 0)) / 2
    result: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(half_chord, 1))
    return result


def expected_kilometers(
    places: Floats, centers: Floats, logits: NDArray[np.floating[Any]]
) -> Floats:
    """Return the mean distance to the centres under the probabilities, (N,), in km.

    `logits` are (N, S). Classes without a centre are left out and the probabilities of the others
    scaled to 1.
    """
    known = np.isfinite(centers[:, 0])
    result = np.full(len(places), np.nan)
    for rows in blocks(len(places)) if known.any() else ():
        weight = softmax(logits[rows].astype(np.float64), axis=1)[:, known]
        total = (distances_to_centers(places[rows], centers[known]) * weight).sum(axis=1)
        result[rows] = total / weight.sum(axis=1)
    return result


def distances(kilometers: Floats) -> Distances | None:
    """Summarise distances (N,); NaN are left out, None if all are."""
    known = kilometers[np.isfinite(kilometers)]
    if not len(known):
        return None
    return Distances(
        len(known),
        mean_of(known, 0),
        median_of(known),
        mean_of(MAX_SCORE * np.exp(-known / SCORE_SCALE_KM), 0, MAX_SCORE),
        tuple(Within(limit, share_of(known <= limit)) for limit in WITHIN_KM),
        curve(known),
    )


def curve(values: Floats) -> Curve:
    """Return the cumulative distribution of values (N,), N > 0, which holds at its points."""
    shares = np.linspace(0, 1, CURVE_POINTS + 1)
    return Curve(np.quantile(values, shares, method="inverted_cdf"), shares)


@dataclass(frozen=True)
class AreaSearches:
    """The search for each of N locations, by its classes in the order of their probabilities.

    `needed_km2` (N,) is the area of the classes up to and including the true one. For each of L
    `levels` of probability, the most probable classes that hold it are `n_classes` (L, N) with
    `area_km2` (L, N); `holds_true` (L, N) says whether the true class is among them.
    """

    levels: tuple[float, ...]
    needed_km2: Floats
    n_classes: NDArray[np.int64]
    area_km2: Floats
    holds_true: NDArray[np.bool_]

    def __getitem__(self, rows: NDArray[Any]) -> "AreaSearches":
        """Return those of some rows, numbers or a mask (N,)."""
        return AreaSearches(
            self.levels,
            self.needed_km2[rows],
            self.n_classes[:, rows],
            self.area_km2[:, rows],
            self.holds_true[:, rows],
        )

    def summary(self) -> RecallByArea:
        """Summarise N > 0 searches."""
        sets = tuple(
            CredibleSet(
                level, share_of(holds), mean_of(count.astype(np.float64), 1), mean_of(area, 0)
            )
            for level, holds, count, area in zip(
                self.levels, self.holds_true, self.n_classes, self.area_km2, strict=True
            )
        )
        quantiles = np.quantile(self.needed_km2, self.levels, method="inverted_cdf").tolist()
        at_recall = tuple(AreaAtRecall(*pair) for pair in zip(self.levels, quantiles, strict=True))
        return RecallByArea(len(self.needed_km2), curve(self.needed_km2), at_recall, sets)


def search_areas(
    labels: NDArray[np.int64],
    logits: NDArray[np.floating[Any]],
    areas_km2: Floats,
    levels: Sequence[float] = RECALLS,
) -> AreaSearches:
    """Search the classes of each location in the order of their probabilities.

    `labels` (N,) are true classes, `logits` (N, S), `areas_km2` is (S,).
    """
    n = len(labels)
    shape = (len(levels), n)
    result = AreaSearches(
        tuple(levels),
        np.empty(n),
        np.empty(shape, np.int64),
        np.empty(shape),
        np.empty(shape, bool),
    )
    for rows in blocks(n):
        share = softmax(logits[rows].astype(np.float64), axis=1)
        order = np.argsort(-share, axis=1, kind="stable")
        area = np.cumsum(areas_km2[order], axis=1)
        held = np.cumsum(np.take_along_axis(share, order, axis=1), axis=1)
        rank = (order == labels[rows, None]).argmax(axis=1)
        index = np.arange(len(share))
        result.needed_km2[rows] = area[index, rank]
        for place, level in enumerate(levels):
            # Rounding may leave the sum of all below 1.
            last = (held < level - 1e-12).sum(axis=1).clip(max=held.shape[1] - 1)
            result.n_classes[place, rows] = last + 1
            result.area_km2[place, rows] = area[index, last]
            result.holds_true[place, rows] = rank <= last
    return result
