"""How far a map agrees with a mask: arrays in, numbers out.

The `weights` (4, H, W) of a map are not negative: its absolute or its positive values. The `mask`
(4, H, W) is in [0, 1]: how much of each pixel belongs to what defines the state. Its mean, the area
share, is the expected value of the first three metrics for a random map. A map that only knows how
high in a photograph things stand beats it; `height_matched` and `relative_densities` compare within
the rows of the image, all views side by side, where such a map is at chance.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from workbench.attribution.aggregation import bootstrap_interval
from workbench.evaluation.intervals import Interval

NAN = float("nan")
MIN_AREA = 5e-4
"""Area of an element, as a share of the views, from which its density is known."""
SHIFTS = 64
"""Shifts of a map along the horizon, with which `shift_p_value` compares it."""
Numbers = NDArray[np.floating]


@dataclass(frozen=True)
class Comparison:
    """Means over locations, compared with chance.

    `value` is the mean, `chance` that of the chance levels, `difference` is value - chance and
    `ratio` value / chance, over so many `locations`. Numbers are NaN for fewer than two.
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


def height_matched(weights: Numbers, mask: Numbers) -> tuple[float, float]:
    """Return the weights inside the mask and those outside, matched by rows of the image.

    Their ratio is the density of the weights inside over that outside, stratified by rows: the
    rate ratio of Mantel and Haenszel 1959, with weights for cases and area for persons at risk. It
    is 1 for a map that is constant along rows. Rows without either count for nothing. Both are
    shares of all weights; NaN for a map of zeros, and where no row has both.
    """
    total = weights.sum(dtype=np.float64)
    rows, inside, area = _rows(weights), _rows(weights * mask), _rows(mask)
    pixels = mask.shape[0] * mask.shape[2]
    if not total or not (area * (pixels - area)).any():
        return NAN, NAN
    within = float((inside * (pixels - area)).sum() / pixels / total)
    outside = float(((rows - inside) * area).sum() / pixels / total)
    return (within, outside) if within + outside > 0 else (NAN, NAN)


def expected_shares(weights: Numbers, shares: Numbers) -> NDArray[np.float64]:
    """Return what each element (E, 4, H, W) would get of a map that is constant along rows, (E,).

    The map has the same weights in each row of the image as `weights`, which must not be zeros.
    """
    rows = _rows(weights)
    areas = shares.sum(axis=(1, 3), dtype=np.float64) / (shares.shape[1] * shares.shape[3])
    result: NDArray[np.float64] = areas @ rows / rows.sum()
    return result


def graded_correlation(shares: Numbers, expected: Numbers, areas: Numbers, nats: Numbers) -> float:
    """Return Spearman's rank correlation of the elements' relevance with what they tell, in nats.

    The relevance of an element is its share of the weights over what its rows would give it
    (`expected_shares`); all arrays are (E,). Elements of less than `MIN_AREA`, or of unknown nats
    (NaN), are left out. A map that is constant along rows has 0; NaN for fewer than three elements
    or equal nats.
    """
    known = (areas >= MIN_AREA) & (expected > 0) & ~np.isnan(nats)
    if known.sum() < 3 or not np.ptp(nats[known]):
        return NAN
    # Rounding must not order what is equal.
    relevance = np.round(shares[known] / expected[known], 6)
    return float(spearmanr(relevance, nats[known]).statistic) if np.ptp(relevance) else 0.0


def removal_correlation(values: Numbers, shares: Numbers, changes: Numbers) -> float:
    """Return how well a map shows what the model uses, -1 to 1.

    Spearman's rank correlation, over the elements (E, 4, H, W), of the sum of the signed map
    (4, H, W) on an element with the change (E,) of the output without it; elements whose change is
    NaN are left out. 0 for a map that has the same everywhere, NaN for fewer than three elements or
    equal changes.
    """
    known = ~np.isnan(changes)
    if known.sum() < 3 or not np.ptp(changes[known]):
        return NAN
    sums = np.tensordot(shares[known].astype(np.float64), values.astype(np.float64), axes=3)
    return float(spearmanr(sums, changes[known]).statistic) if np.ptp(sums) else 0.0


def shift_p_value(weights: Numbers, mask: Numbers) -> float:
    """Return how often the map agrees as well with the mask by chance, in (0, 1].

    A permutation test: the views are a panorama, along which the map is shifted by n / 64 of its
    width; the statistic is the ratio of `height_matched`. NaN where that is.
    """
    if np.isnan(height_matched(weights, mask)[0]):
        return NAN
    lines, truth = (np.concatenate(list(values), axis=1) for values in (weights, mask))
    width = lines.shape[1]
    # inside[y, k]: the weights of row y inside the mask after a shift by k.
    spectrum = np.conj(np.fft.rfft(lines)) * np.fft.rfft(truth)
    inside = np.fft.irfft(spectrum, n=width)
    area = truth.sum(axis=1, dtype=np.float64)
    within = ((width - area) @ inside) / width
    outside = (area @ (lines.sum(axis=1, dtype=np.float64)[:, None] - inside)) / width
    shifts = np.unique(np.arange(SHIFTS) * width // SHIFTS)
    scores = within[shifts] / (within + outside)[shifts]
    # The map itself is the first; rounding must not distinguish equal scores.
    return float(np.mean(scores >= scores[0] - 1e-9))


def _rows(values: Numbers) -> NDArray[np.float64]:
    """Return the sum of each row of the image over all views, (H,)."""
    result: NDArray[np.float64] = values.sum(axis=(0, 2), dtype=np.float64)
    return result


def compare(values: Numbers, chances: Numbers, seed: int) -> Comparison:
    """Compare values (N,) with their chance levels (N,); pairs with a NaN value are left out.

    The intervals are percentiles of bootstrap samples of the locations (Efron 1979).
    """
    known = ~np.isnan(values)
    values, chances = values[known], chances[known]
    if len(values) < 2:
        unknown = Interval(NAN, NAN, NAN)
        return Comparison(len(values), unknown, NAN, unknown, unknown)

    def of_means(values: Numbers, chances: Numbers, axis: int = 0) -> Numbers:
        value, chance = values.mean(axis=axis), chances.mean(axis=axis)
        return np.stack([value, value - chance, _ratio(value, chance)])

    # In one call, so that all statistics are of the same samples.
    ends = bootstrap_interval(values, chances, statistic=of_means, seed=seed)
    value, difference, ratio = (
        Interval(*numbers)
        for numbers in np.column_stack([of_means(values, chances), ends]).tolist()
    )
    return Comparison(
        len(values),
        value=value,
        chance=float(chances.mean()),
        difference=difference,
        ratio=ratio if chances.any() else Interval(NAN, NAN, NAN),
    )


def _ratio(value: Numbers, chance: Numbers) -> Numbers:
    # A sample whose chance is zero may be drawn by accident; its ratio is huge.
    result: Numbers = value / np.maximum(chance, np.finfo(np.float32).tiny)
    return result
