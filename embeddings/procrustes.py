"""Alignment of one projection to another, to compare them by eye (Procrustes; Gower 1975)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes


@dataclass(frozen=True)
class Alignment:
    """An aligned projection.

    `coordinates` (N, 2) float32 are the original ones times `matrix` (2, 2) plus `shift` (2,), both
    float64. `disparity`, in [0, 1], is the share of the other projection's variance over the common
    locations that remains unexplained.
    """

    coordinates: NDArray[np.float32]
    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    disparity: float


def align_procrustes(
    moving: NDArray[np.float32],
    fixed: NDArray[np.float32],
    moving_rows: NDArray[np.integer],
    fixed_rows: NDArray[np.integer],
) -> Alignment:
    """Rotate or reflect, scale and shift coordinates `moving` (N, 2) onto `fixed` (M, 2).

    `moving_rows` and `fixed_rows` (K,) are the common locations in both; the sum of their squared
    distances is minimised. Raises ValueError for fewer than three, or if all are at one point.
    """
    if len(moving_rows) < 3:
        raise ValueError(f"{len(moving_rows)} common locations are too few to align projections")
    source, target = (
        coordinates[rows].astype(np.float64)
        for coordinates, rows in ((moving, moving_rows), (fixed, fixed_rows))
    )
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    source -= source_mean
    target -= target_mean
    source_norm, target_norm = np.linalg.norm(source), np.linalg.norm(target)
    if source_norm == 0 or target_norm == 0:
        raise ValueError("all common locations are at one point of a projection")
    rotation, scale = orthogonal_procrustes(source / source_norm, target / target_norm)
    matrix = scale * target_norm / source_norm * rotation
    shift = target_mean - source_mean @ matrix
    aligned = moving.astype(np.float64) @ matrix + shift
    disparity = float(np.clip(1 - scale**2, 0, 1))
    return Alignment(aligned.astype(np.float32), matrix, shift, disparity)
