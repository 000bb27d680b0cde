"""ROC curves, one class against all others, for all locations and for any selection.

N locations have true `labels` (N,) and scores (N, S) over S classes.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.evaluation.metrics import ProbabilityColumns

_MOST_THREADS = 8
_MOST_SCORES = 8_000_000  # Of a thread at a time: several classes lie side by side in memory.
Scores = NDArray[np.floating[Any]] | ProbabilityColumns
"""Scores (N, S) as an array, or computed for some classes at a time."""


@dataclass(frozen=True)
class RocCurve:
    """One class against all others.

    `false_positive_rate` and `true_positive_rate` are (P,) float64 in [0, 1], ascending; `auc`
    lies in [0, 1], 0.5 being chance; `positives` and `negatives` count locations.
    """

    class_name: str
    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]
    auc: float
    positives: int
    negatives: int


@dataclass(frozen=True)
class Roc:
    """The curves of all classes that have one, and the names of the others."""

    curves: tuple[RocCurve, ...]
    undefined: tuple[str, ...]

    @property
    def macro_auc(self) -> float:
        """Mean AUC over the curves; NaN without curves."""
        return float(np.mean([curve.auc for curve in self.curves])) if self.curves else float("nan")

    def macro_average(self, points: int = 500) -> RocCurve | None:
        """Return the mean of the true positive rates, each class counting alike; None without any.

        The mean is exact at equally spaced false positive rates, where it may have a step, and a
        line between them. Its area is `macro_auc`.
        """
        if not self.curves:
            return None
        grid = np.linspace(0, 1, points + 1)
        ends = [
            _at(curve.false_positive_rate, curve.true_positive_rate, grid) for curve in self.curves
        ]
        return RocCurve(
            "macro-average",
            np.repeat(grid, 2),
            np.mean(ends, axis=0).ravel(),
            self.macro_auc,
            sum(curve.positives for curve in self.curves),
            sum(curve.negatives for curve in self.curves),
        )


def roc(
    labels: NDArray[np.int64],
    scores: NDArray[np.floating[Any]],
    class_names: Sequence[str],
    selected: NDArray[np.bool_] | None = None,
) -> Roc:
    """Return one curve per class, its locations against those of all other classes.

    `scores` are (N, S), greater meaning more likely; see `RankedScores.roc`, which is the way to
    the curves of many selections.
    """
    return RankedScores.of(labels, scores, class_names).roc(selected)


@dataclass(frozen=True)
class RankedScores:
    """Scores of N locations, sorted once for the ROC curves of any selection.

    For a location of class c, `above` and `reached` (N,) count the locations of other classes whose
    score for c is greater than its own, and those whose score is at least its own. `order` (N,) has
    the rows class by class, which begin at `starts` (S + 1,), the greatest score first. `negatives`
    (S,) counts the locations of other classes.
    """

    class_names: tuple[str, ...]
    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    above: NDArray[np.int64]
    reached: NDArray[np.int64]
    negatives: NDArray[np.int64]

    @classmethod
    def of(
        cls, labels: NDArray[np.int64], scores: Scores, class_names: Sequence[str]
    ) -> "RankedScores":
        """Sort scores (N, S) of locations with true labels (N,)."""
        order = np.argsort(labels, kind="stable")
        starts = np.searchsorted(labels[order], np.arange(len(class_names) + 1))
        above, reached = np.zeros((2, len(labels)), dtype=np.int64)

        def rank(classes: slice) -> None:
            columns = _columns(scores, classes)
            for index, column in zip(range(classes.start, classes.stop), columns, strict=True):
                rank_class(index, column)

        def rank_class(index: int, column: NDArray[np.floating[Any]]) -> None:
            rows = order[starts[index] : starts[index + 1]]
            if not len(rows):
                return
            own, others = column[rows], np.sort(column[labels != index])
            by_score = np.argsort(-own, kind="stable")
            rows[:], own = rows[by_score], own[by_score]
            above[rows], reached[rows] = _counts(others, own)

        with ThreadPoolExecutor(_threads()) as pool:  # NumPy sorts without Python's lock.
            list(pool.map(rank, _groups(len(labels), len(class_names))))
        negatives = len(labels) - np.diff(starts)
        return cls(tuple(class_names), order, starts, above, reached, negatives)

    @classmethod
    def pooled(cls, labels: NDArray[np.int64], scores: Scores, n_classes: int) -> "RankedScores":
        """Sort scores (N, S) for the micro-average, as if all pairs of location and class were one.

        A pair of a location and its true class is positive, the N (S - 1) others are negative.
        """
        n = len(labels)
        own = _of_class(scores, labels)
        order = np.argsort(-own, kind="stable")
        own = own[order[::-1]]  # Ascending: neighbours in the search are neighbours in memory.

        def count(classes: slice) -> NDArray[np.int64]:
            """Return how many negatives of some classes are above and reach each, (2, N)."""
            is_other = labels != np.arange(classes.start, classes.stop)[:, None]
            return np.stack(_counts(np.sort(_columns(scores, classes)[is_other]), own))

        counts = np.zeros((2, n), dtype=np.int64)
        with ThreadPoolExecutor(_threads()) as pool:
            for one in pool.map(count, _groups(n, n_classes)):
                counts += one
        above, reached = np.empty((2, n), dtype=np.int64)
        above[order[::-1]], reached[order[::-1]] = counts
        starts, negatives = np.array([0, n]), np.array([n * (n_classes - 1)])
        return cls(("micro-average",), order, starts, above, reached, negatives)

    def roc(self, selected: NDArray[np.bool_] | None = None, only: int | None = None) -> Roc:
        """Return one curve per class, or that of the class of an index.

        With `selected` (N,) the positives are the selected locations of a class; the negatives are
        always all locations of the other classes, so that a single class keeps a meaningful curve.
        A class without positives or negatives is listed in `undefined`. Curves have no point that
        lies on the line between its neighbours.
        """
        curves, undefined = [], []
        for class_name, rows, negatives in self._positives(selected, only):
            if len(rows) and negatives:
                curves.append(_curve(class_name, self.above[rows], self.reached[rows], negatives))
            else:
                undefined.append(class_name)
        return Roc(tuple(curves), tuple(undefined))

    def areas(self, selected: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """Return the area under each class's curve in `roc`, (S,), NaN where it has none."""
        return np.array(
            [
                _area(self.above[rows], self.reached[rows], negatives)
                if len(rows) and negatives
                else np.nan
                for _, rows, negatives in self._positives(selected)
            ]
        )

    def _positives(
        self, selected: NDArray[np.bool_] | None, only: int | None = None
    ) -> Iterator[tuple[str, NDArray[np.int64], int]]:
        """Yield each class with its positives, the greatest score first, and its negatives."""
        for index, class_name in enumerate(self.class_names):
            if only is not None and index != only:
                continue
            rows = self.order[self.starts[index] : self.starts[index + 1]]
            negatives = int(self.negatives[index])
            yield class_name, rows if selected is None else rows[selected[rows]], negatives


