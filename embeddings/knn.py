"""The k-nearest-neighbour graph for t-SNE, UMAP, quality and classification.

Up to `EXACT_SEARCH_LIMIT` locations all distances are computed, which misses no neighbour. Above,
neighbours are searched by nearest-neighbour descent (Dong et al. 2011; pynndescent).
"""

import warnings
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from common.progress import ProgressCallback, no_progress, subrange
from embeddings.metric import METRICS
from embeddings.results import NeighborGraph
from embeddings.row_batches import row_batches

Indices = NDArray[np.int32]
Points = NDArray[np.float32]

# On two cores, 91 neighbours among 50,000 and 200,000 locations take 8 s and 93 s by all distances,
# 7 s and 49 s by descent, which finds 99.9 % and 99.5 % of them.
EXACT_SEARCH_LIMIT = 150_000
QUERY_BATCH = 8192
PAIRS = 2**18  # Differences computed at once.


def build_knn_graph(
    scores: Points,
    n_neighbors: int,
    seed: int,
    metric: str = "euclidean",
    progress: ProgressCallback = no_progress,
) -> NeighborGraph:
    """Return the `n_neighbors` (at most N - 1) nearest other locations of scores (N, C).

    A location is not its own neighbour, even among duplicates. Neighbours at equal distances are
    sorted by row. Raises ValueError for an unknown metric and for the cosine of a zero vector.
    """
    n_neighbors = min(n_neighbors, len(scores) - 1)
    points = _points(scores, metric)
    exact = len(scores) <= EXACT_SEARCH_LIMIT
    if exact:
        neighbors = _search(points, points, n_neighbors + 1, subrange(progress, 0.0, 0.9))
    else:
        neighbors = _descend(points, n_neighbors + 1, seed)
    indices, distances = _sort(neighbors, points, points, metric, subrange(progress, 0.9, 1.0))
    keep = non_self_mask(indices, np.arange(len(scores)))
    return NeighborGraph(
        indices=indices[keep].reshape(-1, n_neighbors),
        distances=distances[keep].reshape(-1, n_neighbors),
        metric=metric,
        exact=exact,
        seed=seed,
        library=_library("scikit-learn" if exact else "pynndescent"),
    )


def query_knn(
    new_scores: Points,
    scores: Points,
    n_neighbors: int,
    metric: str = "euclidean",
    progress: ProgressCallback = no_progress,
) -> NeighborGraph:
    """Return the nearest of scores (N, C) to each of new scores (M, C), by an exact search.

    The arrays are (M, k), k being at most N. Raises ValueError for an unknown metric, for the
    cosine of a zero vector, and where C differs.
    """
    if new_scores.shape[1] != scores.shape[1]:
        raise ValueError(
            f"the new scores have {new_scores.shape[1]} components, the others {scores.shape[1]}"
        )
    new_points, points = _points(new_scores, metric), _points(scores, metric)
    n_neighbors = min(n_neighbors, len(scores))
    unsorted = _search(new_points, points, n_neighbors, subrange(progress, 0.0, 0.9))
    indices, distances = _sort(unsorted, new_points, points, metric, subrange(progress, 0.9, 1.0))
    return NeighborGraph(indices, distances, metric, True, 0, _library("scikit-learn"))


def non_self_mask(indices: Indices, rows: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which neighbours (n, k) of rows (n,) to keep so that none is its own: k - 1 each.

    The one to drop is the row itself or, if it is missing among many duplicates, the last.
    """
    keep: NDArray[np.bool_] = indices != rows[:, None]
    keep[keep.all(axis=1), -1] = False
    return keep


def _points(scores: Points, metric: str) -> Points:
    """Return points whose Euclidean distances have the order of the metric's distances."""
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; expected one of {', '.join(METRICS)}")
    if metric == "euclidean":
        return scores
    length = np.linalg.norm(scores, axis=1, keepdims=True)
    if (length == 0).any():
        raise ValueError("the cosine of a location at the mean of all is undefined")
    return np.asarray(scores / length, np.float32)


def _search(
    new_points: Points, points: Points, n_neighbors: int, progress: ProgressCallback
) -> Indices:
    """Return the nearest points in no particular order, by all distances."""
    search = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(points)
    result = np.empty((len(new_points), n_neighbors), np.int32)
    for rows in row_batches(len(new_points), QUERY_BATCH):
        result[rows] = search.kneighbors(new_points[rows], return_distance=False)
        progress(rows.stop / len(new_points))
    return result


def _descend(points: Points, n_neighbors: int, seed: int) -> Indices:
    """Return approximately the nearest points of the points themselves."""
    from pynndescent import NNDescent  # Importing it compiles for seconds.

    with warnings.catch_warnings():
        # Rows with too few neighbours are searched again below.
        warnings.filterwarnings("ignore", "Failed to correctly find n_neighbors")
        indices, _ = NNDescent(points, n_neighbors=n_neighbors, random_state=seed).neighbor_graph
    rows = np.flatnonzero((indices < 0).any(axis=1))
    if len(rows):
        indices[rows] = _search(points[rows], points, n_neighbors, no_progress)
    result: Indices = indices.astype(np.int32)
    return result


def _sort(
    neighbors: Indices, new_points: Points, points: Points, metric: str, progress: ProgressCallback
) -> tuple[Indices, NDArray[np.float32]]:
    """Return neighbours sorted by distance, then by row, with their distances.

    The distances are computed again from differences: the searches expand the square, so that
    duplicates get different distances by rounding.
    """
    indices = np.sort(neighbors, axis=1)
    distances = np.empty(indices.shape, np.float32)
    for rows in row_batches(len(indices), max(1, PAIRS // indices.shape[1])):
        difference = points[indices[rows]] - new_points[rows, None]
        squares = np.einsum("nkc,nkc->nk", difference, difference)
        distances[rows] = squares / 2 if metric == "cosine" else np.sqrt(squares)
        order = np.argsort(distances[rows], axis=1, kind="stable")
        indices[rows] = np.take_along_axis(indices[rows], order, axis=1)
        distances[rows] = np.take_along_axis(distances[rows], order, axis=1)
        progress(rows.stop / len(indices))
    return indices, distances


def _library(name: str) -> str:
    return f"{name} {version(name)}"
