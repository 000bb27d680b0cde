"""Confidence intervals of the areas under ROC curves, also of their mean over the classes.

That of one area is `intervals.auc_interval`. The areas of all classes share their locations, which
the interval of their mean takes into account: its variance follows from what each location
contributes (DeLong et al. 1988; here with the number of locations, not one less, in the
denominator).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from workbench.evaluation.intervals import CONFIDENCE, NAN, Interval, auc_interval


@dataclass(frozen=True)
class AreaIntervals:
    """The areas of S classes and their mean, each with its interval; NaN without a curve."""

    classes: tuple[Interval, ...]
    macro: Interval


def area_intervals(labels: NDArray[np.int64], scores: NDArray[np.floating]) -> AreaIntervals:
    """Return the areas of one class against all others, by labels (N,) and scores (N, S)."""
    n, n_classes = scores.shape
    classes = []
    total = np.zeros(n)
    for index in range(n_classes):
        positive = labels == index
        m = int(positive.sum())
        k = n - m
        if not m or not k:
            classes.append(Interval(NAN, NAN, NAN))
            continue
        positives, negatives = scores[positive, index], scores[~positive, index]
        ranks = rankdata(np.concatenate((positives, negatives)))
        # The share of the other side that each location is on the right side of.
        above = (ranks[:m] - rankdata(positives)) / k
        below = 1 - (ranks[m:] - rankdata(negatives)) / m
        area = float(above.mean())
        classes.append(auc_interval(area, m, k))
        total[positive] += (above - area) / m
        total[~positive] += (below - area) / k
    known = [one.value for one in classes if not np.isnan(one.value)]
    if not known:
        return AreaIntervals(tuple(classes), Interval(NAN, NAN, NAN))
    mean = float(np.mean(known))
    half = float(norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt((total**2).sum())) / len(known)
    return AreaIntervals(tuple(classes), Interval(mean, max(mean - half, 0), min(mean + half, 1)))
