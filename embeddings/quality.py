"""How well a projection keeps the neighbours in all D features.

`build_reference` computes the side of the features once; `measure_quality` compares a projection
with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from common.progress import ProgressCallback, no_progress, subrange
from embeddings.knn import build_knn_graph, non_self_mask
from embeddings.results import (
    Features,
    NeighborGraph,
    PrincipalComponents,
    Projection,
    ProjectionQuality,
)
from embeddings.row_batches import row_batches

BATCH = 4096
# Relative to the squared norms: more than the rounding error of the distance of duplicates, far
# less than the resolution of float32 features.
ROUNDING = 1e-12

Fit = Callable[[PrincipalComponents, NeighborGraph, int], Projection]


@dataclass(frozen=True)
class QualityReference:
    """What projections of N locations are compared with.

    `rows` (S,) int64 are the sampled locations, sorted; `distances` (S, N) float32 their squared
    distances to all in D features, infinite to themselves; `neighbors` (S, k) int64 the nearest by
    those, unsorted; `graph` (N, k) int32 the nearest by the graph; `labels` (N,) the classes.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float32]
    neighbors: NDArray[np.int64]
    graph: NDArray[np.int32]
    labels: NDArray[np.integer]


def build_reference(
    features: Features,
    labels: NDArray[np.integer],
    graph: NeighborGraph,
    seed: int,
    *,
    n_neighbors: int = 15,
    sample: int = 2000,
    progress: ProgressCallback = no_progress,
) -> QualityReference:
    """Compute the distances of a random sample to all features (N, D), which are read once.

    `n_neighbors` is reduced to those of the graph, and to less than half of N. Takes 4 bytes for
    each of sample x N distances.
    """
    length = features.shape[0]
    n_neighbors = min(n_neighbors, graph.indices.shape[1], (length - 1) // 2)
    rows = np.random.default_rng(seed).choice(length, min(sample, length), replace=False)
    rows = np.sort(rows)
    distances = _squared_distances(features, rows, progress)
    neighbors = np.empty((len(rows), n_neighbors), np.int64)
    for i, row_distances in enumerate(distances):
        neighbors[i] = np.argpartition(row_distances, n_neighbors - 1)[:n_neighbors]
    return QualityReference(rows, distances, neighbors, graph.indices[:, :n_neighbors], labels)


def measure_quality(
    reference: QualityReference,
    coordinates: NDArray[np.float32],
    progress: ProgressCallback = no_progress,
) -> ProjectionQuality:
    """Compare a projection (N, 2) with the reference (Venna & Kaski 2001).

    Locations at equal distances all have the rank of the nearest of them.
    """
    length, n_neighbors = reference.graph.shape
    neighbors = projection_neighbors(coordinates, n_neighbors, subrange(progress, 0.0, 0.2))
    intrusion = extrusion = 0
    x, y = np.ascontiguousarray(coordinates.T, dtype=np.float64)
    for i, row in enumerate(reference.rows):
        intrusion += _excess_ranks(reference.distances[i], neighbors[row])
        distances = (x - x[row]) ** 2 + (y - y[row]) ** 2
        distances[row] = np.inf
        extrusion += _excess_ranks(distances, reference.neighbors[i])
        progress(0.2 + 0.8 * (i + 1) / len(reference.rows))
    maximum = len(reference.rows) * n_neighbors * (2 * length - 3 * n_neighbors - 1) / 2
    labels = reference.labels
    true_labels = labels[reference.rows, None]
    return ProjectionQuality(
        n_neighbors=n_neighbors,
        sample=len(reference.rows),
        trustworthiness=1 - intrusion / maximum,
        continuity=1 - extrusion / maximum,
        agreement=float((labels[neighbors[reference.rows]] == true_labels).mean()),
        feature_agreement=float((labels[reference.neighbors] == true_labels).mean()),
        preservation=shared_fraction(reference.graph, neighbors),
    )


def measure_stability(
    fit: Fit,
    components: PrincipalComponents,
    graph: NeighborGraph,
    seed: int,
    *,
    n_seeds: int = 2,
    n_neighbors: int = 15,
    sample: int = 2000,
    progress: ProgressCallback = no_progress,
) -> tuple[float, int]:
    """Return the share of neighbours that fits with different seeds have in common.

    `fit` is called with `seed` and the `n_seeds` seeds after it on the same random sample of
    locations; the share, in [0, 1], is the mean over all pairs of fits. Also returns the size of
    the sample.
    """
    length = len(components.scores)
    size = min(sample, length)
    rows = np.sort(np.random.default_rng(seed).choice(length, size, replace=False))
    subset = replace(components, scores=components.scores[rows])
    sampled_graph = build_knn_graph(subset.scores, graph.indices.shape[1], seed, graph.metric)
    neighbors = []
    for number in range(n_seeds + 1):
        coordinates = fit(subset, sampled_graph, seed + number).coordinates
        neighbors.append(projection_neighbors(coordinates, min(n_neighbors, size - 1)))
        progress((number + 1) / (n_seeds + 1))
    shares = [float(shared_fraction(*pair).mean()) for pair in combinations(neighbors, 2)]
    return float(np.mean(shares)), size


def projection_neighbors(
    coordinates: NDArray[np.float32], n_neighbors: int, progress: ProgressCallback = no_progress
) -> NDArray[np.int32]:
    """Return the nearest other locations (N, k) in a projection (N, 2), nearest first."""
    points = coordinates.astype(np.float64)
    # A balanced tree takes long to build if many points coincide.
    tree = cKDTree(points, balanced_tree=False)
    result = np.empty((len(points), n_neighbors), np.int32)
    for rows in row_batches(len(points), BATCH):
        _, indices = tree.query(points[rows], n_neighbors + 1, workers=-1)
        keep = non_self_mask(indices, np.arange(rows.start, rows.stop))
        result[rows] = indices[keep].reshape(-1, n_neighbors)
        progress(rows.stop / len(points))
    return result


def shared_fraction(
    neighbors: NDArray[np.integer], other_neighbors: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Return the share (N,) in [0, 1] of neighbours (N, k) that are other neighbours (N, k) too."""
    result = np.empty(len(neighbors), np.float32)
    for rows in row_batches(len(neighbors), BATCH):
        shared = (neighbors[rows, :, None] == other_neighbors[rows, None, :]).any(axis=2)
        result[rows] = shared.mean(axis=1)
    return result


def _squared_distances(
    features: Features, rows: NDArray[np.int64], progress: ProgressCallback
) -> NDArray[np.float32]:
    """Return squared distances (S, N) of the rows to all, infinite to themselves.

    Computed in float64 and rounded to float32, so that equal distances, as of duplicates, stay
    equal.
    """
    queries = np.concatenate([features[row : row + 1] for row in rows.tolist()]).astype(np.float64)
    centre = queries.mean(axis=0)
    queries -= centre
    squared_norms = (queries**2).sum(axis=1)[:, None]
    result = np.empty((len(rows), features.shape[0]), np.float32)
    for batch in row_batches(features.shape[0], BATCH):
        block = features[batch] - centre
        norms = squared_norms + (block**2).sum(axis=1)
        squared = norms - 2 * queries @ block.T
        squared[squared < ROUNDING * norms] = 0
        result[:, batch] = squared
        progress(batch.stop / features.shape[0])
    result[np.arange(len(rows)), rows] = np.inf
    return result


def _excess_ranks(distances: NDArray[np.floating], members: NDArray[np.integer]) -> int:
    """Return the sum of max(0, rank - k) over k members, ranked by distance (N,)."""
    # Ten times as fast as sorting, for few members.
    ranks = np.array(
        [np.count_nonzero(distances < distance) + 1 for distance in distances[members]]
    )
    return int((ranks - len(members)).clip(min=0).sum())
