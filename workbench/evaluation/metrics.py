"""Classification metrics: arrays in, small frozen results out; nothing here draws.

N locations have true `labels` (N,) and `logits` (N, S) over S classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.metrics import auc, confusion_matrix, roc_curve


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


def rank_classes(logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return class indices (N, S), the most probable first; equal logits keep class order."""
    return np.argsort(-logits, axis=1, kind="stable")


def accuracy(labels: NDArray[np.int64], logits: NDArray[np.float32]) -> Accuracy:
    """Return top-1 and top-5 accuracy; NaN without locations."""
    if not len(labels):
        return Accuracy(float("nan"), float("nan"))
    hit = rank_classes(logits) == labels[:, None]
    return Accuracy(float(hit[:, 0].mean()), float(hit[:, :5].any(axis=1).mean()))


def confusion(
    labels: NDArray[np.int64], predicted_labels: NDArray[np.int64], class_names: Sequence[str]
) -> Confusion:
    """Count true labels (N,) against predicted labels (N,)."""
    counts = np.zeros((len(class_names), len(class_names)), dtype=np.int64)
    if len(labels):
        counts = confusion_matrix(labels, predicted_labels, labels=range(len(class_names)))
    return Confusion(tuple(class_names), counts.astype(np.int64))


def roc(
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    class_names: Sequence[str],
    selected: NDArray[np.bool_] | None = None,
) -> Roc:
    """Return one curve per class, its locations against those of all other classes.

    `scores` are (N, S), greater meaning more likely. With `selected` (N,) the positives are the
    selected locations of a class; the negatives are always all locations of the other classes, so
    that a single class keeps a meaningful curve. A class without positives or negatives is listed
    in `undefined`.
    """
    curves, undefined = [], []
    for index, class_name in enumerate(class_names):
        negative = labels != index
        positive = ~negative if selected is None else ~negative & selected
        if not positive.any() or not negative.any():
            undefined.append(class_name)
            continue
        used = positive | negative
        false_positive_rate, true_positive_rate, _ = roc_curve(positive[used], scores[used, index])
        curves.append(
            RocCurve(
                class_name,
                false_positive_rate,
                true_positive_rate,
                float(auc(false_positive_rate, true_positive_rate)),
                int(positive.sum()),
                int(negative.sum()),
            )
        )
    return Roc(tuple(curves), tuple(undefined))
