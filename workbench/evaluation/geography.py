"""How far off predictions are, in kilometres and in square kilometres.

N locations have unit vectors `places` (N, 3) and probabilities (N, S); the S classes have `centers`
(S, 3), the mean directions of their locations, and areas. Unknown places and centres are NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.evaluation.columns import EARTH_RADIUS_KM
from workbench.evaluation.intervals import Interval, mean_of, median_of, share_of

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


def expected_kilometers(places: Floats, centers: Floats, probabilities: Floats) -> Floats:
    """Return the mean distance to the centres under the probabilities, (N,), in km.

    Classes without a centre are left out and the probabilities of the others scaled to 1.
    """
    known = np.isfinite(centers[:, 0])
    weight = probabilities[:, known]
    total = (distances_to_centers(places, centers[known]) * weight).sum(axis=1)
    result: Floats = np.where(known.any(), total, np.nan) / weight.sum(axis=1)
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


def recall_by_area(
    labels: NDArray[np.int64],
    probabilities: Floats,
    areas_km2: Floats,
    levels: Sequence[float] = RECALLS,
) -> RecallByArea:
    """Search the classes of each location in the order of their probabilities.

    `labels` (N,), N > 0, are true classes, `areas_km2` is (S,).
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    area = np.cumsum(areas_km2[order], axis=1)
    held = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    rank = (order == labels[:, None]).argmax(axis=1)
    rows = np.arange(len(labels))
    needed = area[rows, rank]
    sets = []
    for level in levels:
        # Rounding may leave the sum of all below 1.
        last = (held < level - 1e-12).sum(axis=1).clip(max=held.shape[1] - 1)
        sets.append(
            CredibleSet(
                level, share_of(rank <= last), mean_of(last + 1.0, 1), mean_of(area[rows, last], 0)
            )
        )
    quantiles = np.quantile(needed, levels, method="inverted_cdf").tolist()
    at_recall = tuple(AreaAtRecall(*pair) for pair in zip(levels, quantiles, strict=True))
    return RecallByArea(len(labels), curve(needed), at_recall, tuple(sets))
