"""Patches of a map: the units that are compared and deleted, in place of single pixels."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import sobel
from scipy.stats import spearmanr

GRID = 12
"""Patches of a view in each direction, or one a pixel where the view is smaller."""

Array = NDArray[np.float64]
Map = NDArray[np.float32]


def patch_means(map_: Map | Array) -> Array:
    """Return the mean of each patch, (4, R, C), of a map (4, H, W)."""
    result = map_.astype(np.float64)
    for axis in (1, 2):
        starts = _starts(map_.shape[axis])
        lengths = np.diff([*starts, map_.shape[axis]])
        shape = [1, 1, 1]
        shape[axis] = len(starts)
        result = np.add.reduceat(result, starts, axis=axis) / lengths.reshape(shape)
    return result


def removal_times(scores: Array, height: int, width: int) -> Array:
    """Return when each pixel (4, H, W) is removed, in [0, 1), by falling score of its patch.

    `scores` are (4, R, C). The time is the fraction of patches that are removed before; equal
    scores go from the first view's upper left corner on.
    """
    times = np.empty(scores.size)
    times[np.argsort(-scores, axis=None, kind="stable")] = np.arange(scores.size) / scores.size
    result = times.reshape(scores.shape)
    for axis, size in ((1, height), (2, width)):
        result = np.repeat(result, np.diff([*_starts(size), size]), axis=axis)
    return result


def similarity(first: Map, second: Map) -> float:
    """Return Spearman's rank correlation of two signed maps (4, H, W) over their patches.

    In [-1, 1]; 0 where a map is constant.
    """
    means, others = patch_means(first), patch_means(second)
    if not (np.ptp(means) and np.ptp(others)):
        return 0.0
    return float(spearmanr(means, others, axis=None).statistic)


def edges(gray: Map) -> Array:
    """Return the norm of Sobel's gradient of grey views (4, H, W)."""
    # View by view, because the filter would smooth across views, too.
    return np.stack(
        [np.hypot(sobel(view, axis=0), sobel(view, axis=1)) for view in gray.astype(float)]
    )


def _starts(size: int) -> NDArray[np.int64]:
    """Return the first pixel of each patch along an axis; patches differ by a pixel at most."""
    count = min(GRID, size)
    return np.arange(count, dtype=np.int64) * size // count
