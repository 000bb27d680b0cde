"""New locations in a fitted projection, whose own locations stay.

`embeddings.pca.transform_pca` computes the new scores.
"""

import numpy as np
from numpy.typing import NDArray

from common.progress import ProgressCallback, no_progress, subrange
from embeddings.knn import query_knn
from embeddings.pca import first_two
from embeddings.results import NeighborGraph, PrincipalComponents, Projection
from embeddings.umap_progress import umap_progress

PERPLEXITY = 5.0  # openTSNE's default for new locations.
INITIAL_NEIGHBORS = 25  # A location starts from the median of these.
# Ten times the learning rate of openTSNE's `transform`; as good as its 250 iterations.
LEARNING_RATE, ITERATIONS = 1.0, 100
CALLBACK_ITERATIONS = 10
MORE_EPOCHS_LIMIT = 10_000  # New locations; up to here UMAP takes 100 epochs, as umap-learn.


def transform(
    projection: Projection,
    components: PrincipalComponents,
    scores: NDArray[np.float32],
    seed: int,
    progress: ProgressCallback = no_progress,
) -> NDArray[np.float32]:
    """Return the coordinates (M, 2) float32 of new scores (M, C) in a projection.

    `components` are those of the projection's own locations. New locations do not influence each
    other. Raises ValueError if C differs or the method is unknown.
    """
    n_components = components.scores.shape[1]
    if scores.shape[1] != n_components:
        raise ValueError(
            f"the new scores have {scores.shape[1]} components, the projection {n_components}"
        )
    if projection.method == "pca":
        return first_two(scores)
    method = {"tsne": _transform_tsne, "umap": _transform_umap}.get(projection.method)
    if method is None:
        raise ValueError(f"a projection by {projection.method} cannot take new locations")
    if not len(scores):
        return np.empty((0, 2), np.float32)
    return method(projection, components, scores, seed, progress)


def _transform_tsne(
    projection: Projection,
    components: PrincipalComponents,
    scores: NDArray[np.float32],
    seed: int,
    progress: ProgressCallback,
) -> NDArray[np.float32]:
    """Optimise the new locations by the gradients of t-SNE; nothing is random.

    As openTSNE's `transform` (Poličar et al. 2023).
    """
    from openTSNE import PartialTSNEEmbedding, TSNEEmbedding
    from openTSNE.affinity import Affinities, joint_probabilities_nn
    from scipy.sparse import csr_array

    metric = str(projection.parameters["metric"])
    graph = query_knn(
        scores, components.scores, INITIAL_NEIGHBORS, metric, subrange(progress, 0.0, 0.3)
    )
    perplexity = min(PERPLEXITY, graph.indices.shape[1] / 3)
    n_neighbors = int(3 * perplexity)
    affinity = joint_probabilities_nn(
        np.ascontiguousarray(graph.indices[:, :n_neighbors]),
        np.ascontiguousarray(graph.distances[:, :n_neighbors]),
        [perplexity],
        symmetrize=False,
        normalization="point-wise",
        n_reference_samples=len(projection.coordinates),
        n_jobs=-1,
    )
    coordinates = projection.coordinates.astype(np.float64)
    # openTSNE centres the embedding on its grid.
    centre = (coordinates.max(axis=0) + coordinates.min(axis=0)) / 2
    coordinates -= centre
    length = len(coordinates)
    # Only the size of the embedding's own affinities matters here.
    affinities = Affinities()
    affinities.P = csr_array((length, length))
    embedding = PartialTSNEEmbedding(
        np.median(coordinates[graph.indices], axis=1),
        TSNEEmbedding(coordinates, affinities),
        affinity,
        # The grid of openTSNE 1.0.4 resets the gains of all locations inside it in every iteration
        # and leaves a tenth of them far from where the tree puts them.
        negative_gradient_method="bh",
    )
    report = subrange(progress, 0.3, 1.0)
    embedding.optimize(
        ITERATIONS,
        inplace=True,
        learning_rate=LEARNING_RATE,
        exaggeration=1.5,
        momentum=0.8,
        max_grad_norm=0.25,
        max_step_norm=None,
        n_jobs=-1,
        callbacks=[lambda iteration, divergence, coordinates: report(iteration / ITERATIONS)],
        callbacks_every_iters=CALLBACK_ITERATIONS,
    )
    return np.asarray(embedding + centre, np.float32)


def _transform_umap(
    projection: Projection,
    components: PrincipalComponents,
    scores: NDArray[np.float32],
    seed: int,
    progress: ProgressCallback,
) -> NDArray[np.float32]:
    """Optimise the new locations as umap-learn's `transform` does."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, make_epochs_per_sample

    parameters = projection.parameters
    graph = query_knn(
        scores,
        components.scores,
        int(parameters["n_neighbors"]),
        str(parameters["metric"]),
        subrange(progress, 0.0, 0.3),
    )
    membership = _membership(graph)
    epochs = 100 if len(scores) <= MORE_EPOCHS_LIMIT else 30
    # Edges that are too weak to be sampled once in all epochs are left out.
    head, tail = np.nonzero(membership >= membership.max() / epochs)
    weights = membership[head, tail]
    a, b = find_ab_params(1.0, float(parameters["min_dist"]))
    random_state = np.random.RandomState(seed)
    limits = np.iinfo(np.int32)
    coordinates = optimize_layout_euclidean(
        _initialization(projection.coordinates, graph, membership),
        projection.coordinates.astype(np.float32, order="C", copy=True),
        head.astype(np.int32),
        graph.indices[head, tail],
        epochs,
        len(projection.coordinates),
        make_epochs_per_sample(weights, epochs),
        a,
        b,
        random_state.randint(limits.min + 1, limits.max - 1, 3).astype(np.int64),
        initial_alpha=0.25,
        tqdm_kwds=dict(umap_progress(subrange(progress, 0.3, 1.0))),
    )
    return np.asarray(coordinates, np.float32)


def _membership(graph: NeighborGraph) -> NDArray[np.float32]:
    """Return the membership strengths (M, k) of new locations and their neighbours, in [0, 1]."""
    from umap.umap_ import compute_membership_strengths, smooth_knn_dist

    n_neighbors = graph.indices.shape[1]
    scales, nearest = smooth_knn_dist(graph.distances, float(n_neighbors), local_connectivity=0.0)
    _, _, strengths, _ = compute_membership_strengths(
        graph.indices, graph.distances, scales, nearest, bipartite=True
    )
    result: NDArray[np.float32] = strengths.reshape(graph.indices.shape)
    return result


def _initialization(
    coordinates: NDArray[np.float32], graph: NeighborGraph, membership: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the weighted means (M, 2) of the neighbours, or the position of an identical one."""
    weights = membership / membership.sum(axis=1, keepdims=True)
    means = (weights[:, :, None] * coordinates[graph.indices]).sum(axis=1)
    identical = membership == 1
    twins = graph.indices[np.arange(len(identical)), identical.argmax(axis=1)]
    return np.asarray(
        np.where(identical.any(axis=1)[:, None], coordinates[twins], means), np.float32
    )
