"""Aggregates of the maps of many locations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution

N_RESAMPLES = 2000
CONFIDENCE_LEVEL = 0.95
BATCH = 100
"""Bootstrap samples in memory at once, so that many locations need little memory."""


@dataclass(frozen=True)
class Aggregate:
    """What the maps of `count` locations have in common.

    `mean` (4, H, W) float32 is their signed mean, in units of the output; its sum is the mean
    difference of outputs if the maps are complete. `view_shares` (4,) is the mean share of each
    view in |map|, where every location has the same weight, `view_intervals` (4, 2) its 95 %
    interval, with equal bounds for a single location; `row_shares` (H,) the mean share of each row
    from the top, `third_intervals` (3, 2) the intervals of the upper, middle and lower third of the
    rows, as `thirds` sums them. `prototypes` are the locations' ids, the most typical first.
    """

    count: int
    mean: NDArray[np.float32]
    view_shares: NDArray[np.float64]
    view_intervals: NDArray[np.float64]
    row_shares: NDArray[np.float64]
    third_intervals: NDArray[np.float64]
    prototypes: tuple[str, ...]


def aggregate(attributions: Sequence[Attribution], seed: int = 0) -> Aggregate:
    """Aggregate the maps of different locations, at least one, for the same request.

    The intervals are percentiles of 2,000 bootstrap samples of the locations (Efron 1979), which
    depend on `seed` and the number of locations alone. The most typical location has the highest
    correlation (Pearson) of its map with the mean of all others. Raises ValueError for no maps,
    duplicate locations, different sizes, or requests that differ in more than their classes.
    """
    _check(attributions)
    maps = np.stack([attribution.values for attribution in attributions]).astype(np.float64)
    view_shares = np.stack([attribution.view_shares for attribution in attributions])
    row_shares = np.stack([attribution.row_shares for attribution in attributions])
    typicality = _typicality(maps.reshape(len(attributions), -1))
    # A stable sort: equally typical locations keep their order.
    order = np.argsort(-typicality, kind="stable")
    return Aggregate(
        count=len(attributions),
        mean=maps.mean(axis=0).astype(np.float32),
        view_shares=view_shares.mean(axis=0),
        view_intervals=bootstrap_interval(view_shares, seed=seed),
        row_shares=row_shares.mean(axis=0),
        third_intervals=bootstrap_interval(
            np.array([thirds(one) for one in row_shares]), seed=seed
        ),
        prototypes=tuple(attributions[index].location_id for index in order),
    )


def thirds(row_shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shares (3,) of the upper, middle and lower third of the rows (H,)."""
    return np.array([part.sum() for part in np.array_split(row_shares, 3)])


def bootstrap_interval(
    *values: NDArray[np.floating], statistic: Callable[..., Any] = np.mean, seed: int = 0
) -> NDArray[np.float64]:
    """Return the 95 % bootstrap interval (K, 2) of a statistic over N locations' values (N, K).

    Several arrays are resampled together; `statistic` takes all of them and an `axis`. A single
    location has equal bounds.
    """
    if len(values[0]) < 2:
        return np.repeat(values[0].T, 2, axis=1)
    result = bootstrap(
        values,
        statistic,
        paired=True,
        method="percentile",
        n_resamples=N_RESAMPLES,
        confidence_level=CONFIDENCE_LEVEL,
        batch=BATCH,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return np.stack([result.low, result.high], axis=-1)


def _check(attributions: Sequence[Attribution]) -> None:
    if not attributions:
        raise ValueError("there are no maps to aggregate")
    if len({attribution.location_id for attribution in attributions}) < len(attributions):
        raise ValueError("a location occurs twice")
    if len({attribution.values.shape for attribution in attributions}) > 1:
        raise ValueError("the maps have different sizes")
    default = AttributionRequest()
    requests = {
        replace(attribution.request, target=default.target, contrast_target="")
        for attribution in attributions
    }
    if len(requests) > 1:
        raise ValueError("the maps are results of different requests")


def _typicality(maps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's correlation (N,) with the mean of all other rows of (N, P)."""
    centred = maps - maps.mean(axis=1, keepdims=True)
    others = centred.sum(axis=0) - centred
    products = (centred * others).sum(axis=1)
    norms = np.linalg.norm(centred, axis=1) * np.linalg.norm(others, axis=1)
    result: NDArray[np.float64] = np.zeros(len(maps))
    np.divide(products, norms, out=result, where=norms > 0)
    return result
