"""Bootstrap of the macro AUC: the areas of many resamples of the locations at once.

A resample is a weight for each location: how often it was drawn.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from common.progress import ProgressCallback, no_progress

N_RESAMPLES = 1000
WEIGHTS = 2**23
"""Weights in memory at once, 32 MB: 335 resamples of 25,000 locations."""

Scores = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


def resampled_weights(labels: Labels, seed: int, count: int = N_RESAMPLES) -> Iterator[Scores]:
    """Yield weights (N, B) float32 of resamples within classes, `count` in blocks.

    Every class keeps its number of locations, as a test set has by design.
    """
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(labels == index) for index in np.unique(labels).tolist()]
    block = max(1, WEIGHTS // max(1, len(labels)))
    for first in range(0, count, block):
        size = min(block, count - first)
        weights = np.zeros((len(labels), size), dtype=np.float32)
        for rows in members:
            drawn = random.integers(0, len(rows), (size, len(rows))) + (
                len(rows) * np.arange(size)[:, None]
            )
            counts = np.bincount(drawn.ravel(), minlength=size * len(rows))
            weights[rows] = counts.reshape(size, len(rows)).T
        yield weights


class WeightedAreas:
    """The areas under the ROC curves of all classes for many weights; scores are sorted once."""

    def __init__(self, labels: Labels, scores: Scores) -> None:
        """Take true classes (N,) and scores (N, S) of all locations."""
        self._classes: list[tuple[NDArray[np.int64], NDArray[np.int64], csr_array]] = []
        for index in range(scores.shape[1]):
            positive = np.flatnonzero(labels == index)
            negative = np.flatnonzero(labels != index)
            if len(positive) and len(negative):
                levels, level_of = np.unique(scores[positive, index], return_inverse=True)
                # Groups of negatives: 2 k below level k, 2 k + 1 equal to it.
                group = np.searchsorted(levels, scores[negative, index], side="left")
                group += np.searchsorted(levels, scores[negative, index], side="right")
                sums = csr_array(
                    (np.ones(len(negative), np.float32), (group, negative)),
                    shape=(2 * len(levels) + 1, len(labels)),
                )
                self._classes.append((positive, level_of, sums))

    def macro(self, weights: Scores) -> NDArray[np.float64]:
        """Return the mean area over the classes that have one for weights (N, B), (B,).

        A tie of a positive and a negative is half a pair. NaN without classes.
        """
        areas = [self._area(*one, weights) for one in self._classes]
        if not areas:
            return np.full(weights.shape[1], np.nan)
        result: NDArray[np.float64] = np.mean(areas, axis=0)
        return result

    @staticmethod
    def _area(
        positive: NDArray[np.int64], level_of: NDArray[np.int64], sums: csr_array, weights: Scores
    ) -> NDArray[np.float64]:
        by_group = (sums @ weights).astype(np.float64)
        reached = np.cumsum(by_group, axis=0)
        # Those below a level, and half of those equal to it.
        pairs = (reached[0:-1:2] + reached[1::2]) / 2
        positives = weights[positive].astype(np.float64)
        total = positives.sum(axis=0) * reached[-1]
        result: NDArray[np.float64] = (positives * pairs[level_of]).sum(axis=0) / total
        return result


def resampled_areas(
    labels: Labels,
    scores: tuple[Scores, ...],
    seed: int = 0,
    progress: ProgressCallback = no_progress,
) -> list[NDArray[np.float64]]:
    """Return the macro AUC of each model's scores (N, S) in the same resamples, (B,) each."""
    areas = [WeightedAreas(labels, one) for one in scores]
    found: list[list[NDArray[np.float64]]] = [[] for _ in areas]
    done = 0
    for weights in resampled_weights(labels, seed):
        for one, results in zip(areas, found, strict=True):
            results.append(one.macro(weights))
        done += weights.shape[1]
        progress(done / N_RESAMPLES)
    return [np.concatenate(results) for results in found]


def macro_auc(labels: Labels, scores: Scores) -> float:
    """Return the macro AUC of scores (N, S), every location counting once."""
    return float(WeightedAreas(labels, scores).macro(np.ones((len(labels), 1)))[0])
