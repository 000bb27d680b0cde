"""How far a map may be believed: what it keeps of the neighbours in all D features.

The side of the features is computed once, `reference`, and each map held against it, `judge`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from common.progress import ProgressCallback, no_progress, subrange
from embeddings.knn import build_knn_graph, non_self_mask
from embeddings.results import NeighborGraph, PrincipalComponents, Projection, ProjectionQuality
from embeddings.row_blocks import Features, blocks

BLOCK = 4096  # Rows.
# Of the squared lengths: what rounding leaves of the distance of duplicates, and far less than
# float32 features can tell apart.
ROUNDING = 1e-12

Fit = Callable[[PrincipalComponents, NeighborGraph, int], Projection]


@dataclass(frozen=True)
class Reference:
    """What maps of N locations are held against.

    `row` (S,) int64 are the sampled locations, rising; `distance` (S, N) float32 their squared
    distances to all in D features, infinite to themselves; `near` (S, k) int64 the nearest of
    those; `graph` (N, k) int32 the nearest by the graph; `label` (N,) integers the classes.
    """

    row: NDArray[np.int64]
    distance: NDArray[np.float32]
    near: NDArray[np.int64]
    graph: NDArray[np.int32]
    label: NDArray[np.integer]


def build_reference(
    feature: Features,
    label: NDArray[np.integer],
    graph: NeighborGraph,
    seed: int,
    *,
    count: int = 15,
    sample: int = 2000,
    progress: ProgressCallback = no_progress,
) -> Reference:
    """Measure a seeded sample of locations against all in features (N, D), read once in blocks.

    `count` neighbours are compared, or fewer where the graph has fewer or N is not above twice as
    many. It takes 4 bytes for each of the sample times N.
    """
    length = feature.shape[0]
    count = min(count, graph.indices.shape[1], (length - 1) // 2)
    chosen = np.random.default_rng(seed).choice(length, min(sample, length), replace=False)
    row = np.sort(chosen)
    distance = _squared_distance(feature, row, progress)
    near = np.empty((len(row), count), np.int64)
    for at, own in enumerate(distance):
        near[at] = np.argpartition(own, count - 1)[:count]
    return Reference(row, distance, near, graph.indices[:, :count], label)


def measure_quality(
    reference: Reference, coordinate: NDArray[np.float32], progress: ProgressCallback = no_progress
) -> ProjectionQuality:
    """Hold a map (N, 2) against the reference, by Venna & Kaski (2001) and the classes.

    Among locations at one distance the map is given the benefit of the doubt: their ranks are
    those of the nearest of them.
    """
    length, count = reference.graph.shape
    near_on_map = projection_neighbors(coordinate, count, progress=subrange(progress, 0.0, 0.2))
    intruded = extruded = 0
    x, y = np.ascontiguousarray(coordinate.T, dtype=np.float64)
    for at, row in enumerate(reference.row):
        intruded += _excess(reference.distance[at], near_on_map[row])
        away = (x - x[row]) ** 2 + (y - y[row]) ** 2
        away[row] = np.inf
        extruded += _excess(away, reference.near[at])
        progress(0.2 + 0.8 * (at + 1) / len(reference.row))
    worst = len(reference.row) * count * (2 * length - 3 * count - 1) / 2
    label = reference.label
    own = label[reference.row, None]
    return ProjectionQuality(
        n_neighbors=count,
        sample=len(reference.row),
        trustworthiness=1 - intruded / worst,
        continuity=1 - extruded / worst,
        agreement=float((label[near_on_map[reference.row]] == own).mean()),
        feature_agreement=float((label[reference.near] == own).mean()),
        preservation=shared_fraction(reference.graph, near_on_map),
    )


def measure_stability(
    fit: Fit,
    components: PrincipalComponents,
    graph: NeighborGraph,
    seed: int,
    *,
    more: int = 2,
    count: int = 15,
    sample: int = 2000,
    progress: ProgressCallback = no_progress,
) -> tuple[float, int]:
    """Return the mean share of `count` neighbours that maps of other seeds keep, and the sample.

    `fit` embeds components over their graph for a seed. It is called for `seed` and as many
    `more`, over the same seeded sample of locations with a graph of its own, and each pair of
    maps is compared. The share lies in [0, 1].
    """
    length = len(components.scores)
    size = min(sample, length)
    row = np.sort(np.random.default_rng(seed).choice(length, size, replace=False))
    part_of = replace(components, scores=components.scores[row])
    graph_of = build_knn_graph(part_of.scores, graph.indices.shape[1], seed, graph.metric)
    near = []
    for number in range(more + 1):
        coordinate = fit(part_of, graph_of, seed + number).coordinates
        near.append(projection_neighbors(coordinate, min(count, size - 1)))
        progress((number + 1) / (more + 1))
    kept = [
        float(shared_fraction(one, another).mean())
        for at, one in enumerate(near)
        for another in near[at + 1 :]
    ]
    return float(np.mean(kept)), size


def projection_neighbors(
    coordinate: NDArray[np.float32], count: int, progress: ProgressCallback = no_progress
) -> NDArray[np.int32]:
    """Return the nearest others (N, k) on a map (N, 2), exactly, the nearest first."""
    position = coordinate.astype(np.float64)
    # Without balancing, it is soon built also where many lie at one place.
    tree = cKDTree(position, balanced_tree=False)
    result = np.empty((len(position), count), np.int32)
    for rows in blocks(len(position), BLOCK):
        _, found = tree.query(position[rows], count + 1, workers=-1)
        keep = non_self_mask(found, np.arange(rows.start, rows.stop))
        result[rows] = found[keep].reshape(-1, count)
        progress(rows.stop / len(position))
    return result


def shared_fraction(one: NDArray[np.integer], another: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return the share (N,) in [0, 1] of the neighbours (N, k) in one that are in another too."""
    result = np.empty(len(one), np.float32)
    for rows in blocks(len(one), BLOCK):
        same = (one[rows, :, None] == another[rows, None, :]).any(axis=2)
        result[rows] = same.mean(axis=1)
    return result


def _squared_distance(
    feature: Features, row: NDArray[np.int64], progress: ProgressCallback
) -> NDArray[np.float32]:
    """Return squared distances (S, N) of the rows to all, infinite to themselves.

    In float64 and then rounded to float32, so that what lies equally far, as duplicates do, is
    equally far in the result too.
    """
    query = np.concatenate([feature[at : at + 1] for at in row.tolist()]).astype(np.float64)
    centre = query.mean(axis=0)
    query -= centre
    length = (query**2).sum(axis=1)[:, None]
    result = np.empty((len(row), feature.shape[0]), np.float32)
    for rows in blocks(feature.shape[0], BLOCK):
        block = feature[rows] - centre
        both = length + (block**2).sum(axis=1)
        squared = both - 2 * query @ block.T
        squared[squared < ROUNDING * both] = 0
        result[:, rows] = squared
        progress(rows.stop / feature.shape[0])
    result[np.arange(len(row)), row] = np.inf
    return result


def _excess(distance: NDArray[np.floating], member: NDArray[np.integer]) -> int:
    """Return by how much the ranks of k members by distance (N,) exceed k, in all."""
    # Ten times faster than sorting, for so few of so many.
    rank = np.array([np.count_nonzero(distance < own) + 1 for own in distance[member]])
    return int((rank - len(member)).clip(min=0).sum())
