"""Results of this package: arrays with how they were computed.

N is the number of locations, D of features, C of principal components, k of neighbours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

PROJECTION_TITLES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
QUALITY_TITLES = {
    "trustworthiness": "trustworthiness",
    "continuity": "continuity",
    "preservation": "neighbours kept",
    "agreement": "neighbours of the same class",
    "stability": "stability over seeds",
}
"""Names of the figures of `ProjectionQuality` for people."""


class Features(Protocol):
    """Features (N, D): an array, or a file that returns float32 rows for a slice."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers of locations and of features."""

    def __getitem__(self, rows: slice, /) -> NDArray[np.float32]:
        """Return the features (n, D) of a slice of rows."""


@dataclass(frozen=True)
class PrincipalComponents:
    """The first C principal components of features.

    `mean` is (D,), `loadings` (C, D) with orthonormal rows, `explained_variance` (C,) in
    descending order, `explained_variance_ratio` (C,) the share of the total variance, in [0, 1].
    `scores` (N, C) are the centred features times the loadings. All are float32.
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
class NeighborGraph:
    """The k nearest neighbours of each location, nearest first.

    `indices` is (N, k) int32. `distances` (N, k) float32 increase along each row: in the unit of
    the scores for the Euclidean metric, in [0, 2] for the cosine. `exact` is False for an
    approximate search.
    """

    indices: NDArray[np.int32]
    distances: NDArray[np.float32]
    metric: str
    exact: bool
    seed: int
    library: str


@dataclass(frozen=True)
class ProjectionQuality:
    """How well a projection keeps the neighbours; all figures lie in [0, 1], 1 is best.

    `trustworthiness` and `continuity` (Venna & Kaski 2001) compare `n_neighbors` in the projection
    and in all D features, for a random sample of `sample` locations against all others. `agreement`
    is the share of the neighbours in the projection that have the location's class,
    `feature_agreement` the same in the features, over the same sample. `preservation` (N,) float32
    is the share of each location's neighbours in the graph that are neighbours in the projection.
    `stability` is the mean share of neighbours that projections with other seeds have in common,
    None if none were fitted; it was measured on `stability_sample` locations.
    """

    n_neighbors: int
    sample: int
    trustworthiness: float
    continuity: float
    agreement: float
    feature_agreement: float
    preservation: NDArray[np.float32]
    stability: float | None = None
    stability_sample: int = 0


@dataclass(frozen=True)
class Projection:
    """A two-dimensional projection: `coordinates` is (N, 2) float32, without a unit.

    `method` is "pca", "tsne", "umap" or "imported"; `parameters`, `seed` and `library` say how it
    was computed. A store keeps it under `name`, which is the method unless another is given.
    """

    method: str
    coordinates: NDArray[np.float32]
    parameters: Mapping[str, Any]
    seed: int
    library: str
    name: str = ""
    quality: ProjectionQuality | None = None

    def __post_init__(self) -> None:
        """Use the method as the default name."""
        if not self.name:
            object.__setattr__(self, "name", self.method)

    @property
    def title(self) -> str:
        """Return the name to display: "t-SNE", or "t-SNE (tsne-50)" under another name."""
        title = PROJECTION_TITLES.get(self.method, self.method)
        return title if self.name == self.method else f"{title} ({self.name})"


def menu_order(projections: Mapping[str, Projection]) -> list[Projection]:
    """Return all projections: one per method, then other parameters, then imported ones."""
    usual = [projections[method] for method in PROJECTION_TITLES if method in projections]
    other = [one for name, one in projections.items() if name not in PROJECTION_TITLES]
    return usual + sorted(
        other, key=lambda one: ("placed_into" in one.parameters, one.method == "imported")
    )
