"""One graph of nearest neighbours, for t-SNE, UMAP, quality and votes alike.

Up to `EXACT_LOCATIONS` all distances are computed: at 50 components that is faster than any index
up to some 50,000 locations, and misses none. Above, an approximate index is searched
(nearest-neighbour descent, Dong et al. 2011, by pynndescent).
"""

import warnings
from importlib.metadata import version
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from common.progress import ProgressCallback, no_progress, subrange
from embeddings.results import NeighborGraph
from embeddings.row_blocks import blocks

Metric = Literal["euclidean", "cosine"]
METRICS = get_args(Metric)
Index = NDArray[np.int32]
Point = NDArray[np.float32]

# On two cores, 91 neighbours among 50,000, 200,000 locations: all distances 8 s, 93 s; the index
# 7 s, 49 s with 99.9 %, 99.5 % of the neighbours found.
EXACT_LOCATIONS = 150_000
QUERIES = 8192  # Searched at once.
PAIRS = 2**18  # Differences of scores computed at once.


def build_knn_graph(
    score: Point,
    count: int,
    seed: int,
    metric: str = "euclidean",
    progress: ProgressCallback = no_progress,
) -> NeighborGraph:
    """Return the nearest others of scores (N, C), `count` or N - 1 of them, whichever is less.

    A location is no neighbour of its own, however many lie at its place; others at one distance
    stand in the order of rows. Raises ValueError for another
    metric and for a cosine where a score is zero.
    """
    count = min(count, len(score) - 1)
    point = _points(score, metric)
    exact = len(score) <= EXACT_LOCATIONS
    if exact:
        found = _search(point, point, count + 1, subrange(progress, 0.0, 0.9))
    else:
        found = _descend(point, count + 1, seed)
    index, distance = _ordered(found, point, point, metric, subrange(progress, 0.9, 1.0))
    keep = non_self_mask(index, np.arange(len(score)))
    return NeighborGraph(
        indices=index[keep].reshape(-1, count),
        distances=distance[keep].reshape(-1, count),
        metric=metric,
        exact=exact,
        seed=seed,
        library=_library("scikit-learn" if exact else "pynndescent"),
    )


def query_knn(
    new_score: Point,
    score: Point,
    count: int,
    metric: str = "euclidean",
    progress: ProgressCallback = no_progress,
) -> NeighborGraph:
    """Return the nearest of scores (N, C) to each of new ones (M, C), `count` or N of them.

    `index` and `distance` are (M, k), among all N and exact, with seed 0 as nothing is random.
    Raises ValueError for another metric, for a cosine where a score is zero, and where C differs.
    """
    if new_score.shape[1] != score.shape[1]:
        raise ValueError(f"{new_score.shape[1]} components are looked for among {score.shape[1]}")
    new_point, point = _points(new_score, metric), _points(score, metric)
    found = _search(new_point, point, min(count, len(score)), subrange(progress, 0.0, 0.9))
    index, distance = _ordered(found, new_point, point, metric, subrange(progress, 0.9, 1.0))
    return NeighborGraph(index, distance, metric, True, 0, _library("scikit-learn"))


def non_self_mask(index: Index, row: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Say which of the neighbours (n, k) found of rows (n,) to keep: all but one in each row.

    The one is the row itself; among more duplicates than neighbours it may not have been found,
    then it is the last.
    """
    keep: NDArray[np.bool_] = index != row[:, None]
    keep[keep.all(axis=1), -1] = False
    return keep


def _points(score: Point, metric: str) -> Point:
    """Return what lies as far apart by the Euclidean metric as the scores by theirs, in order."""
    if metric not in METRICS:
        raise ValueError(f"the metric {metric} is none of {', '.join(METRICS)}")
    if metric == "euclidean":
        return score
    length = np.linalg.norm(score, axis=1, keepdims=True)
    if (length == 0).any():
        raise ValueError("a location at the mean of all has no direction, hence no cosine")
    return np.asarray(score / length, np.float32)


def _search(new_point: Point, point: Point, count: int, progress: ProgressCallback) -> Index:
    """Return the nearest `count` of all points, in no certain order."""
    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(point)
    result = np.empty((len(new_point), count), np.int32)
    for rows in blocks(len(new_point), QUERIES):
        result[rows] = search.kneighbors(new_point[rows], return_distance=False)
        progress(rows.stop / len(new_point))
    return result


def _descend(point: Point, count: int, seed: int) -> Index:
    """Return almost the nearest `count` of the points themselves."""
    # Importing it compiles for seconds.
    from pynndescent import NNDescent

    with warnings.catch_warnings():
        # Where it finds too few, they are searched below.
        warnings.filterwarnings("ignore", "Failed to correctly find n_neighbors")
        index, _ = NNDescent(point, n_neighbors=count, random_state=seed).neighbor_graph
    missing = np.flatnonzero((index < 0).any(axis=1))
    if len(missing):
        index[missing] = _search(point[missing], point, count, no_progress)
    result: Index = index.astype(np.int32)
    return result


def _ordered(
    found: Index, new_point: Point, point: Point, metric: str, progress: ProgressCallback
) -> tuple[Index, NDArray[np.float32]]:
    """Return neighbours by distance, then by row, and the distances.

    The searches expand the square, so that rounding tells duplicates apart; these do not.
    """
    index = np.sort(found, axis=1)
    distance = np.empty(index.shape, np.float32)
    for rows in blocks(len(index), max(1, PAIRS // index.shape[1])):
        difference = point[index[rows]] - new_point[rows, None]
        squared = np.einsum("nkc,nkc->nk", difference, difference)
        distance[rows] = squared / 2 if metric == "cosine" else np.sqrt(squared)
        order = np.argsort(distance[rows], axis=1, kind="stable")
        index[rows] = np.take_along_axis(index[rows], order, axis=1)
        distance[rows] = np.take_along_axis(distance[rows], order, axis=1)
        progress(rows.stop / len(index))
    return index, distance


def _library(name: str) -> str:
    return f"{name} {version(name)}"
