"""One map turned onto another, so that two can be compared by eye (Procrustes; Gower 1975)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes


@dataclass(frozen=True)
class Alignment:
    """A map turned onto another.

    `coordinate` (N, 2) float32 are all its locations, in the unit of the other map: what they were,
    times `matrix` (2, 2) float64, plus `shift` (2,) float64. `disparity`, in [0, 1], is the share
    of the other map's variance that the common locations leave unexplained.
    """

    coordinate: NDArray[np.float32]
    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    disparity: float


def align_procrustes(
    moving: NDArray[np.float32],
    fixed: NDArray[np.float32],
    moving_row: NDArray[np.integer],
    fixed_row: NDArray[np.integer],
) -> Alignment:
    """Rotate or reflect, scale and shift the map `moving` (N, 2) onto the map `fixed` (M, 2).

    `moving_row` and `fixed_row` (K,) name the common locations in both. The sum of their squared
    distances becomes the least. Raises ValueError for fewer than three, or where all lie at one
    place on either map.
    """
    if len(moving_row) < 3:
        raise ValueError(f"{len(moving_row)} common locations are too few to align two maps")
    source, target = (
        coordinate[row].astype(np.float64)
        for coordinate, row in ((moving, moving_row), (fixed, fixed_row))
    )
    source_centre, target_centre = source.mean(axis=0), target.mean(axis=0)
    source -= source_centre
    target -= target_centre
    source_length, target_length = np.linalg.norm(source), np.linalg.norm(target)
    if source_length == 0 or target_length == 0:
        raise ValueError("all common locations lie at one place on a map")
    rotation, fit = orthogonal_procrustes(source / source_length, target / target_length)
    matrix = fit * target_length / source_length * rotation
    shift = target_centre - source_centre @ matrix
    moved = moving.astype(np.float64) @ matrix + shift
    disparity = float(np.clip(1 - fit**2, 0, 1))
    return Alignment(moved.astype(np.float32), matrix, shift, disparity)
