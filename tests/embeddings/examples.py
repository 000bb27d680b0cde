"""Features whose answers are known, ten clusters and iris, and the methods by name."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_iris

from common.progress import ProgressCallback
from embeddings.knn import build_knn_graph
from embeddings.pca import fit_pca
from embeddings.projections import fit_tsne, fit_umap, pca_projection
from embeddings.results import NeighborGraph, PrincipalComponents, Projection

Feature = NDArray[np.float32]
Label = NDArray[np.int64]
Method = Callable[[PrincipalComponents, NeighborGraph, int, ProgressCallback], Projection]
METHODS: dict[str, Method] = {
    "pca": lambda found, graph, seed, progress: pca_projection(found),
    "tsne": lambda found, graph, seed, progress: fit_tsne(found, graph, seed, progress=progress),
    "umap": lambda found, graph, seed, progress: fit_umap(found, graph, seed, progress=progress),
}


def iris() -> tuple[Feature, Label]:
    data = load_iris()
    return data.data.astype(np.float32), data.target


def clusters(locations: int, seed: int, width: int = 30) -> tuple[Feature, Label]:
    """Return locations of ten classes, the same ones for every seed, that overlap a little."""
    centre = np.random.default_rng(0).normal(scale=1.2, size=(10, width))
    random = np.random.default_rng([1, seed])
    label = random.integers(10, size=locations)
    feature = centre[label] + random.normal(size=(locations, width))
    return feature.astype(np.float32), label


def graph_of(feature: Feature, count: int = 90) -> tuple[PrincipalComponents, NeighborGraph]:
    found = fit_pca(feature, 0)
    return found, build_knn_graph(found.scores, count, 0)


@cache
def trained() -> tuple[Feature, Label, PrincipalComponents, NeighborGraph]:
    feature, label = clusters(600, 0)
    return feature, label, *graph_of(feature)


class Fractions(list[float]):
    """A progress callback that keeps what it is given."""

    def __call__(self, fraction: float, stage: str = "", /) -> None:
        self.append(fraction)
