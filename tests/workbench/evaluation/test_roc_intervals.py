"""Intervals of areas under ROC curves, against a bootstrap."""

import numpy as np
import pytest

from workbench.evaluation import metrics
from workbench.evaluation.roc_intervals import area_intervals


def test_area_intervals_are_those_of_a_bootstrap() -> None:
    names = ("a", "b", "c", "d")
    labels = np.repeat(np.arange(4), 60)
    values = np.random.default_rng(0).random((240, 4)) + np.eye(4)[labels] * np.linspace(0, 1, 4)
    result = area_intervals(labels, values)
    roc = metrics.roc(labels, values, names)
    assert result.areas == pytest.approx([curve.auc for curve in roc.curves])
    generator = np.random.default_rng(1)
    draws = [generator.integers(0, len(labels), len(labels)) for _ in range(400)]
    areas = [metrics.RankedScores.of(labels[d], values[d], names).areas() for d in draws]
    assert (result.areas - result.low) / 1.96 == pytest.approx(np.std(areas, axis=0), rel=0.2)
    half = result.macro[0] - result.macro[1]
    assert half / 1.96 == pytest.approx(np.std(np.mean(areas, axis=1)), rel=0.2)
