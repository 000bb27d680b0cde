"""How well a model guesses: arrays in, small frozen results out; nothing here draws."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, confusion_matrix, roc_curve


@dataclass(frozen=True)
class RocCurve:
    """One class against all others.

    `false_positive_rate` and `true_positive_rate` are (P,) float64 in [0, 1], rising; `area`
    lies in [0, 1], 0.5 being chance; `positives` and `negatives` count the locations behind it.
    """

    name: str
    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]
    area: float
    positives: int
    negatives: int


@dataclass(frozen=True)
class Roc:
    """The curves of all classes that have one, and the names of those that have none."""

    curve: tuple[RocCurve, ...]
    undefined: tuple[str, ...]

    @property
    def macro_area(self) -> float:
        """Mean area over the curves; NaN where there is no curve."""
        return float(np.mean([curve.area for curve in self.curve])) if self.curve else float("nan")


@dataclass(frozen=True)
class Confusion:
    """How often each true class was taken for each class.

    `count` is (S, S) int64, true classes in rows, predicted in columns, both in the order of
    `name`.
    """

    name: tuple[str, ...]
    count: NDArray[np.int64]


@dataclass(frozen=True)
class Accuracy:
    """Shares in [0, 1] of `locations` whose true class is the first, or in the first five."""

    top_1: float
    top_5: float
    locations: int


def probability(logit: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the softmax of logits (N, S): rows that sum to one."""
    shifted = logit.astype(np.float64) - logit.max(axis=1, keepdims=True)
    exponential = np.exp(shifted)
    result: NDArray[np.float64] = exponential / exponential.sum(axis=1, keepdims=True)
    return result


def ranking(logit: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return class indices (N, S), the most probable first; equal logits keep class order."""
    return np.argsort(-logit, axis=1, kind="stable")


def accuracy(label: NDArray[np.int64], logit: NDArray[np.float32]) -> Accuracy:
    """Return top-1 and top-5 accuracy of logits (N, S) for labels (N,); NaN where N is 0."""
    if not len(label):
        return Accuracy(float("nan"), float("nan"), 0)
    hit = ranking(logit) == label[:, None]
    return Accuracy(float(hit[:, 0].mean()), float(hit[:, :5].any(axis=1).mean()), len(label))


def confusion(
    label: NDArray[np.int64], prediction: NDArray[np.int64], name: Sequence[str]
) -> Confusion:
    """Count labels (N,) against predictions (N,), both indices into the S names."""
    count = np.zeros((len(name), len(name)), dtype=np.int64)
    if len(label):
        count = confusion_matrix(label, prediction, labels=range(len(name))).astype(np.int64)
    return Confusion(tuple(name), count)


def roc(
    label: NDArray[np.int64],
    score: NDArray[np.float64],
    name: Sequence[str],
    selected: NDArray[np.bool_] | None = None,
) -> Roc:
    """Return one curve for each class: its locations against those of all other classes.

    `label` is (N,), `score` (N, S), greater meaning more likely. With `selected`, (N,), the
    positives are the selected locations of a class only; the negatives always are all locations
    of the other classes, so that one state alone keeps a meaningful curve. A class without
    positives or negatives is named in `undefined`.
    """
    curves, undefined = [], []
    positive = np.ones(len(label), dtype=bool) if selected is None else selected
    for index, class_name in enumerate(name):
        own = label == index
        member = ~own | (own & positive)
        positives, negatives = int((own & positive).sum()), int((~own).sum())
        if not positives or not negatives:
            undefined.append(class_name)
            continue
        false_positive_rate, true_positive_rate, _ = roc_curve(own[member], score[member, index])
        curves.append(
            RocCurve(
                class_name,
                false_positive_rate,
                true_positive_rate,
                float(auc(false_positive_rate, true_positive_rate)),
                positives,
                negatives,
            )
        )
    return Roc(tuple(curves), tuple(undefined))
