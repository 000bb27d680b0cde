"""The classes of a selection: recall and precision with intervals, area, the worst confusion."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.evaluation.intervals import Interval, wilson
from workbench.evaluation.metrics import Confusion


@dataclass(frozen=True)
class ClassSummary:
    """A class within a selection.

    `n` locations are of the class and `n_predicted` are predicted as it; `recall` and `precision`
    have Wilson intervals. `auc` is NaN without a curve. `confused_with` is the class that most of
    its locations are wrongly predicted as, the first of several in class order, and empty if all
    are right; `n_confused` is their number.
    """

    class_name: str
    n: int
    n_predicted: int
    recall: Interval
    precision: Interval
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
                Interval(*recall[i].tolist()),
                Interval(*precision[i].tolist()),
                areas[i],
                confusion.class_names[most] if number else "",
                number,
            )
        )
    return tuple(result)
