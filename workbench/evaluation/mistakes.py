"""Where wrong predictions go: Census divisions, neighbours, and classes predicted too often."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, false_discovery_control

from workbench.evaluation.census import DIVISIONS, divisions, neighbors
from workbench.evaluation.intervals import Interval, wilson
from workbench.evaluation.metrics import Confusion


@dataclass(frozen=True)
class MistakeShare:
    """Wrong predictions of one kind: `count`, and their share of all wrong predictions (Wilson).

    `chance` is the share if each wrong prediction were any of the other classes alike.
    """

    count: int
    share: Interval
    chance: float


@dataclass(frozen=True)
class StateMistakes:
    """Wrong predictions between states of the United States, `n_wrong` in all.

    `same_division` are within a Census division, `neighbors` between states that share a border,
    `elsewhere` neither. `counts` (D, D) are locations by true and predicted division, right ones
    included, in the order of `division_names`.
    """

    n_wrong: int
    same_division: MistakeShare
    neighbors: MistakeShare
    elsewhere: MistakeShare
    division_names: tuple[str, ...]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class PredictionFrequency:
    """How often a class is predicted: `n_predicted` times, for `n` locations that are of it.

    `ratio` is n_predicted / n, NaN for a class without locations. `p_value` is that of the
    exact two-sided McNemar test that both are equally frequent, `p_adjusted` that for all classes
    by Benjamini and Hochberg.
    """

    class_name: str
    n: int
    n_predicted: int
    ratio: float
    p_value: float
    p_adjusted: float


def state_mistakes(confusion: Confusion) -> StateMistakes | None:
    """Return where wrong predictions go, None unless all classes are states."""
    division_of, adjacent = divisions(confusion.class_names), neighbors(confusion.class_names)
    if division_of is None or adjacent is None:
        return None
    names = tuple(name for name in DIVISIONS if name in division_of)
    member = np.array([[one == name for name in names] for one in division_of], dtype=np.int64)
    same = member @ member.T > 0
    wrong = confusion.counts - np.diag(confusion.counts.diagonal())
    other = ~np.eye(len(same), dtype=bool)

    def share(kind: NDArray[np.bool_]) -> MistakeShare:
        count, total = int(wrong[kind].sum()), int(wrong.sum())
        of_class = wrong.sum(axis=1) @ (kind & other).sum(axis=1)
        chance = float(of_class / (total * (len(same) - 1))) if total else float("nan")
        return MistakeShare(count, Interval(*wilson(count, total).tolist()), chance)

    return StateMistakes(
        int(wrong.sum()),
        share(same),
        share(adjacent),
        share(~same & ~adjacent),
        names,
        member.T @ confusion.counts @ member,
    )


def prediction_frequencies(confusion: Confusion) -> tuple[PredictionFrequency, ...]:
    """Return the classes that have locations or are predicted, the most over-predicted first.

    They are sorted by the difference of n_predicted and n, in shares of all locations.
    """
    counts = confusion.counts
    n, n_predicted = counts.sum(axis=1), counts.sum(axis=0)
    shown = np.flatnonzero(n + n_predicted)
    right = counts.diagonal()
    p_values = mcnemar((n_predicted - right)[shown], (n - right)[shown])
    adjusted = false_discovery_control(p_values) if len(shown) else p_values
    rows = [
        PredictionFrequency(
            confusion.class_names[index],
            int(n[index]),
            int(n_predicted[index]),
            float(n_predicted[index] / n[index]) if n[index] else float("nan"),
            float(p_values[row]),
            float(adjusted[row]),
        )
        for row, index in enumerate(shown.tolist())
    ]
    return tuple(sorted(rows, key=lambda row: row.n - row.n_predicted))


def mcnemar(
    one: NDArray[np.int64] | Sequence[int], other: NDArray[np.int64] | Sequence[int]
) -> NDArray[np.float64]:
    """Return two-sided p-values (N,) of exact tests that both counts of a pair are equally likely.

    McNemar 1947 with the binomial distribution; 1 without counts.
    """
    one, other = np.asarray(one), np.asarray(other)
    tail = 2 * binom.cdf(np.minimum(one, other), one + other, 0.5)
    result: NDArray[np.float64] = np.minimum(tail, 1)
    return result
