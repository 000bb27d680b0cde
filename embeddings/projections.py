"""Two-dimensional maps of the components: PCA, t-SNE and UMAP over one graph, each seeded.

One seed gives one map, bit for bit on one machine. UMAP pays for that by running on one core.
"""

from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from common.progress import ProgressCallback, no_progress
from embeddings.pca import first_two
from embeddings.results import NeighborGraph, PrincipalComponents, Projection
from embeddings.umap_progress import umap_progress

# Iterations of t-SNE, and how strongly neighbours attract in them. Four is the paper's; 12, usual
# since, for 250 iterations ended at a higher divergence on all of five sets of features. After 300
# more a map is as trustworthy as after 500 (on six sets to 0.002), in two thirds of the time.
EXAGGERATION = ((100, 4.0), (300, 1.0))
ITERATIONS = sum(iterations for iterations, _ in EXAGGERATION)
REPORT = 25  # Iterations; each report has the divergence computed.
JITTER = 0.01  # Of the standard deviation of the start, so that duplicates lie apart.


def pca_projection(components: PrincipalComponents) -> Projection:
    """Return the first two components as a map (Pearson 1901)."""
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
    """Embed by t-SNE (van der Maaten & Hinton 2008), started from PCA (Kobak & Linderman 2021).

    Gradients are interpolated on a grid (Linderman et al. 2019), below 10,000 locations by a tree
    (van der Maaten 2014). The perplexity is lowered to a third of the other locations where there
    are few. Raises ValueError where it is below 1 or the graph has fewer than three times as many
    neighbours.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    if perplexity < 1:
        raise ValueError(f"a perplexity of {perplexity:g} is below 1")
    perplexity = min(perplexity, (len(graph.indices) - 1) / 3)
    count = int(3 * perplexity)
    index, distance = _nearest(graph, count, f"a perplexity of {perplexity:g}")
    # The optimiser scales it in place, there and back, and rounds: never use it twice.
    affinity = PerplexityBasedNN(
        perplexity=perplexity, knn_index=PrecomputedNeighbors(index, distance), n_jobs=-1
    )
    embedding = TSNEEmbedding(1e-4 * _start(components, seed), affinity, n_jobs=-1)
    before = 0
    for iterations, exaggeration in EXAGGERATION:
        embedding.optimize(
            iterations,
            inplace=True,
            exaggeration=exaggeration,
            momentum=0.8,
            callbacks=[_Iterations(progress, before)],
            callbacks_every_iters=REPORT,
        )
        before += iterations
    return Projection(
        "tsne",
        np.asarray(embedding, np.float32),
        {"perplexity": perplexity, "n_neighbors": count, **_common(components, graph)},
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
    """Embed by UMAP (McInnes et al. 2018), started from PCA.

    `n_neighbors` counts the location itself, as UMAP does; it is lowered to the number of locations
    where there are few. `min_dist` lies in [0, 1]. Raises ValueError where a parameter is
    out of range or the graph has too few neighbours.
    """
    # Importing it compiles for seconds.
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, simplicial_set_embedding

    _check_umap(n_neighbors, min_dist)
    length = len(graph.indices)
    n_neighbors = min(n_neighbors, length)
    index, distance = _nearest(graph, n_neighbors - 1, f"UMAP with {n_neighbors} neighbours")
    state = np.random.RandomState(seed)
    membership, _, _ = fuzzy_simplicial_set(
        components.scores,
        n_neighbors,
        state,
        graph.metric,
        knn_indices=np.column_stack((np.arange(length, dtype=np.int32), index)),
        knn_dists=np.column_stack((np.zeros(length, np.float32), distance)),
    )
    a, b = find_ab_params(1.0, min_dist)
    coordinate, _ = simplicial_set_embedding(
        components.scores,
        membership,
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=None,
        init=_start(components, seed).astype(np.float32),
        random_state=state,
        metric=graph.metric,
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
        tqdm_kwds=umap_progress(progress),
    )
    return Projection(
        "umap",
        np.asarray(coordinate, np.float32),
        {
            "n_neighbors": n_neighbors,
            "min_dist": min_dist,
            **_common(components, graph),
        },
        seed,
        f"umap-learn {version('umap-learn')}",
    )


class _Iterations:
    """What openTSNE calls every so many iterations, each of its two runs counting from 1."""

    def __init__(self, progress: ProgressCallback, before: int) -> None:
        self.progress, self.before = progress, before

    def __call__(self, iteration: int, divergence: float, coordinate: object) -> None:
        self.progress((self.before + iteration) / ITERATIONS)


def _start(components: PrincipalComponents, seed: int) -> NDArray[np.float64]:
    """Return the first two components (N, 2) with a deviation of 1 along the first, and jitter."""
    start = first_two(components.scores).astype(np.float64)
    start /= start[:, 0].std() or 1.0  # Of a sample of duplicates, all zero.
    return start + np.random.default_rng(seed).normal(scale=JITTER, size=start.shape)


def _nearest(
    graph: NeighborGraph, count: int, what: str
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return index and distance of the nearest `count` neighbours."""
    if graph.indices.shape[1] < count:
        raise ValueError(f"{what} needs a graph of {count}, this one has {graph.indices.shape[1]}")
    index, distance = graph.indices[:, :count], graph.distances[:, :count]
    return np.ascontiguousarray(index), np.ascontiguousarray(distance)


def _check_umap(n_neighbors: int, min_dist: float) -> None:
    if n_neighbors < 2:
        raise ValueError(f"UMAP with {n_neighbors} neighbours joins nothing; 2 is the least")
    if not 0 <= min_dist <= 1:
        raise ValueError(f"a minimum distance of {min_dist:g} is not in [0, 1]")


def _common(components: PrincipalComponents, graph: NeighborGraph) -> dict[str, int | str]:
    return {"metric": graph.metric, "n_components": components.scores.shape[1]}
