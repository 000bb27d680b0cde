"""How much of the accuracy is associated with locations near those of the training."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from workbench.evaluation.columns import EARTH_RADIUS_KM
from workbench.evaluation.intervals import NAN, Interval, percentile_interval
from workbench.evaluation.subsets import Bin, Outcomes, Subset, bins, subset

Mask = NDArray[np.bool_]

NEAR_KM = 1.0
DISTANCE_EDGES = (0.0, 0.1, 1.0, 5.0, 25.0, 100.0, np.inf)
"""Kilometres to the nearest training location."""
N_RESAMPLES = 2000


@dataclass(frozen=True)
class TrainingLinks:
    """What ties N locations to the training; None where it is not known.

    `kilometers` (N,) is the distance to the nearest training location, NaN without coordinates.
    The others are masks (N,): whether the location is one of the training; whether a training
    location has the same panorama id, a photograph with the same bytes, a nearly identical
    photograph; and whether the year is one that no training location has.
    """

    kilometers: NDArray[np.float64] | None = None
    same_location: Mask | None = None
    same_pano: Mask | None = None
    same_photograph: Mask | None = None
    similar_photograph: Mask | None = None
    unseen_year: Mask | None = None

    def __getitem__(self, rows: NDArray[Any]) -> "TrainingLinks":
        """Return those of some rows, numbers or a mask (N,)."""
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        return TrainingLinks(
            **{name: None if part is None else part[rows] for name, part in known.items()}
        )


@dataclass(frozen=True)
class Contrast:
    """Locations with a property and those without.

    `difference` is the accuracy with the property minus that without it, within classes: the mean
    over the locations that have it of the accuracy of their class with it minus that without it
    (direct standardisation), so that an easy class which has the property more often does not
    count. Classes all of whose locations have it are left out. `share_of_accuracy` is that
    difference times the share of locations that have the property: by how much the accuracy over
    all would be smaller if they were as often right as the others of their class. Intervals are
    percentiles of a bootstrap within classes.
    """

    with_tie: Subset
    without_tie: Subset
    difference: Interval
    share_of_accuracy: Interval


@dataclass(frozen=True)
class HonestSplit:
    """The accuracy by what ties a location to the training.

    `near` contrasts the locations that any tie in `ties` holds to the training with all others: the
    nearest training location is at most `near_km` away, it is the location itself, its panorama or
    a photograph is the same, or a photograph is nearly identical. `contrasts` has each tie alone,
    and "unseen_year". `by_distance` is empty without coordinates.
    """

    n_training: int
    near_km: float
    ties: tuple[str, ...]
    near: Contrast | None
    contrasts: Mapping[str, Contrast]
    by_distance: tuple[Bin, ...]


def honest_split(
    outcomes: Outcomes,
    links: TrainingLinks,
    n_training: int,
    near_km: float = NEAR_KM,
    seed: int = 0,
) -> HonestSplit:
    """Contrast the locations that are tied to `n_training` training locations with the others."""
    kilometers = links.kilometers
    if kilometers is not None and not np.isfinite(kilometers).any():
        kilometers = None
    ties: dict[str, Mask | None] = {
        "nearby": None if kilometers is None else kilometers <= near_km,
        "same_location": links.same_location,
        "same_pano": links.same_pano,
        "same_photograph": links.same_photograph,
        "similar_photograph": links.similar_photograph,
    }
    known = {name: mask for name, mask in ties.items() if mask is not None}
    contrasts = {name: contrast(outcomes, mask, seed) for name, mask in known.items()}
    if links.unseen_year is not None:
        contrasts["unseen_year"] = contrast(outcomes, links.unseen_year, seed)
    return HonestSplit(
        n_training,
        near_km,
        tuple(known),
        contrast(outcomes, np.any([*known.values()], axis=0), seed) if known else None,
        contrasts,
        () if kilometers is None else bins(outcomes, kilometers, DISTANCE_EDGES),
    )


def contrast(outcomes: Outcomes, with_tie: Mask, seed: int = 0) -> Contrast:
    """Contrast locations that have a property (N,) with the others."""
    n_classes = int(outcomes.labels.max(initial=-1)) + 1
    # Per class: with the property and wrong, with it and right, without it and wrong, and right.
    kind = 2 * ~with_tie + outcomes.correct
    counts = np.bincount(outcomes.labels * 4 + kind, minlength=4 * n_classes).reshape(-1, 4)
    counts = counts[counts.sum(axis=1) > 0]
    difference = float(_within_classes(counts))
    share = float(with_tie.mean()) if len(with_tie) else NAN
    if len(counts):
        totals = counts.sum(axis=1)
        resampled = np.random.default_rng(seed).multinomial(
            totals, counts / totals[:, None], size=(N_RESAMPLES, len(counts))
        )
    else:
        resampled = np.zeros((1, 1, 4), dtype=np.int64)
    differences = _within_classes(resampled)
    shares = resampled[..., :2].sum(axis=(1, 2)) / max(len(with_tie), 1)
    return Contrast(
        subset(outcomes, with_tie),
        subset(outcomes, ~with_tie),
        percentile_interval(difference, differences),
        percentile_interval(share * difference, shares * differences),
    )


def _within_classes(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the `difference` for counts (..., S, 4) of the classes, NaN if undefined."""
    n_1, n_0 = counts[..., :2].sum(axis=-1), counts[..., 2:].sum(axis=-1)
    n_1 = np.where(n_0 > 0, n_1, 0)
    gain = counts[..., 1] - n_1 * counts[..., 3] / np.maximum(n_0, 1)
    above, below = np.where(n_0 > 0, gain, 0).sum(axis=-1), n_1.sum(axis=-1)
    result: NDArray[np.float64] = np.divide(
        above, below, out=np.full(np.shape(below), NAN), where=below > 0
    )
    return result


def nearest_kilometers(
    places: NDArray[np.float64], training: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distance in km from unit vectors (N, 3) to the nearest of (M, 3), (N,).

    NaN for an unknown place, and without known training places.
    """
    result = np.full(len(places), NAN)
    known, training = np.isfinite(places[:, 0]), training[np.isfinite(training[:, 0])]
    if len(training) and known.any():
        chord, _ = cKDTree(training).query(places[known])
        result[known] = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1))
    return result
