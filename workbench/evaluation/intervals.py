"""Numbers with their 95 % intervals."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import binom, norm, t

from common.text import number

CONFIDENCE = 0.95
NAN = float("nan")
_SMALLEST = 1e-9


@dataclass(frozen=True)
class Interval:
    """A number and its 95 % interval, from `low` to `high`; all are NaN where it is undefined."""

    value: float
    low: float
    high: float


def interval_text(
    found: Interval,
    form: str,
    scale: float = 1,
    *,
    unit: str = "",
    ends: str = "",
    unknown: str = "–",
) -> str:
    """Return a number in this format with its interval, which is left out where it is undefined.

    `scale` is a factor, `ends` where the lower and upper end go, such as "[{}, {}]", `unknown`
    stands for NaN.
    """
    ends = ends or ("({} to {})" if found.low < 0 else "({}–{})")
    value, low, high = (number(scale * one, form) for one in (found.value, found.low, found.high))
    if math.isnan(found.value):
        return unknown
    return f"{value}{unit}" if math.isnan(found.low) else f"{value}{unit} {ends.format(low, high)}"


def wilson(
    successes: ArrayLike, trials: ArrayLike, confidence: float = CONFIDENCE
) -> NDArray[np.float64]:
    """Return shares and the lower and upper ends of their Wilson intervals, (N, 3).

    Successes and trials are (N,) counts. The interval is that of the score test, without correction
    for continuity (Wilson 1927). NaN without trials.
    """
    n = np.asarray(trials, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    share = np.asarray(successes) / n
    z = norm.ppf((1 + confidence) / 2)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Rounding would leave the ends of 0 and 1 a little outside.
    low = np.where(share == 0, 0, middle - half)
    high = np.where(share == 1, 1, middle + half)
    return np.stack((share, low, high), axis=-1)


def share_of(outcomes: NDArray[np.bool_]) -> Interval:
    """Return the share of True among (N,) outcomes and its Wilson interval."""
    return Interval(*wilson(outcomes.sum(), len(outcomes)).tolist())


def percentile_interval(value: float, resampled: NDArray[np.floating[Any]]) -> Interval:
    """Return a value and the 2.5 and 97.5 percentiles of its (B,) bootstrap resamples.

    Resamples that are NaN are left out; without others the ends are NaN.
    """
    known = resampled[np.isfinite(resampled)]
    if not len(known):
        return Interval(value, NAN, NAN)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(value, float(low), float(high))


def mean_of(
    values: NDArray[np.floating[Any]], lowest: float = -np.inf, highest: float = np.inf
) -> Interval:
    """Return the mean of the finite values among (N,), and Student's interval.

    It ends at the `lowest` and `highest` possible value. Without values all are NaN; of a single
    one the ends are.
    """
    known = values[np.isfinite(values)].astype(np.float64)
    if len(known) < 2:
        return Interval(float(known[0]) if len(known) else NAN, NAN, NAN)
    mean, error = float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(known) - 1)) * error
    return Interval(mean, max(mean - half, lowest), min(mean + half, highest))


def median_of(values: NDArray[np.floating[Any]]) -> Interval:
    """Return the median of the finite values among (N,), and its interval by order statistics.

    The interval supposes no distribution (Conover, "Practical Nonparametric Statistics", 3.2, as
    `scipy.stats.quantile_test`); its ends are NaN where there are too few values.
    """
    known = np.sort(values[np.isfinite(values)].astype(np.float64))
    n = len(known)
    if not n:
        return Interval(NAN, NAN, NAN)
    tail = (1 - CONFIDENCE) / 2
    lower = int(binom.ppf(tail, n, 0.5)) - 1
    value = float(np.median(known))
    if lower < 0:
        return Interval(value, NAN, NAN)
    return Interval(value, float(known[lower]), float(known[n - 1 - lower]))


def auc_interval(
    auc: float, positives: int, negatives: int, confidence: float = CONFIDENCE
) -> Interval:
    """Return an area under a ROC curve with its interval; NaN if the area is.

    The interval is method 5 of Newcombe (2006, Statistics in Medicine 25:559): like Wilson's, it
    holds all areas whose distance to `auc` is at most the normal quantile times their standard
    error, here that of Hanley and McNeil (1982) with equal groups. An area of 1 has a lower end.
    """
    if np.isnan(auc):
        return Interval(NAN, NAN, NAN)
    z = norm.ppf((1 + confidence) / 2)
    half = (positives + negatives) / 2 - 1

    def excess(area: float) -> float:
        spread = 1 + half * ((1 - area) / (2 - area) + area / (1 + area))
        variance = area * (1 - area) * spread / (positives * negatives)
        return float((area - auc) ** 2 - z**2 * variance)

    # At 0 and 1 the variance is 0: these roots are no ends.
    inside = min(max(auc, _SMALLEST), 1 - _SMALLEST)
    low = 0.0 if auc == 0 else brentq(excess, 0, inside)
    high = 1.0 if auc == 1 else brentq(excess, inside, 1)
    return Interval(auc, float(low), float(high))
