"""Which classes are taken for which: ranked pairs, and orders of the confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from workbench.evaluation.census import DIVISIONS, divisions


@dataclass(frozen=True)
class ConfusedPair:
    """Locations of one class that are predicted as another, or both ways.

    `count` of them are `share` in [0, 1] of the true class, of both classes if `both_ways`;
    `confidence` is the mean probability of their predicted classes. `examples` are the store's rows
    of the most confident ones, at most `N_EXAMPLES`.
    """

    true: int
    predicted: int
    count: int
    share: float
    confidence: float
    examples: tuple[int, ...]
    both_ways: bool = False


N_EXAMPLES = 4
ORDERS = {"name": "Name", "cluster": "Clusters", "division": "Divisions"}
"""Orders of the classes, with their titles."""
ORDER_WORDS = {"name": "name", "cluster": "cluster", "division": "Census division"}


def confused_pairs(
    labels: NDArray[np.int64],
    predicted_labels: NDArray[np.int64],
    confidences: NDArray[np.float64],
    n_classes: int,
    selected: NDArray[np.bool_] | None = None,
    both_ways: bool = False,
    among: NDArray[np.bool_] | None = None,
) -> list[ConfusedPair]:
    """Return the pairs with wrong locations, the most frequent first.

    Labels and confidences are (N,); only `selected` (N,) locations count. With `both_ways` pairs
    (a, b) and (b, a) are one, whose true class is the one that is confused more often. Shares are
    those of the classes' locations in `among` (N,), of all if it is None.
    """
    of_class = np.bincount(labels if among is None else labels[among], minlength=n_classes)
    wrong = labels != predicted_labels
    rows = np.flatnonzero(wrong if selected is None else wrong & selected)
    true, predicted = labels[rows], predicted_labels[rows]
    one_way = np.bincount(true * n_classes + predicted, minlength=n_classes**2)
    first, second = true, predicted
    if both_ways:
        first, second = np.minimum(true, predicted), np.maximum(true, predicted)
    key = first * n_classes + second
    # The most confident of each pair first.
    order = np.lexsort((rows, -confidences[rows], key))
    rows, key = rows[order], key[order]
    keys, starts, counts = np.unique(key, return_index=True, return_counts=True)
    pairs = []
    for index in np.lexsort((keys, -counts)):
        a, b = divmod(int(keys[index]), n_classes)
        if both_ways and one_way[b * n_classes + a] > one_way[a * n_classes + b]:
            a, b = b, a
        members = rows[starts[index] : starts[index] + counts[index]]
        total = of_class[a] + (of_class[b] if both_ways else 0)
        pairs.append(
            ConfusedPair(
                a,
                b,
                len(members),
                float(len(members) / total),
                float(confidences[members].mean()),
                tuple(members[:N_EXAMPLES].tolist()),
                both_ways,
            )
        )
    return pairs


@dataclass(frozen=True)
class ClassOrder:
    """An order of classes, (S,) indices, and the positions at which a new group begins."""

    indices: NDArray[np.int64]
    groups: tuple[int, ...] = ()


def by_cluster(counts: NDArray[np.int64]) -> ClassOrder:
    """Return an order in which classes that are confused with each other are neighbours.

    It is that of the leaves of an average-linkage tree over the distances 1 - (p + q) / 2, where p
    and q are the shares of two classes that are predicted as the other; `counts` is (S, S).
    """
    if len(counts) < 3:
        return ClassOrder(np.arange(len(counts)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    distance = 1 - (shares + shares.T) / 2
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return ClassOrder(leaves_list(tree).astype(np.int64))


def class_order(name: str, class_names: Sequence[str], counts: NDArray[np.int64]) -> ClassOrder:
    """Return an order of `ORDERS`: by name where there are no divisions; `counts` is (S, S)."""
    order = None
    if name == "cluster":
        order = by_cluster(counts)
    elif name == "division":
        order = by_division(class_names)
    by_name = sorted(range(len(class_names)), key=lambda index: class_names[index])
    return order or ClassOrder(np.array(by_name, dtype=np.int64))


def by_division(class_names: Sequence[str]) -> ClassOrder | None:
    """Return the order by Census division, then by name; None unless all classes are states."""
    found = divisions(class_names)
    if found is None:
        return None
    number = [DIVISIONS.index(one) for one in found]
    order = sorted(range(len(class_names)), key=lambda index: (number[index], class_names[index]))
    groups = [
        place for place in range(1, len(order)) if number[order[place]] != number[order[place - 1]]
    ]
    return ClassOrder(np.array(order, dtype=np.int64), tuple(groups))
