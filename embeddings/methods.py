"""Two-dimensional maps of features: PCA, t-SNE and UMAP, each seeded.

Every function takes features (N, D) float32 and returns an `Embedding`; the same seed gives the
same coordinates on the same machine. UMAP pays for that by running on one core.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

Feature = NDArray[np.float32]
LEAST_LOCATIONS = 5
COMPONENTS = 50


@dataclass(frozen=True)
class Embedding:
    """A map: `coordinate` is (N, 2) float32; `parameter` and `library` say how it was made."""

    coordinate: NDArray[np.float32]
    parameter: Mapping[str, Any]
    library: str


def pca(feature: Feature, seed: int) -> Embedding:
    """Project onto the two directions of greatest variance (Pearson 1901); variance kept in 1."""
    _check(feature)
    fitted = PCA(n_components=2, random_state=seed)
    coordinate = fitted.fit_transform(feature)
    ratio = [float(value) for value in fitted.explained_variance_ratio_]
    return _embedding(coordinate, {"explained_variance_ratio": ratio}, "scikit-learn")


def tsne(feature: Feature, seed: int, perplexity: float = 30.0) -> Embedding:
    """Embed by t-SNE (van der Maaten & Hinton 2008) on the first 50 principal components.

    The perplexity is lowered to a third of the other locations where there are few.
    """
    _check(feature)
    perplexity = min(perplexity, (len(feature) - 1) / 3)
    reduced = _components(feature, seed)
    fitted = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    parameter = {"perplexity": perplexity, "components": reduced.shape[1], "init": "pca"}
    return _embedding(fitted.fit_transform(reduced), parameter, "scikit-learn")


def umap(
    feature: Feature, seed: int, neighbours: int = 15, minimum_distance: float = 0.1
) -> Embedding:
    """Embed by UMAP (McInnes et al. 2018) on the first 50 principal components.

    `neighbours` is lowered to the number of other locations where there are few.
    """
    _check(feature)
    # Importing it compiles for seconds.
    from umap import UMAP

    neighbours = min(neighbours, len(feature) - 1)
    reduced = _components(feature, seed)
    fitted = UMAP(
        n_neighbors=neighbours,
        min_dist=minimum_distance,
        # The spectral start needs more locations than dimensions by some margin.
        init="spectral" if len(feature) > 20 else "random",
        random_state=seed,
        n_jobs=1,
    )
    parameter = {
        "neighbours": neighbours,
        "minimum_distance": minimum_distance,
        "components": reduced.shape[1],
    }
    return _embedding(fitted.fit_transform(reduced), parameter, "umap-learn")


METHODS: Mapping[str, Callable[[Feature, int], Embedding]] = {
    "pca": pca,
    "tsne": tsne,
    "umap": umap,
}


def _components(feature: Feature, seed: int) -> Feature:
    count = min(COMPONENTS, len(feature) - 1, feature.shape[1])
    reduced: Feature = PCA(n_components=count, random_state=seed).fit_transform(feature)
    return reduced


def _check(feature: Feature) -> None:
    """Raise ValueError for features that have no map."""
    if len(feature) < LEAST_LOCATIONS:
        raise ValueError(f"{len(feature)} locations are too few for a map")
    if not np.isfinite(feature).all():
        raise ValueError("a feature is not finite")
    if not (feature != feature[0]).any():
        raise ValueError("all locations have the same features")


def _embedding(coordinate: Any, parameter: Mapping[str, Any], library: str) -> Embedding:
    return Embedding(
        np.asarray(coordinate, dtype=np.float32), parameter, f"{library} {version(library)}"
    )