def _of_class(scores: Scores, labels: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
    """Return the score of one class for each location, (N,)."""
    if isinstance(scores, ProbabilityColumns):
        return scores.of(labels)
    return scores[np.arange(len(labels)), labels]


def _columns(scores: Scores, classes: slice) -> NDArray[np.floating[Any]]:
    """Return the scores of K classes, (K, N)."""
    if isinstance(scores, ProbabilityColumns):
        return scores(classes)
    return np.ascontiguousarray(scores[:, classes].T)


def _groups(n: int, n_classes: int) -> list[slice]:
    """Return which classes of N locations a thread takes at once."""
    size = max(1, min(_MOST_SCORES // max(1, n), -(-n_classes // _threads())))
    return [slice(low, min(low + size, n_classes)) for low in range(0, n_classes, size)]


def _counts(
    negatives: NDArray[np.floating[Any]], own: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many negatives, ascending, are above each score (N,), and how many reach it."""
    up_to = np.searchsorted(negatives, own, side="right")
    below = up_to.copy()
    # Only ties need a second search.
    tied = np.flatnonzero(up_to > 0)
    tied = tied[negatives[up_to[tied] - 1] == own[tied]]
    below[tied] = np.searchsorted(negatives, own[tied], side="left")
    return len(negatives) - up_to, len(negatives) - below


def _threads() -> int:
    return min(_MOST_THREADS, os.cpu_count() or 1)


def _area(above: NDArray[np.int64], reached: NDArray[np.int64], negatives: int) -> float:
    """Return the share of pairs of a positive and a negative in order; a tie is half a pair."""
    return float(1 - (above + reached).mean() / (2 * negatives))


def _curve(
    class_name: str, above: NDArray[np.int64], reached: NDArray[np.int64], negatives: int
) -> RocCurve:
    """Return the curve of P positives, the greatest score first."""
    # Positives among the same negatives are one step: up, or aslant if all have equal scores.
    last = np.flatnonzero(np.append((np.diff(above) > 0) | (np.diff(reached) > 0), True))
    rise = np.append(0, last + 1)
    across = np.stack((above[last], reached[last]), axis=1).ravel()
    false_positive = np.concatenate(([0], across, [negatives]))
    true_positive = np.concatenate(([0], np.repeat(rise, 2)[1:-1], [len(above)]))
    keep = _corners(false_positive, true_positive)
    return RocCurve(
        class_name,
        false_positive[keep] / negatives,
        true_positive[keep] / len(above),
        _area(above, reached, negatives),
        len(above),
        negatives,
    )


def _at(
    x: NDArray[np.float64], y: NDArray[np.float64], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the limits from the left and the right of a curve (K,) at the grid (P,), (P, 2).

    At 0 the left one is the curve's first value, at 1 the right one its last.
    """
    ends = []
    for side in ("left", "right"):
        place = np.searchsorted(x, grid, side=side) - (side == "right")
        exact = x[place] == grid
        low = np.where(exact, place, place - (side == "left"))
        high = np.minimum(low + ~exact, len(x) - 1)
        share = np.divide(
            grid - x[low], x[high] - x[low], out=np.zeros(len(grid)), where=x[high] > x[low]
        )
        ends.append(y[low] + share * (y[high] - y[low]))
    return np.stack(ends, axis=1)


def _corners(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which points (K,) of a line of at least one step are its ends or bends."""
    moved = np.flatnonzero(np.append(True, (np.diff(x) > 0) | (np.diff(y) > 0)))
    dx, dy = np.diff(x[moved]), np.diff(y[moved])
    bends = np.concatenate(([True], dx[1:] * dy[:-1] != dx[:-1] * dy[1:], [True]))
    corners: NDArray[np.int64] = moved[bends]
    return corners
