"""The classes of a selection: recall and precision with intervals, area, the worst confusion."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.evaluation.intervals import Interval, wilson
from workbench.evaluation.metrics import Confusion, confusion
from workbench.evaluation.predictions import Predictions


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


def class_table(matrix: Confusion, areas: Sequence[float]) -> tuple[ClassSummary, ...]:
    """Return the classes that have locations or are predicted, in class order.

    `areas` (S,) are those under the ROC curves of all S classes.
    """
    counts = matrix.counts
    right, of_class, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    recall, precision = wilson(right, of_class), wilson(right, predicted)
    wrong = counts - np.diag(right)
    result = []
    for i in np.flatnonzero(of_class + predicted).tolist():
        most = int(wrong[i].argmax())
        number = int(wrong[i, most])
        result.append(
            ClassSummary(
                matrix.class_names[i],
                int(of_class[i]),
                int(predicted[i]),
                Interval(*recall[i].tolist()),
                Interval(*precision[i].tolist()),
                areas[i],
                matrix.class_names[most] if number else "",
                number,
            )
        )
    return tuple(result)


def worst_classes(
    predictions: Predictions, selected: NDArray[np.bool_] | None = None
) -> list[ClassSummary]:
    """Return the classes that have locations among the selected (N,), the lowest recall first.

    Of equal recall, the class with more locations comes first. They have no area.
    """
    part = slice(None) if selected is None else selected
    counts = confusion(
        predictions.store.labels[part], predictions.predicted_labels[part], predictions.class_names
    )
    table = class_table(counts, [math.nan] * len(predictions.class_names))
    return sorted((one for one in table if one.n), key=lambda one: (one.recall.value, -one.n))
