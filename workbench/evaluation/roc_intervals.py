"""Confidence intervals of the areas under ROC curves, also of their mean over the classes.

An area is a mean over pairs of a positive and a negative. Its variance follows from what each
location contributes (DeLong et al. 1988; here with the number of locations, not one less, in the
denominator). The areas of all classes share their locations, which the interval of their mean
takes into account.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from workbench.evaluation.intervals import CONFIDENCE


@dataclass(frozen=True)
class AreaIntervals:
    """Areas (S,) with the ends of their intervals, and those of their mean; NaN without a curve."""

    areas: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    macro: tuple[float, float, float]


def area_intervals(
    labels: NDArray[np.int64],
    scores: NDArray[np.floating],
    selected: NDArray[np.bool_] | None = None,
    confidence: float = CONFIDENCE,
) -> AreaIntervals:
    """Return intervals of the areas of one class against all others.

    `labels` (N,) and `scores` (N, S) as in `metrics.roc`; the positives are the `selected` (N,)
    locations of a class, the negatives all locations of other classes.
    """
    n, n_classes = scores.shape
    chosen = np.ones(n, dtype=bool) if selected is None else selected
    areas = np.full(n_classes, np.nan)
    variances = np.full(n_classes, np.nan)
    total = np.zeros(n)
    for index in range(n_classes):
        positive = (labels == index) & chosen
        negative = labels != index
        m, k = int(positive.sum()), int(negative.sum())
        if not m or not k:
            continue
        own, other = scores[positive, index], scores[negative, index]
        ranks = rankdata(np.concatenate((own, other)))
        # The share of the other side that each location is on the right side of.
        above = (ranks[:m] - rankdata(own)) / k
        below = 1 - (ranks[m:] - rankdata(other)) / m
        areas[index] = above.mean()
        influence = np.zeros(n)
        influence[positive] = (above - areas[index]) / m
        influence[negative] = (below - areas[index]) / k
        variances[index] = (influence**2).sum()
        total += influence
    z = norm.ppf((1 + confidence) / 2)
    half = z * np.sqrt(variances)
    count = int(np.isfinite(areas).sum())
    if not count:
        return AreaIntervals(areas, areas, areas, (float("nan"),) * 3)
    mean = float(np.nanmean(areas))
    spread = float(z * np.sqrt(((total / count) ** 2).sum()))
    return AreaIntervals(
        areas,
        np.maximum(areas - half, 0),
        np.minimum(areas + half, 1),
        (mean, max(mean - spread, 0.0), min(mean + spread, 1.0)),
    )
