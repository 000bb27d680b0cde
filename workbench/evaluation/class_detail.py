"""One class against all others: recall, precision, area, and what it is confused with."""

from dataclasses import dataclass

import numpy as np

from workbench.evaluation.class_table import ClassSummary, class_table
from workbench.evaluation.intervals import Interval, auc_interval, wilson
from workbench.evaluation.metrics import Confusion


@dataclass(frozen=True)
class ConfusedClass:
    """Another class that a class is confused with.

    `count` locations are confused; `share` is of all locations of the class, or of all that are
    predicted as it, with its Wilson interval.
    """

    class_name: str
    count: int
    share: Interval


@dataclass(frozen=True)
class ClassDetail:
    """A class within a selection.

    `summary` has recall and precision, `auc` the area under its ROC curve with its interval.
    `predicted_as` are the classes that its locations are wrongly predicted as, `mistaken` those
    whose locations are wrongly predicted as the class; both the most frequent first.
    """

    summary: ClassSummary
    auc: Interval
    predicted_as: tuple[ConfusedClass, ...]
    mistaken: tuple[ConfusedClass, ...]


def class_detail(
    confusion: Confusion, index: int, auc: float, positives: int, negatives: int
) -> ClassDetail:
    """Return the class of an index.

    `auc` is the area under the curve of `positives` and `negatives`, NaN without a curve.
    """
    name = confusion.class_names[index]
    areas = np.full(len(confusion.class_names), np.nan)
    areas[index] = auc
    empty = Interval(np.nan, np.nan, np.nan)
    table = {one.class_name: one for one in class_table(confusion, areas.tolist())}
    return ClassDetail(
        table.get(name, ClassSummary(name, 0, 0, empty, empty, auc, "", 0)),
        auc_interval(auc, positives, negatives),
        _confused(confusion, index, confusion.counts[index]),
        _confused(confusion, index, confusion.counts[:, index]),
    )


def _confused(
    confusion: Confusion, index: int, counts: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[ConfusedClass, ...]:
    total = int(counts.sum())
    shares = wilson(counts, np.full(len(counts), total))
    order = [i for i in np.argsort(-counts, kind="stable").tolist() if counts[i] and i != index]
    return tuple(
        ConfusedClass(confusion.class_names[i], int(counts[i]), Interval(*shares[i].tolist()))
        for i in order
    )
