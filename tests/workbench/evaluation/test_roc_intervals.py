"""Areas under ROC curves and the interval of their mean, against a bootstrap."""

import numpy as np
import pytest

from workbench.evaluation import roc_curves
from workbench.evaluation.intervals import auc_interval
from workbench.evaluation.roc_curves import RankedScores
from workbench.evaluation.roc_intervals import area_intervals


def test_the_interval_of_the_mean_is_that_of_a_bootstrap() -> None:
    names = ("a", "b", "c", "d")
    labels = np.repeat(np.arange(4), 60)
    values = np.random.default_rng(0).random((240, 4)) + np.eye(4)[labels] * np.linspace(0, 1, 4)
    result = area_intervals(labels, values)
    roc = roc_curves.roc(labels, values, names)
    assert [one.value for one in result.classes] == pytest.approx([c.auc for c in roc.curves])
    lows = [auc_interval(curve.auc, 60, 180).low for curve in roc.curves]
    assert [one.low for one in result.classes] == pytest.approx(lows)
    generator = np.random.default_rng(1)
    draws = [generator.integers(0, len(labels), len(labels)) for _ in range(400)]
    areas = [RankedScores.of(labels[d], values[d], names).areas() for d in draws]
    half = result.macro.value - result.macro.low
    assert half / 1.96 == pytest.approx(np.std(np.mean(areas, axis=1)), rel=0.2)
