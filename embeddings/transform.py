"""New locations into an old map, whose own locations stay where they are.

What is needed is in the store: the map, its parameters and the components it was made of. New
features come into the same components by `embeddings.pca.project`.
"""

import numpy as np
from numpy.typing import NDArray

from common.progress import ProgressCallback, no_progress, subrange
from embeddings.knn import query_knn
from embeddings.pca import first_two
from embeddings.results import NeighborGraph, PrincipalComponents, Projection
from embeddings.umap_progress import umap_progress

PERPLEXITY = 5.0  # openTSNE's for new locations: near ones say best where they belong.
START = 25  # Neighbours whose median a location starts from.
# Ten times the rate of openTSNE's `transform`, and as well placed as by its 250 iterations.
RATE, ITERATIONS = 1.0, 100
REPORT = 10  # Iterations.
FEW = 10_000  # New locations, up to which UMAP takes more epochs.


def transform(
    old: Projection,
    components: PrincipalComponents,
    score: NDArray[np.float32],
    seed: int,
    progress: ProgressCallback = no_progress,
) -> NDArray[np.float32]:
    """Return the coordinates (M, 2) float32 of new scores (M, C) on an old map.

    `components` are those of the old map's locations. New locations do not see each other. Raises
    ValueError where C is another, or the method is unknown.
    """
    if score.shape[1] != components.scores.shape[1]:
        raise ValueError(
            f"{score.shape[1]} components do not fit a map of {components.scores.shape[1]}"
        )
    if old.method == "pca":
        return first_two(score)
    placed = {"tsne": _tsne, "umap": _umap}.get(old.method)
    if placed is None:
        raise ValueError(f"nothing can be placed into a map by {old.method}")
    if not len(score):
        return np.empty((0, 2), np.float32)
    return placed(old, components, score, seed, progress)


def _tsne(
    old: Projection,
    components: PrincipalComponents,
    score: NDArray[np.float32],
    seed: int,
    progress: ProgressCallback,
) -> NDArray[np.float32]:
    """Let each location find its place among its neighbours, by the gradients of t-SNE.

    As openTSNE's `transform` (Poličar et al. 2023); nothing in it is random.
    """
    from openTSNE import PartialTSNEEmbedding, TSNEEmbedding
    from openTSNE.affinity import Affinities, joint_probabilities_nn
    from scipy.sparse import csr_array

    graph = query_knn(
        score, components.scores, START, str(old.parameters["metric"]), subrange(progress, 0.0, 0.3)
    )
    perplexity = min(PERPLEXITY, graph.indices.shape[1] / 3)
    count = int(3 * perplexity)
    affinity = joint_probabilities_nn(
        np.ascontiguousarray(graph.indices[:, :count]),
        np.ascontiguousarray(graph.distances[:, :count]),
        [perplexity],
        symmetrize=False,
        normalization="point-wise",
        n_reference_samples=len(old.coordinates),
        n_jobs=-1,
    )
    position = old.coordinates.astype(np.float64)
    # openTSNE moves the old map to the middle of its grid.
    centre = (position.max(axis=0) + position.min(axis=0)) / 2
    position -= centre
    length = len(position)
    # Which affinities the old map was made by no longer matters, only how many it had.
    unused = Affinities()
    unused.P = csr_array((length, length))
    partial = PartialTSNEEmbedding(
        np.median(position[graph.indices], axis=1),
        TSNEEmbedding(position, unused),
        affinity,
        # Its grid (openTSNE 1.0.4) undoes the gains of all locations that are inside it, in every
        # iteration, and leaves a tenth of them far from where the tree takes them.
        negative_gradient_method="bh",
    )
    said = subrange(progress, 0.3, 1.0)
    partial.optimize(
        ITERATIONS,
        inplace=True,
        learning_rate=RATE,
        exaggeration=1.5,
        momentum=0.8,
        max_grad_norm=0.25,
        max_step_norm=None,
        n_jobs=-1,
        callbacks=[lambda iteration, divergence, coordinate: said(iteration / ITERATIONS)],
        callbacks_every_iters=REPORT,
    )
    return np.asarray(partial + centre, np.float32)


def _umap(
    old: Projection,
    components: PrincipalComponents,
    score: NDArray[np.float32],
    seed: int,
    progress: ProgressCallback,
) -> NDArray[np.float32]:
    """Let each location find its place among its neighbours, as umap-learn's `transform` does."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, make_epochs_per_sample

    graph = query_knn(
        score,
        components.scores,
        int(old.parameters["n_neighbors"]),
        str(old.parameters["metric"]),
        subrange(progress, 0.0, 0.3),
    )
    membership = _membership(graph)
    epochs = 100 if len(score) <= FEW else 30
    # Joined too weakly to be drawn once in all epochs.
    head, tail = np.nonzero(membership >= membership.max() / epochs)
    weight = membership[head, tail]
    a, b = find_ab_params(1.0, float(old.parameters["min_dist"]))
    state = np.random.RandomState(seed)
    limit = np.iinfo(np.int32)
    coordinate = optimize_layout_euclidean(
        _weighted_start(old.coordinates, graph, membership),
        old.coordinates.astype(np.float32, order="C", copy=True),
        head.astype(np.int32),
        graph.indices[head, tail],
        epochs,
        len(old.coordinates),
        make_epochs_per_sample(weight, epochs),
        a,
        b,
        state.randint(limit.min + 1, limit.max - 1, 3).astype(np.int64),
        initial_alpha=0.25,
        tqdm_kwds=dict(umap_progress(subrange(progress, 0.3, 1.0))),
    )
    return np.asarray(coordinate, np.float32)


def _membership(graph: NeighborGraph) -> NDArray[np.float32]:
    """Return how strongly each new location is joined to its neighbours (M, k), in [0, 1]."""
    from umap.umap_ import compute_membership_strengths, smooth_knn_dist

    count = graph.indices.shape[1]
    scale, nearest = smooth_knn_dist(graph.distances, float(count), local_connectivity=0.0)
    _, _, strength, _ = compute_membership_strengths(
        graph.indices, graph.distances, scale, nearest, bipartite=True
    )
    result: NDArray[np.float32] = strength.reshape(graph.indices.shape)
    return result


def _weighted_start(
    coordinate: NDArray[np.float32], graph: NeighborGraph, membership: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the weighted means (M, 2) of the neighbours' places, or the place of the same one."""
    weight = membership / membership.sum(axis=1, keepdims=True)
    mean = (weight[:, :, None] * coordinate[graph.indices]).sum(axis=1)
    same = membership == 1
    first = graph.indices[np.arange(len(same)), same.argmax(axis=1)]
    return np.asarray(np.where(same.any(axis=1)[:, None], coordinate[first], mean), np.float32)
