"""How far a map agrees with a known truth: arrays in, numbers out.

A map's `weight` (4, H, W) is at least 0: its absolute values, or its positive ones. The `truth`
(4, H, W) is in [0, 1]: how much of each place belongs to what tells the state. Its mean, the area
share, is what each measure gives on average for a map that knows nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
CONFIDENCE = 0.95
NAN = float("nan")
Numbers = NDArray[np.floating]


@dataclass(frozen=True)
class Interval:
    """A number and its bootstrap interval of 95 %, from `low` to `high`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Means over locations held against those of chance.

    `value` is the mean, `chance` that of the area share, `difference` value - chance and `ratio`
    value / chance. `locations` counts those behind it; NaN where they are too few to say.
    """

    locations: int
    value: Interval
    chance: float
    difference: Interval
    ratio: Interval


def mass_accuracy(weight: Numbers, truth: Numbers) -> float:
    """Return the share of the weight that lies on the truth; NaN for a map of zeros.

    Arras, Osman & Samek 2022 (arXiv 2003.07258), relevance mass accuracy.
    """
    total = weight.sum(dtype=np.float64)
    return float((weight * truth).sum(dtype=np.float64) / total) if total else NAN


def rank_accuracy(weight: Numbers, truth: Numbers) -> float:
    """Return the share of truth in the K greatest weights, K being the truth's size.

    NaN for a map of zeros and where there is no truth. Equal weights at the limit share the places
    that are left, so that no order of pixels is preferred. Arras, Osman & Samek 2022, relevance
    rank accuracy.
    """
    size = truth.sum(dtype=np.float64)
    if not size or not weight.any():
        return NAN
    limit = np.sort(weight, axis=None)[-int(np.ceil(size))]
    above, equal = weight > limit, weight == limit
    left = size - above.sum()
    return float((truth[above].sum(dtype=np.float64) + left * truth[equal].mean()) / size)


def pointing(weight: Numbers, truth: Numbers) -> float:
    """Return the truth at the greatest weight, a mean where several are; NaN for a map of zeros.

    Zhang et al. 2018 (arXiv 1608.00507), pointing game; 1 is a hit and 0 a miss.
    """
    greatest = weight.max()
    return float(truth[weight == greatest].mean(dtype=np.float64)) if greatest else NAN


def compare(value: Numbers, chance: Numbers, seed: int) -> Comparison:
    """Hold values (N,) against their chance levels (N,); pairs with a NaN value are left out.

    Intervals are percentiles over samples of the locations, drawn with replacement (Efron 1979).
    """
    known = ~np.isnan(value)
    pairs = np.stack((value[known], chance[known]), axis=1)
    count = len(pairs)
    if count < 2:
        unknown = Interval(NAN, NAN, NAN)
        return Comparison(count, unknown, NAN, unknown, unknown)
    drawn = np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))
    # The first row is the sample itself.
    means = np.concatenate((pairs.mean(axis=0)[None], pairs[drawn].mean(axis=1)))
    ratio = np.divide(means[:, 0], means[:, 1], where=means[:, 1] > 0, out=np.full(len(means), NAN))
    return Comparison(
        count,
        _interval(means[:, 0]),
        float(means[0, 1]),
        _interval(means[:, 0] - means[:, 1]),
        _interval(ratio),
    )


def _interval(numbers: Numbers) -> Interval:
    """Make an interval of a number and its resampled values, (1 + RESAMPLES,)."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(numbers[1:], (tail, 1 - tail))
    return Interval(float(numbers[0]), float(low), float(high))
