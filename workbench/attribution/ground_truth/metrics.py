"""How far a map agrees with a mask: arrays in, numbers out.

The `weights` (4, H, W) of a map are not negative: its absolute or its positive values. The `mask`
(4, H, W) is in [0, 1]: how much of each pixel belongs to what defines the state. Its mean, the area
share, is the expected value of each metric for a random map.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.attribution.aggregation import bootstrap_interval
from workbench.evaluation.intervals import Interval

NAN = float("nan")
Numbers = NDArray[np.floating]


@dataclass(frozen=True)
class Comparison:
    """Means over locations, compared with chance.

    `value` is the mean, `chance` that of the area share, `difference` is value - chance and `ratio`
    value / chance, over so many `locations`. Numbers are NaN for fewer than two.
    """

    locations: int
    value: Interval
    chance: float
    difference: Interval
    ratio: Interval


def mass_accuracy(weights: Numbers, mask: Numbers) -> float:
    """Return the share of the weights inside the mask; NaN for a map of zeros.

    Arras, Osman & Samek 2022 (arXiv 2003.07258), relevance mass accuracy.
    """
    total = weights.sum(dtype=np.float64)
    return float((weights * mask).sum(dtype=np.float64) / total) if total else NAN


def rank_accuracy(weights: Numbers, mask: Numbers) -> float:
    """Return the share of the K greatest weights inside the mask, K being the mask's size.

    NaN for a map of zeros and for an empty mask. Equal weights at the limit share the remaining
    pixels, so that no order of pixels is preferred. Arras, Osman & Samek 2022, relevance rank
    accuracy.
    """
    size = mask.sum(dtype=np.float64)
    if not size or not weights.any():
        return NAN
    limit = np.sort(weights, axis=None)[-int(np.ceil(size))]
    above, equal = weights > limit, weights == limit
    remaining = size - above.sum()
    return float((mask[above].sum(dtype=np.float64) + remaining * mask[equal].mean()) / size)


def pointing_game(weights: Numbers, mask: Numbers) -> float:
    """Return the mask at the greatest weight, the mean of several; NaN for a map of zeros.

    Zhang et al. 2018 (arXiv 1608.00507); 1 is a hit and 0 a miss.
    """
    greatest = weights.max()
    return float(mask[weights == greatest].mean(dtype=np.float64)) if greatest else NAN


def compare(values: Numbers, chances: Numbers, seed: int) -> Comparison:
    """Compare values (N,) with their chance levels (N,); pairs with a NaN value are left out.

    The intervals are percentiles of bootstrap samples of the locations (Efron 1979).
    """
    known = ~np.isnan(values)
    values, chances = values[known], chances[known]
    if len(values) < 2:
        unknown = Interval(NAN, NAN, NAN)
        return Comparison(len(values), unknown, NAN, unknown, unknown)

    def interval(statistic: Callable[[Numbers, Numbers], Numbers]) -> Interval:
        def of_means(values: Numbers, chances: Numbers, axis: int = 0) -> Numbers:
            return statistic(values.mean(axis=axis), chances.mean(axis=axis))

        # Equal seeds: all statistics are of the same samples.
        low, high = bootstrap_interval(values, chances, statistic=of_means, seed=seed)
        return Interval(float(of_means(values, chances)), float(low), float(high))

    return Comparison(
        len(values),
        value=interval(lambda value, chance: value),
        chance=float(chances.mean()),
        difference=interval(np.subtract),
        ratio=interval(_ratio),
    )


def _ratio(value: Numbers, chance: Numbers) -> Numbers:
    result: Numbers = np.divide(value, chance, where=chance > 0, out=np.full_like(value, NAN))
    return result
