"""What this package makes of features; N locations, D features, C components, k neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Components:
    """The first C principal components of features.

    `mean` is (D,) float32, `loadings` (C, D) float32 with orthonormal rows, `explained_variance` (C,) float32
    along each, falling, and `explained_variance_ratio` (C,) float32 its share of the variance of all D, in
    [0, 1]. `scores` (N, C) float32 are the features less the mean, times the loadings:
    `score[:, :2]` is the map of principal components.
    """

    mean: NDArray[np.float32]
    loadings: NDArray[np.float32]
    explained_variance: NDArray[np.float32]
    explained_variance_ratio: NDArray[np.float32]
    scores: NDArray[np.float32]
    parameters: Mapping[str, Any]
    seed: int
    library: str


@dataclass(frozen=True)
class Neighbours:
    """The k nearest other locations of each, the nearest first.

    `indices` is (N, k) int32, `distances` (N, k) float32, rising along each row, in the unit of the
    scores for the Euclidean metric, in [0, 2] for the cosine. `exact` says whether they were
    searched among all, or by an index that misses some.
    """

    indices: NDArray[np.int32]
    distances: NDArray[np.float32]
    metric: str
    exact: bool
    seed: int
    library: str


@dataclass(frozen=True)
class Quality:
    """How far a map may be believed; all figures lie in [0, 1], 1 being best.

    `trustworthiness` and `continuity` (Venna & Kaski 2001) compare k `neighbours` on the map and
    in all D features, for a seeded sample of `sample` locations against all others. `agreement` is
    the share of the k neighbours that have the location's class, on the map, and
    `feature_agreement` the same in all D features, over the same sample. `preservation` (N,)
    float32 is the share of each location's k neighbours in the graph that are among its k on the
    map. `stability` is the mean share of k neighbours that maps of other seeds keep, None where
    none were fitted; `stability_sample` locations were embedded for it.
    """

    neighbours: int
    sample: int
    trustworthiness: float
    continuity: float
    agreement: float
    feature_agreement: float
    preservation: NDArray[np.float32]
    stability: float | None = None
    stability_sample: int = 0


@dataclass(frozen=True)
class Map:
    """A two-dimensional map: `coordinates` is (N, 2) float32, without unit.

    `method` is "pca", "tsne" or "umap"; `parameters`, `seed` and `library` say how it was made.
    """

    method: str
    coordinates: NDArray[np.float32]
    parameters: Mapping[str, Any]
    seed: int
    library: str
