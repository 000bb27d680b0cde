"""Classification by the majority of the nearest neighbours, as in IM2GPS (Hays & Efros 2008)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embeddings.results import NeighborGraph
from embeddings.row_batches import row_batches

N_NEIGHBORS = (1, 5, 15, 50)
BATCH = 4096


def knn_predict(
    indices: NDArray[np.integer], labels: NDArray[np.integer], n_neighbors: int
) -> NDArray[np.int64]:
    """Return the most frequent class (M,) among the nearest `n_neighbors` locations.

    `indices` (M, k) are rows of `labels` (N,), nearest first. Of equally frequent classes, the one
    of the nearest location wins. Raises ValueError if `n_neighbors` is not in [1, k].
    """
    if not 1 <= n_neighbors <= indices.shape[1]:
        raise ValueError(f"n_neighbors is {n_neighbors}; the graph has {indices.shape[1]}")
    result = np.empty(len(indices), np.int64)
    for rows in row_batches(len(indices), BATCH):
        classes = labels[indices[rows, :n_neighbors]]
        counts = (classes[:, :, None] == classes[:, None, :]).sum(axis=2)
        winner = counts.argmax(axis=1)  # Of equals the first, which is the nearest.
        result[rows] = np.take_along_axis(classes, winner[:, None], axis=1)[:, 0]
    return result


def knn_accuracy(
    graph: NeighborGraph,
    labels: NDArray[np.integer],
    n_neighbors: Sequence[int] = N_NEIGHBORS,
) -> dict[int, float]:
    """Return the leave-one-out accuracy in [0, 1] for each number of neighbours the graph has."""
    return {
        k: float((knn_predict(graph.indices, labels, k) == labels).mean())
        for k in n_neighbors
        if k <= graph.indices.shape[1]
    }
