"""Where the points of a projection lie, as a histogram that is kept with another projection."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

N_BINS = 64
MOST_BINS = 256


def histogram(points: NDArray[np.float32]) -> dict[str, Any]:
    """Return how many of the points (N, 2) lie in each bin, small enough for a parameter.

    `bounds` are left, right, bottom and top, `counts` a list of rows from the bottom.
    """
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    counts, _, _ = np.histogram2d(points[:, 1], points[:, 0], N_BINS)
    bounds = [float(end) for end in (left, right, bottom, top)]
    return {"bounds": bounds, "counts": counts.astype(int).tolist()}


def read_histogram(recorded: Any) -> dict[str, Any] | None:
    """Return a histogram that a file records, None if it is none or damaged."""
    try:
        bounds = np.array(recorded["bounds"], dtype=np.float64).reshape(4)
        counts = np.array(recorded["counts"], dtype=np.float64)
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    ascending = bounds[0] < bounds[1] and bounds[2] < bounds[3]
    sized = counts.ndim == 2 and min(counts.shape) > 1 and max(counts.shape) <= MOST_BINS
    if not (ascending and sized and np.isfinite(bounds).all() and np.isfinite(counts).all()):
        return None
    return {"bounds": bounds.tolist(), "counts": counts.tolist()}
