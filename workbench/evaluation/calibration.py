"""Whether confidences are accuracies: calibration error, reliability, temperature."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from workbench.evaluation.intervals import CONFIDENCE, NAN, Interval, share_of
from workbench.evaluation.metrics import blocks

Logits = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

N_BINS = 15
N_RESAMPLES = 1000
LOG_TEMPERATURES = (-5.0, 5.0)
"""Range of the natural logarithm of a temperature."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Locations with confidences from `low` to `high`.

    `confidence` is their mean confidence, `accuracy` the share of right ones (Wilson).
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: Interval


@dataclass(frozen=True)
class Calibration:
    """How far the confidence of the predicted class is from the accuracy.

    `ece` is the expected calibration error: the mean over `bins`, of equally many locations, of
    |mean confidence - accuracy|. It is never 0, even for a perfect model: `ece_bias` is its mean
    for a perfectly calibrated model with these confidences, which is the most that it is too large
    by. `rms` is the root of the mean square of the same differences without that bias, by the
    estimator of Kumar, Liang and Ma 2019; its interval is a bootstrap's. `nll` is the mean negative
    log probability of the true class in nats, `brier` the mean over locations of the squared errors
    of all probabilities, in [0, 2].
    """

    ece: float
    ece_bias: float
    rms: Interval
    nll: float
    brier: float
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True)
class TemperatureScaling:
    """Calibration before and after the logits are divided by a temperature (Guo et al. 2017).

    `fitted_on` says which locations, `n_fitted` of them, the temperatures were fitted on:
    "validation", or "halves", where each half of the locations gets the temperature of the other.
    """

    fitted_on: str
    n_fitted: int
    temperatures: tuple[float, ...]
    before: Calibration
    after: Calibration


@dataclass(frozen=True)
class LocationScores:
    """What calibration is measured by, for each of N locations, all (N,).

    `confidence` is the probability of the predicted class, `correct` whether that is the true one.
    `nll` is the negative log probability of the true class in nats, `brier` the sum of the squared
    errors of all probabilities, in [0, 2].
    """

    confidence: Floats
    correct: NDArray[np.bool_]
    nll: Floats
    brier: Floats

    @classmethod
    def of(
        cls, labels: Labels, logits: Logits, temperatures: Floats | None = None
    ) -> "LocationScores":
        """Score logits (N, S) with true classes (N,).

        The logits of each location are divided by its temperature (N,) first.
        """
        n = len(labels)
        result = cls(np.empty(n), np.empty(n, dtype=np.bool_), np.empty(n), np.empty(n))
        for rows in blocks(n):
            scaled = logits[rows].astype(np.float64)
            if temperatures is not None:
                scaled /= temperatures[rows, None]
            true = np.arange(len(scaled)), labels[rows]
            probability = softmax(scaled, axis=1)
            result.confidence[rows] = probability.max(axis=1)
            result.correct[rows] = probability.argmax(axis=1) == labels[rows]
            result.nll[rows] = -log_softmax(scaled, axis=1)[true]
            probability[true] -= 1
            result.brier[rows] = (probability**2).sum(axis=1)
        return result

    def __getitem__(self, rows: NDArray[Any]) -> "LocationScores":
        """Return those of some rows, numbers or a mask (N,)."""
        return LocationScores(
            self.confidence[rows], self.correct[rows], self.nll[rows], self.brier[rows]
        )

    def __len__(self) -> int:
        """Return N."""
        return len(self.confidence)


def calibration(labels: Labels, logits: Logits, seed: int = 0) -> Calibration:
    """Measure the calibration of logits (N, S) with true classes (N,), N > 0."""
    return measure(LocationScores.of(labels, logits), seed)


def measure(scores: LocationScores, seed: int = 0, has_interval: bool = True) -> Calibration:
    """Measure the calibration of N > 0 locations.

    The interval of `rms` takes `N_RESAMPLES` resamples of them; without it its ends are NaN.
    """
    confidence, correct = scores.confidence, scores.correct
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, N_BINS) if len(part)]
    bin_of = np.empty(len(scores), dtype=np.int64)
    for number, part in enumerate(parts):
        bin_of[part] = number
    sums = _sums(bin_of, confidence, correct, np.arange(len(scores)))
    number_of, mean_confidence = sums[0], sums[1] / sums[0]
    weight = number_of / len(scores)
    # Its mean absolute value, if accuracies scatter normally around the confidences.
    scatter = np.sqrt(
        np.bincount(bin_of, confidence * (1 - confidence), minlength=len(parts)) / number_of**2
    )
    return Calibration(
        float(weight @ np.abs(mean_confidence - sums[2] / number_of)),
        float(weight @ scatter * np.sqrt(2 / np.pi)),
        _rms(bin_of, confidence, correct, sums, seed, has_interval),
        float(scores.nll.mean()),
        float(scores.brier.mean()),
        tuple(
            ReliabilityBin(
                float(confidence[part[0]]),
                float(confidence[part[-1]]),
                len(part),
                float(mean_confidence[index]),
                share_of(correct[part]),
            )
            for index, part in enumerate(parts)
        ),
    )


