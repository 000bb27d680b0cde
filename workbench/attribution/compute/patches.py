"""The places of a map: what is compared and deleted is a patch of some pixels, not a pixel."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import sobel
from scipy.stats import rankdata

GRID = 12
"""A view has so many places in each direction, or one a pixel where it is smaller."""

Array = NDArray[np.float64]


def places(made: NDArray[np.float32] | Array) -> Array:
    """Return the mean of each place, (4, R, C), of maps (4, H, W)."""
    exact = made.astype(np.float64)
    for axis in (1, 2):
        first = _first(made.shape[axis])
        length = np.diff([*first, made.shape[axis]])
        shape = [1, 1, 1]
        shape[axis] = len(first)
        exact = np.add.reduceat(exact, first, axis=axis) / length.reshape(shape)
    return exact


def rank(score: Array, height: int, width: int) -> Array:
    """Return when each pixel (4, H, W) goes, in [0, 1), if places (4, R, C) go by falling score.

    The value is the share of the places that go before; equal scores go from the first view's
    upper left corner on.
    """
    order = np.empty(score.size)
    order[np.argsort(-score, axis=None, kind="stable")] = np.arange(score.size) / score.size
    result = order.reshape(score.shape)
    for axis, size in ((1, height), (2, width)):
        result = np.repeat(result, np.diff([*_first(size), size]), axis=axis)
    return result


def similarity(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the rank correlation (Spearman) of two signed maps (4, H, W) over their places.

    In [-1, 1]; 0 where one of them is the same everywhere, which puts nothing in an order.
    """
    first, second = (rankdata(places(made), axis=None) for made in (one, other))
    first, second = first - first.mean(), second - second.mean()
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size else 0.0


def edges(grey: NDArray[np.float32]) -> Array:
    """Return how sharp the edges of grey views (4, H, W) are: the length of Sobel's gradient."""
    # View by view, or the filter would smooth over the views, too.
    return np.stack(
        [np.hypot(sobel(one, axis=0), sobel(one, axis=1)) for one in grey.astype(float)]
    )


def _first(size: int) -> NDArray[np.int64]:
    """Return the first pixel of each place along an axis; places differ by a pixel at most."""
    count = min(GRID, size)
    return np.arange(count, dtype=np.int64) * size // count
