"""The maps of many locations as one: what a model looks at in a state."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.attribution.request import Attribution, AttributionRequest

DRAWS = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Gathered:
    """What the maps of `count` locations have in common.

    `mean` (4, H, W) float32 is their mean, signed, in units of the output, so that the mean of
    complete maps is complete too: its sum is the mean difference of outputs. `view_share` (4,) is
    the mean share of each heading in |map|, in which every location counts alike, `view_interval`
    (4, 2) its 95 % interval, with equal bounds for a single location; `row_share` (H,) the mean
    share of each row from the sky down. `exemplar` are the locations' ids, the most typical first.
    """

    count: int
    mean: NDArray[np.float32]
    view_share: NDArray[np.float64]
    view_interval: NDArray[np.float64]
    row_share: NDArray[np.float64]
    exemplar: tuple[str, ...]


def gather(made: Sequence[Attribution], seed: int = 0) -> Gathered:
    """Gather the maps of different locations, at least one, that one question gave.

    The interval is the percentile bootstrap's (Efron 1979) over locations, with 2,000 draws that
    depend on `seed` and the number of locations alone. A location is typical by the correlation
    (Pearson) of its map with the mean of all others. Raises ValueError for no maps, one location
    twice, maps of several sizes, or of questions that differ in more than their states.
    """
    _check(made)
    maps = np.stack([one.values for one in made]).astype(np.float64)
    share = np.stack([one.view_share for one in made])
    likeness = _likeness(maps.reshape(len(made), -1))
    # A stable sort: equally typical locations stay in the order in which they came.
    order = np.argsort(-likeness, kind="stable")
    return Gathered(
        count=len(made),
        mean=maps.mean(axis=0).astype(np.float32),
        view_share=share.mean(axis=0),
        view_interval=interval(share, seed),
        row_share=np.mean([one.row_share for one in made], axis=0),
        exemplar=tuple(made[index].location_id for index in order),
    )


def interval(share: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """Return the bootstrap interval (K, 2) of the mean over N locations of shares (N, K)."""
    generator, count = np.random.default_rng(seed), len(share)
    # One draw after the other, so that many locations need little memory.
    drawn = (generator.integers(count, size=count) for _ in range(DRAWS))
    mean = np.stack([np.bincount(one, minlength=count) @ share / count for one in drawn])
    outside = (1 - CONFIDENCE) / 2
    return np.quantile(mean, (outside, 1 - outside), axis=0).T


def _check(made: Sequence[Attribution]) -> None:
    if not made:
        raise ValueError("there is no map to gather")
    if len({one.location_id for one in made}) < len(made):
        raise ValueError("a location comes twice")
    if len({one.values.shape for one in made}) > 1:
        raise ValueError("the maps are of different sizes")
    usual = AttributionRequest()
    asked = {replace(one.request, target=usual.target, contrast_target="") for one in made}
    if len(asked) > 1:
        raise ValueError("the maps answer different questions")


def _likeness(maps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's correlation (N,) with the mean of all other rows of (N, P)."""
    centred = maps - maps.mean(axis=1, keepdims=True)
    others = centred.sum(axis=0) - centred
    product = (centred * others).sum(axis=1)
    size = np.linalg.norm(centred, axis=1) * np.linalg.norm(others, axis=1)
    likeness: NDArray[np.float64] = np.zeros(len(maps))
    np.divide(product, size, out=likeness, where=size > 0)
    return likeness
