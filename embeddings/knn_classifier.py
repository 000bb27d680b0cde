"""Prediction by the classes of the nearest neighbours, as IM2GPS does (Hays & Efros 2008)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embeddings.results import NeighborGraph
from embeddings.row_blocks import blocks

COUNTS = (1, 5, 15, 50)
BLOCK = 4096  # Rows.


def knn_predict(
    index: NDArray[np.integer], database_label: NDArray[np.integer], count: int
) -> NDArray[np.int64]:
    """Return the class (M,) that most of the nearest `count` locations have.

    `index` (M, k) names locations of the database, the nearest first; `database_label` (N,) are
    their classes. Of classes with equally many it is that of the nearest location. Raises
    ValueError where `count` is not in [1, k].
    """
    if not 1 <= count <= index.shape[1]:
        raise ValueError(f"{count} neighbours are to vote, the graph has {index.shape[1]}")
    result = np.empty(len(index), np.int64)
    for rows in blocks(len(index), BLOCK):
        label = database_label[index[rows, :count]]
        votes = (label[:, :, None] == label[:, None, :]).sum(axis=2)
        # The first of equals is the nearest.
        winner = votes.argmax(axis=1)
        result[rows] = np.take_along_axis(label, winner[:, None], axis=1)[:, 0]
    return result


def knn_accuracy(
    graph: NeighborGraph, label: NDArray[np.integer], counts: Sequence[int] = COUNTS
) -> dict[int, float]:
    """Return for each count the share in [0, 1] of locations whose neighbours vote for their class.

    Each location is left out of its own vote. Counts of more neighbours than the graph has are
    left out too.
    """
    return {
        count: float((knn_predict(graph.indices, label, count) == label).mean())
        for count in counts
        if count <= graph.indices.shape[1]
    }
