"""Rounds: the locations that a player sees, the same for the same seed."""

import numpy as np
from numpy.typing import NDArray

MAX_SIZE = 200


def draw(labels: NDArray[np.int64], size: int, seed: int) -> NDArray[np.int64]:
    """Return the rows of at most `size` locations in random order, stratified by class.

    `labels` are (N,). The numbers of locations of two classes differ by at most one, as far as the
    classes have locations.
    """
    generator = np.random.default_rng(seed)
    rows = generator.permutation(len(labels))
    place_in_class = np.empty(len(labels), dtype=np.int64)
    class_order = np.empty(len(labels), dtype=np.int64)
    classes = generator.permutation(np.unique(labels))
    for index, label in enumerate(classes):
        members = labels[rows] == label
        place_in_class[members] = np.arange(members.sum())
        class_order[members] = index
    chosen = rows[np.lexsort((class_order, place_in_class))][:size]
    result: NDArray[np.int64] = generator.permutation(chosen)
    return result
