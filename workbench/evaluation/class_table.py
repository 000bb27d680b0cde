"""The classes of a selection: recall and precision with intervals, area, the worst confusion."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from workbench.evaluation.metrics import Confusion

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Proportion:
    """A share in [0, 1] and its Wilson interval; all are NaN without trials."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassSummary:
    """A class within a selection.

    `n` locations are of the class and `n_predicted` are predicted as it. `auc` is NaN without a
    curve. `confused_with` is the class that most of its locations are wrongly predicted as, the
    first of several in class order, and empty if all are right; `n_confused` is their number.
    """

    class_name: str
    n: int
    n_predicted: int
    recall: Proportion
    precision: Proportion
    auc: float
    confused_with: str
    n_confused: int


def class_table(confusion: Confusion, areas: Sequence[float]) -> tuple[ClassSummary, ...]:
    """Return the classes that have locations or are predicted, in class order.

    `areas` (S,) are those under the ROC curves of all S classes.
    """
    counts = confusion.counts
    right, of_class, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    recall, precision = wilson(right, of_class), wilson(right, predicted)
    wrong = counts - np.diag(right)
    result = []
    for i in np.flatnonzero(of_class + predicted).tolist():
        most = int(wrong[i].argmax())
        number = int(wrong[i, most])
        result.append(
            ClassSummary(
                confusion.class_names[i],
                int(of_class[i]),
                int(predicted[i]),
                Proportion(*recall[i].tolist()),
                Proportion(*precision[i].tolist()),
                areas[i],
                confusion.class_names[most] if number else "",
                number,
            )
        )
    return tuple(result)


def wilson(
    successes: ArrayLike, trials: ArrayLike, confidence: float = CONFIDENCE
) -> NDArray[np.float64]:
    """Return shares and the lower and upper ends of their Wilson intervals, (N, 3).

    Successes and trials are (N,) counts. The interval is that of the score test, without correction
    for continuity (Wilson 1927). NaN without trials.
    """
    n = np.asarray(trials, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    share = np.asarray(successes) / n
    z = norm.ppf((1 + confidence) / 2)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Rounding would leave the ends of 0 and 1 a little outside.
    low = np.where(share == 0, 0, middle - half)
    high = np.where(share == 1, 1, middle + half)
    return np.stack((share, low, high), axis=-1)