def _sums(
    bin_of: Labels, confidence: Floats, correct: NDArray[np.bool_], rows: NDArray[np.int64]
) -> Floats:
    """Return numbers, sums of the confidences, and right ones of some rows by bin, (3, B)."""
    n_bins, bins = int(bin_of.max()) + 1, bin_of[rows]
    return np.array(
        [
            np.bincount(bins, minlength=n_bins),
            np.bincount(bins, confidence[rows], n_bins),
            np.bincount(bins, correct[rows], n_bins),
        ],
        dtype=np.float64,
    )


def _mean_squares(sums: Floats) -> tuple[Floats, Floats]:
    """Return the mean square difference of bins with sums (..., 3, B), plain and without bias.

    Kumar, Liang and Ma 2019, definition 5.1: the variance of an accuracy is taken off its square.
    """
    n = np.maximum(sums[..., 0, :], 1)
    accuracy = sums[..., 2, :] / n
    plain = (sums[..., 1, :] / n - accuracy) ** 2
    variance = accuracy * (1 - accuracy) / np.maximum(n - 1, 1)
    weight = sums[..., 0, :] / sums[..., 0, :].sum(axis=-1, keepdims=True)
    return (weight * plain).sum(axis=-1), (weight * (plain - variance)).sum(axis=-1)


def _rms(
    bin_of: Labels,
    confidence: Floats,
    correct: NDArray[np.bool_],
    sums: Floats,
    seed: int,
    has_interval: bool,
) -> Interval:
    plain, square = _mean_squares(sums)
    if not has_interval:
        return Interval(max(float(square), 0) ** 0.5, NAN, NAN)
    random = np.random.default_rng(seed)
    resampled = np.array(
        [
            _sums(bin_of, confidence, correct, random.integers(0, len(bin_of), len(bin_of)))
            for _ in range(N_RESAMPLES)
        ]
    )
    # To the bootstrap, the plain square is the truth that its estimates scatter around.
    tail = (1 - CONFIDENCE) / 2
    high, low = square + plain - np.quantile(_mean_squares(resampled)[1], [tail, 1 - tail])
    roots = np.sqrt(np.maximum([square, low, high], 0))
    return Interval(*roots.tolist())


def nll(labels: Labels, logits: Logits, temperature: float = 1.0) -> float:
    """Return the mean negative log probability in nats of true classes (N,), NaN for N = 0."""
    if not len(labels):
        return NAN
    log = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return float(-log[np.arange(len(labels)), labels].mean())


def fit_temperature(labels: Labels, logits: Logits) -> float:
    """Return the temperature that gives the least `nll`, within e to the power -5 and 5."""
    found = minimize_scalar(
        lambda log_temperature: nll(labels, logits, float(np.exp(log_temperature))),
        bounds=LOG_TEMPERATURES,
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(np.exp(found.x))


@dataclass(frozen=True)
class Temperatures:
    """The temperatures of a `TemperatureScaling`; `of_location` (N,) is that of each location."""

    fitted_on: str
    n_fitted: int
    values: tuple[float, ...]
    of_location: Floats


def fit_temperatures(
    labels: Labels,
    logits: Logits,
    validation: tuple[Labels, Logits] | None = None,
    seed: int = 0,
) -> Temperatures:
    """Fit temperatures to N > 1 locations.

    `validation` are other locations, the true classes and logits of which one is fitted on. Without
    them it is fitted on random halves of the locations, each for the other half.
    """
    if validation is not None:
        temperature = fit_temperature(*validation)
        everywhere = np.full(len(labels), temperature)
        return Temperatures("validation", len(validation[0]), (temperature,), everywhere)
    order = np.random.default_rng(seed).permutation(len(labels))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    values = tuple(fit_temperature(labels[half], logits[half]) for half in reversed(halves))
    of_location = np.empty(len(labels))
    for half, temperature in zip(halves, values, strict=True):
        of_location[half] = temperature
    return Temperatures("halves", len(labels), values, of_location)


def temperature_scaling(
    labels: Labels,
    logits: Logits,
    validation: tuple[Labels, Logits] | None = None,
    seed: int = 0,
) -> TemperatureScaling:
    """Fit temperatures (`fit_temperatures`) and measure calibration before and after, N > 1."""
    fitted = fit_temperatures(labels, logits, validation, seed)
    scaled = LocationScores.of(labels, logits, fitted.of_location)
    return TemperatureScaling(
        fitted.fitted_on,
        fitted.n_fitted,
        fitted.values,
        calibration(labels, logits, seed),
        measure(scaled, seed),
    )
