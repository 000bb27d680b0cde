"""Classification metrics: arrays in, small frozen results out; nothing here draws.

N locations have true `labels` (N,) and `logits` (N, S) over S classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, softmax

_BLOCK = 2**14
"""Rows that are computed at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix.

    `counts` is (S, S) int64, true classes in rows, predicted ones in columns, both in the order
    of `class_names`.
    """

    class_names: tuple[str, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Accuracy:
    """Top-1 and top-5 accuracy, in [0, 1]."""

    top_1: float
    top_5: float


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the softmax of logits (N, S) in double precision."""
    result: NDArray[np.float64] = softmax(logits.astype(np.float64), axis=1)
    return result


@dataclass(frozen=True)
class ProbabilitySummary:
    """Numbers of the probabilities of each location, (N,) float64.

    `confidence` is the greatest probability, `margin` the greatest minus the second, both in
    [0, 1]; `entropy` is in nats; `true_margin` the probability of the true class minus the greatest
    other, in [-1, 1].
    """

    confidence: NDArray[np.float64]
    margin: NDArray[np.float64]
    entropy: NDArray[np.float64]
    true_margin: NDArray[np.float64]

    @classmethod
    def of(cls, labels: NDArray[np.int64], logits: NDArray[np.float32]) -> "ProbabilitySummary":
        """Summarize the softmax of logits (N, S), without having all of it in memory."""
        numbers = np.empty((4, len(labels)))
        for rows in blocks(len(labels)):
            share = probabilities(logits[rows])
            confidence, margin, entropy, true_margin = numbers[:, rows]
            confidence[:] = share.max(axis=1)
            second = np.partition(share, -2, axis=1)[:, -2] if share.shape[1] > 1 else 0
            margin[:] = confidence - second
            entropy[:] = entr(share).sum(axis=1)
            index = np.arange(len(share)), labels[rows]
            of_true = share[index]
            share[index] = 0
            true_margin[:] = of_true - share.max(axis=1)
        return cls(*numbers)


class ProbabilityColumns:
    """The softmax of logits (N, S) in double precision, computed for some classes at a time."""

    def __init__(self, logits: NDArray[np.float32]) -> None:
        self._logits = logits
        self._greatest = logits.max(axis=1).astype(np.float64)
        self._sum = np.empty(len(logits))
        for rows in blocks(len(logits)):
            self._sum[rows] = np.exp(logits[rows] - self._greatest[rows, None]).sum(axis=1)

    def __call__(self, classes: slice) -> NDArray[np.float64]:
        """Return the probabilities of K classes, (K, N) in [0, 1]."""
        result = np.empty((len(range(*classes.indices(self._logits.shape[1]))), len(self._logits)))
        for rows in blocks(len(self._logits)):
            block = np.exp(self._logits[rows, classes] - self._greatest[rows, None])
            result[:, rows] = (block / self._sum[rows, None]).T
        return result

    def of(self, labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the probability of one class for each location, (N,) in [0, 1]."""
        result: NDArray[np.float64] = np.exp(_of_class(self._logits, labels) - self._greatest)
        result /= self._sum
        return result


def blocks(length: int) -> Iterator[slice]:
    """Yield the rows of a long array, a block at a time."""
    for start in range(0, length, _BLOCK):
        yield slice(start, start + _BLOCK)


def rank_classes(logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return class indices (N, S), the most probable first; equal logits keep class order."""
    return np.argsort(-logits, axis=1, kind="stable")


def true_ranks(labels: NDArray[np.int64], logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the place of each true class in `rank_classes`, (N,) from 1."""
    of_true = np.take_along_axis(logits, labels[:, None], axis=1)
    before = (logits == of_true) & (np.arange(logits.shape[1]) < labels[:, None])
    ranks: NDArray[np.int64] = 1 + ((logits > of_true) | before).sum(axis=1)
    return ranks


def accuracy(labels: NDArray[np.int64], logits: NDArray[np.float32]) -> Accuracy:
    """Return top-1 and top-5 accuracy; NaN without locations."""
    return accuracy_of_ranks(true_ranks(labels, logits))


def accuracy_of_ranks(ranks: NDArray[np.int64]) -> Accuracy:
    """Return the accuracy of locations whose true classes have these places, (N,) from 1."""
    if not len(ranks):
        return Accuracy(float("nan"), float("nan"))
    return Accuracy(float((ranks == 1).mean()), float((ranks <= 5).mean()))


def confusion(
    labels: NDArray[np.int64], predicted_labels: NDArray[np.int64], class_names: Sequence[str]
) -> Confusion:
    """Count true labels (N,) against predicted labels (N,)."""
    n_classes = len(class_names)
    counts = np.bincount(labels * n_classes + predicted_labels, minlength=n_classes**2)
    return Confusion(tuple(class_names), counts.reshape(n_classes, n_classes).astype(np.int64))


def _of_class(
    scores: NDArray[np.floating[Any]], labels: NDArray[np.int64]
) -> NDArray[np.floating[Any]]:
    """Return the score of one class for each location, (N,)."""
    return scores[np.arange(len(labels)), labels]
