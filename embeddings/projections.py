"""Two-dimensional projections of the components: PCA, t-SNE and UMAP over one graph.

A seed gives the same projection bit for bit on one machine; UMAP then runs on one core.
"""

from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from common.progress import ProgressCallback, no_progress
from embeddings.pca import first_two
from embeddings.results import NeighborGraph, PrincipalComponents, Projection
from embeddings.umap_progress import umap_progress

# Iterations of t-SNE and their exaggeration: 4 as in the paper. The usual 12 for 250 iterations
# ended at a higher divergence on all of five sets of features. 300 further iterations are as
# trustworthy as 500 (to 0.002 on six sets), in two thirds of the time.
EXAGGERATION = ((100, 4.0), (300, 1.0))
ITERATIONS = sum(iterations for iterations, _ in EXAGGERATION)
CALLBACK_ITERATIONS = 25  # openTSNE computes the divergence at each callback.
JITTER = 0.01  # In standard deviations of the initialisation, to separate duplicates.


def pca_projection(components: PrincipalComponents) -> Projection:
    """Return the first two components as a projection (Pearson 1901)."""
    ratio = [float(value) for value in components.explained_variance_ratio[:2]]
    return Projection(
        "pca",
        first_two(components.scores),
        {"explained_variance_ratio": ratio},
        components.seed,
        components.library,
    )


def fit_tsne(
    components: PrincipalComponents,
    graph: NeighborGraph,
    seed: int,
    perplexity: float = 30.0,
    progress: ProgressCallback = no_progress,
) -> Projection:
    """Fit t-SNE (van der Maaten & Hinton 2008), initialised by PCA (Kobak & Linderman 2021).

    Gradients are interpolated on a grid (Linderman et al. 2019), below 10,000 locations computed by
    a tree (van der Maaten 2014). The perplexity is reduced to (N - 1) / 3 if it is larger. Raises
    ValueError if it is below 1 or the graph has fewer than three times as many neighbours.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    if perplexity < 1:
        raise ValueError(f"a perplexity of {perplexity:g} is below 1")
    perplexity = min(perplexity, (len(graph.indices) - 1) / 3)
    n_neighbors = int(3 * perplexity)
    indices, distances = _neighbors(graph, n_neighbors, f"a perplexity of {perplexity:g}")
    # Not shared between fits: the optimiser scales it in place and back, with rounding.
    affinity = PerplexityBasedNN(
        perplexity=perplexity, knn_index=PrecomputedNeighbors(indices, distances), n_jobs=-1
    )
    embedding = TSNEEmbedding(1e-4 * _initialization(components, seed), affinity, n_jobs=-1)
    finished = 0
    for iterations, exaggeration in EXAGGERATION:
        embedding.optimize(
            iterations,
            inplace=True,
            exaggeration=exaggeration,
            momentum=0.8,
            callbacks=[_IterationCallback(progress, finished)],
            callbacks_every_iters=CALLBACK_ITERATIONS,
        )
        finished += iterations
    return Projection(
        "tsne",
        np.asarray(embedding, np.float32),
        {"perplexity": perplexity, "n_neighbors": n_neighbors, **_parameters(components, graph)},
        seed,
        f"openTSNE {version('openTSNE')}",
    )


def fit_umap(
    components: PrincipalComponents,
    graph: NeighborGraph,
    seed: int,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    progress: ProgressCallback = no_progress,
) -> Projection:
    """Fit UMAP (McInnes et al. 2018), initialised by PCA.

    `n_neighbors` includes the location itself, as in umap-learn, and is reduced to N if it is
    larger; `min_dist` is in [0, 1]. Raises ValueError if a parameter is out of range or the graph
    has too few neighbours.
    """
    # Importing it compiles for seconds.
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding

    if n_neighbors < 2:
        raise ValueError(f"UMAP needs at least 2 neighbours, not {n_neighbors}")
    if not 0 <= min_dist <= 1:
        raise ValueError(f"min_dist is {min_dist:g}, not in [0, 1]")
    length = len(graph.indices)
    n_neighbors = min(n_neighbors, length)
    indices, distances = _neighbors(graph, n_neighbors - 1, f"UMAP with {n_neighbors} neighbours")
    random_state = np.random.RandomState(seed)
    membership, _, _ = fuzzy_simplicial_set(
        components.scores,
        n_neighbors,
        random_state,
        graph.metric,
        knn_indices=np.column_stack((np.arange(length, dtype=np.int32), indices)),
        knn_dists=np.column_stack((np.zeros(length, np.float32), distances)),
    )
    a, b = find_ab_params(1.0, min_dist)
    coordinates, _ = simplicial_set_embedding(
        components.scores,
        membership,
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=None,
        init=_initialization(components, seed).astype(np.float32),
        random_state=random_state,
        metric=graph.metric,
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
        tqdm_kwds=umap_progress(progress),
    )
    return Projection(
        "umap",
        np.asarray(coordinates, np.float32),
        {"n_neighbors": n_neighbors, "min_dist": min_dist, **_parameters(components, graph)},
        seed,
        f"umap-learn {version('umap-learn')}",
    )


class _IterationCallback:
    """A callback of openTSNE, which counts the iterations of each `optimize` from 1."""

    def __init__(self, progress: ProgressCallback, finished: int) -> None:
        self.progress, self.finished = progress, finished

    def __call__(self, iteration: int, divergence: float, coordinates: object) -> None:
        self.progress((self.finished + iteration) / ITERATIONS)


def _initialization(components: PrincipalComponents, seed: int) -> NDArray[np.float64]:
    """Return the first two components (N, 2), the first with standard deviation 1, with jitter."""
    start = first_two(components.scores).astype(np.float64)
    start /= start[:, 0].std() or 1.0  # Zero for duplicates only.
    return start + np.random.default_rng(seed).normal(scale=JITTER, size=start.shape)


def _neighbors(
    graph: NeighborGraph, n_neighbors: int, what: str
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return indices and distances of the nearest neighbours; `what` needs them."""
    available = graph.indices.shape[1]
    if available < n_neighbors:
        raise ValueError(
            f"{what} needs a graph of {n_neighbors} neighbours, this one has {available}"
        )
    indices, distances = graph.indices[:, :n_neighbors], graph.distances[:, :n_neighbors]
    return np.ascontiguousarray(indices), np.ascontiguousarray(distances)


def _parameters(components: PrincipalComponents, graph: NeighborGraph) -> dict[str, int | str]:
    return {"metric": graph.metric, "n_components": components.scores.shape[1]}
