"""Which methods agree better with the masks than others, and which cannot be told apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, kendalltau, norm

from workbench.attribution.aggregation import BATCH, N_RESAMPLES
from workbench.attribution.ground_truth.scores import HEIGHT_MATCHED, PARTS
from workbench.attribution.ground_truth.study import MethodConfig, Scores

SIGNIFICANCE = 0.05
"""Level of all comparisons of pairs together."""
STABLE = 0.8
"""Kendall's tau of two halves of the locations from which there is a ranking."""
SPLITS = 100


@dataclass(frozen=True)
class Ranking:
    """The methods by the height-matched metric of |map|, the best first.

    `equal` has, for each method, those that cannot be told apart from it; `tau` is the mean of
    Kendall's tau between the orders on two disjoint random halves of the locations.
    """

    configs: tuple[MethodConfig, ...]
    equal: Mapping[MethodConfig, tuple[MethodConfig, ...]]
    tau: float

    @property
    def is_stable(self) -> bool:
        """Whether the order holds on other locations."""
        return self.tau >= STABLE


def ranking(scores: Scores, configs: Sequence[MethodConfig], seed: int) -> Ranking | None:
    """Rank methods over the same locations; None for one method, or fewer than four locations.

    Pairs are compared by the difference of the logarithms of their ratios, whose standard error is
    that of bootstrap samples of the locations (Efron 1979), the same for both; the p-values of all
    pairs are corrected by Holm's method (1979).
    """
    pairs = np.array(
        [[each.metrics[PARTS[0], HEIGHT_MATCHED] for each in scores[config]] for config in configs]
    )
    # From methods, locations and both numbers to inside and outside, methods, locations.
    both = np.nan_to_num(pairs).transpose(2, 0, 1)
    count = both.shape[2]
    if len(configs) < 2 or count < 4:
        return None
    values = _log_ratios(both[0], both[1])

    def statistic(*arrays: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        inside, outside = np.split(np.stack(arrays), 2)
        return _log_ratios(inside, outside, axis)

    samples = bootstrap(
        tuple(np.concatenate(both)),
        statistic,
        paired=True,
        method="percentile",
        n_resamples=N_RESAMPLES,
        batch=BATCH,
        rng=np.random.default_rng(seed),
    ).bootstrap_distribution
    chosen = list(combinations(range(len(configs)), 2))
    p_values = np.array(
        [
            _p_value(values[one] - values[other], np.std(samples[one] - samples[other]))
            for one, other in chosen
        ]
    )
    different = holm(p_values) < SIGNIFICANCE
    order = np.argsort(-values, kind="stable")
    equal = {
        configs[index]: tuple(
            configs[other]
            for other in order
            if other != index
            and not different[chosen.index((min(index, other), max(index, other)))]
        )
        for index in order
    }
    generator = np.random.default_rng(seed)
    taus = []
    for _ in range(SPLITS):
        halves = np.array_split(generator.permutation(count), 2)
        one, other = (_log_ratios(both[0][:, half], both[1][:, half]) for half in halves)
        taus.append(kendalltau(one, other).statistic)
    return Ranking(tuple(configs[index] for index in order), equal, float(np.mean(taus)))


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values (K,), corrected for K comparisons (Holm 1979)."""
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    result = np.empty_like(p_values)
    result[order] = np.minimum(1, np.maximum.accumulate(p_values[order] * factors))
    return result


def _log_ratios(
    inside: NDArray[np.float64], outside: NDArray[np.float64], axis: int = -1
) -> NDArray[np.float64]:
    """Return the logarithm of the ratio of sums over the locations; finite for a sum of zero."""
    tiny = np.finfo(np.float64).tiny
    inside, outside = (np.maximum(part.sum(axis=axis), tiny) for part in (inside, outside))
    result: NDArray[np.float64] = np.log(inside) - np.log(outside)
    return result


def _p_value(difference: float, error: float) -> float:
    if not error:
        return float(not difference)
    return float(2 * norm.sf(abs(difference) / error))
