"""Two models on the same locations: which is right more often, over all and in each class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from common.progress import ProgressCallback, no_progress
from workbench.evaluation.bootstrap import macro_auc, resampled_areas
from workbench.evaluation.intervals import Interval, percentile_interval
from workbench.evaluation.mistakes import mcnemar

N_RESAMPLES = 2000


@dataclass(frozen=True)
class PairedCounts:
    """Locations by which model is right, and the exact McNemar test that both are alike.

    `difference` is the accuracy of the second model minus that of the first, with the percentiles
    of a paired bootstrap within classes.
    """

    n: int
    both: int
    first_alone: int
    second_alone: int
    neither: int
    difference: Interval
    p_value: float


@dataclass(frozen=True)
class ClassComparison:
    """The recall of a class by two models; `p_adjusted` is for all classes together.

    By Benjamini and Hochberg 1995: of the classes with p_adjusted <= 0.05, about 5 % differ by
    chance.
    """

    class_name: str
    n: int
    first: float
    second: float
    p_value: float
    p_adjusted: float


@dataclass(frozen=True)
class Comparison:
    """Two models on the same locations.

    `macro_auc` has the mean area under the ROC curves of the first and the second model, and their
    difference, second minus first, each with the percentiles of the same bootstrap resamples.
    """

    overall: PairedCounts
    macro_auc: tuple[Interval, Interval]
    macro_auc_difference: Interval
    classes: tuple[ClassComparison, ...]


def compare(
    labels: NDArray[np.int64],
    first: NDArray[np.floating[Any]],
    second: NDArray[np.floating[Any]],
    class_names: Sequence[str],
    seed: int = 0,
    progress: ProgressCallback = no_progress,
) -> Comparison:
    """Compare two models by their probabilities (N, S) of the same locations, N > 0."""
    right = [scores.argmax(axis=1) == labels for scores in (first, second)]
    present, class_of = np.unique(labels, return_inverse=True)
    # Per class: neither, the first model alone, the second alone, both.
    counts = np.bincount(4 * class_of + right[0] + 2 * right[1], minlength=4 * len(present))
    counts = counts.reshape(-1, 4)
    resampled = resampled_areas(labels, (first, second), seed, progress)
    areas = [macro_auc(labels, scores) for scores in (first, second)]
    return Comparison(
        _paired_counts(counts, seed),
        (percentile_interval(areas[0], resampled[0]), percentile_interval(areas[1], resampled[1])),
        percentile_interval(areas[1] - areas[0], resampled[1] - resampled[0]),
        _by_class(counts, [class_names[index] for index in present.tolist()]),
    )


def _paired_counts(counts: NDArray[np.int64], seed: int) -> PairedCounts:
    """Summarise counts (S, 4) of the classes: neither, first alone, second alone, both."""
    n = counts.sum(axis=1)
    neither, one, other, both = counts.sum(axis=0).tolist()
    drawn = np.random.default_rng(seed).multinomial(
        n, counts / n[:, None], size=(N_RESAMPLES, len(counts))
    )
    differences = (drawn[..., 2] - drawn[..., 1]).sum(axis=1) / n.sum()
    return PairedCounts(
        int(n.sum()),
        both,
        one,
        other,
        neither,
        percentile_interval((other - one) / int(n.sum()), differences),
        float(mcnemar([one], [other])[0]),
    )


def _by_class(counts: NDArray[np.int64], names: Sequence[str]) -> tuple[ClassComparison, ...]:
    p_values = mcnemar(counts[:, 1], counts[:, 2])
    adjusted = false_discovery_control(p_values)
    rows = zip(names, counts.tolist(), p_values.tolist(), adjusted.tolist(), strict=True)
    return tuple(
        ClassComparison(
            name,
            neither + one + other + both,
            (one + both) / (neither + one + other + both),
            (other + both) / (neither + one + other + both),
            p_value,
            p_adjusted,
        )
        for name, (neither, one, other, both), p_value, p_adjusted in rows
    )
