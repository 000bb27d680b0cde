"""Calibration, written out on ten rows, against simulation and a root of the derivative."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import softmax
from sklearn.metrics import brier_score_loss, log_loss

from workbench.evaluation import calibration as module
from workbench.evaluation.calibration import (
    calibration,
    fit_temperature,
    nll,
    temperature_scaling,
)

Floats = NDArray[np.float64]


def two_classes(confidence: Floats) -> Floats:
    """Return logits (N, 2) that predict the first class with these confidences."""
    return np.stack([np.log(confidence), np.log(1 - confidence)], axis=1)


def sampled(n: int, seed: int, sharpness: float = 1.0) -> tuple[NDArray[np.int64], Floats]:
    """Return true classes drawn from the probabilities of logits (N, 4), and sharper logits."""
    random = np.random.default_rng(seed)
    logits = 2 * random.normal(size=(n, 4))
    labels = np.array([random.choice(4, p=row) for row in softmax(logits, axis=1)])
    return labels, sharpness * logits


def test_ten_rows_in_two_bins_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "N_BINS", 2)
    confidence = np.array([0.9, 0.55, 0.6, 0.8, 0.7, 0.95, 0.65, 0.85, 0.75, 0.99])
    right = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 1])
    found = calibration(1 - right, two_classes(confidence))
    low = (0.55 + 0.6 + 0.65 + 0.7 + 0.75) / 5, 3 / 5
    high = (0.8 + 0.85 + 0.9 + 0.95 + 0.99) / 5, 4 / 5
    for item, expected in zip(found.bins, (low, high), strict=True):
        assert (item.n, item.accuracy.value) == (5, expected[1])
        assert item.confidence == pytest.approx(expected[0])
    assert [item.low for item in found.bins] == pytest.approx([0.55, 0.8])
    assert [item.high for item in found.bins] == pytest.approx([0.75, 0.99])
    gaps = [low[0] - low[1], high[0] - high[1]]
    assert found.ece == pytest.approx((abs(gaps[0]) + abs(gaps[1])) / 2)
    # Kumar, Liang and Ma 2019: less the variance of each accuracy.
    square = (gaps[0] ** 2 - 0.6 * 0.4 / 4 + gaps[1] ** 2 - 0.8 * 0.2 / 4) / 2
    assert found.rms.value == pytest.approx(max(square, 0) ** 0.5)
    assert found.nll == pytest.approx(log_loss(right, confidence))
    assert found.brier == pytest.approx(2 * brier_score_loss(right, confidence))


def test_the_bias_is_the_error_of_a_calibrated_model_and_the_root_is_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "N_RESAMPLES", 20)
    confidence = np.random.default_rng(0).uniform(0.5, 1, 600)
    errors, squares = [], []
    for seed in range(60):
        wrong = np.random.default_rng(seed + 1).random(600) >= confidence
        found = calibration(wrong.astype(np.int64), two_classes(confidence))
        errors.append(found.ece)
        accuracy = np.array([item.accuracy.value for item in found.bins])
        gap = accuracy - [item.confidence for item in found.bins]
        squares.append(np.mean(gap**2 - accuracy * (1 - accuracy) / 39))
        assert found.rms.low <= found.rms.value <= found.rms.high
    assert found.ece_bias == pytest.approx(np.mean(errors), rel=0.05)
    assert abs(np.mean(squares)) < 3 * np.std(squares) / 60**0.5


def test_a_known_error_is_within_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "N_RESAMPLES", 200)
    confidence = np.full(2000, 0.8)
    hits = 0
    for seed in range(20):
        wrong = np.random.default_rng(seed).random(2000) >= 0.7
        rms = calibration(wrong.astype(np.int64), two_classes(confidence)).rms
        hits += rms.low <= 0.1 <= rms.high
    assert hits >= 17


def test_the_temperature_is_where_the_derivative_is_zero() -> None:
    labels, logits = sampled(400, seed=3, sharpness=2.5)

    def slope(inverse: float) -> float:
        mean = (softmax(inverse * logits, axis=1) * logits).sum(axis=1)
        return float((mean - logits[np.arange(400), labels]).mean())

    temperature = fit_temperature(labels, logits)
    assert temperature == pytest.approx(1 / brentq(slope, 0.01, 10), rel=1e-3)
    assert nll(labels, logits, temperature) < nll(labels, logits)
    assert temperature == pytest.approx(2.5, rel=0.3)


def test_scaling_by_validation_or_by_halves() -> None:
    labels, logits = sampled(1000, seed=4, sharpness=3)
    other = sampled(1000, seed=5, sharpness=3)
    found = temperature_scaling(labels, logits, other)
    assert (found.fitted_on, found.n_fitted) == ("validation", 1000)
    assert found.temperatures == (fit_temperature(*other),)
    assert found.after.nll == pytest.approx(nll(labels, logits / found.temperatures[0]))
    assert found.after.rms.value < found.before.rms.value / 3
    halves = temperature_scaling(labels, logits)
    assert (halves.fitted_on, halves.n_fitted, len(halves.temperatures)) == ("halves", 1000, 2)
    assert halves.temperatures == pytest.approx([3, 3], rel=0.3)
    assert halves.after.nll >= nll(labels, logits, fit_temperature(labels, logits))


def test_fewer_locations_than_bins() -> None:
    found = temperature_scaling(np.array([0, 1]), two_classes(np.array([0.9, 0.6])))
    assert [item.n for item in found.before.bins] == [1, 1]
    assert found.before.ece == pytest.approx((0.1 + 0.6) / 2)
