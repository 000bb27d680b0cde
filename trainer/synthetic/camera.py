"""The camera: a pinhole with a field of view of 90 degrees and no pitch, seen to N, E, S and W."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
"""Always float32 in fact; the annotations of NumPy cannot follow that through arithmetic."""

HEADINGS = (0, 90, 180, 270)
HEIGHT = 2.5
"""Height of the lens above the road, metres."""


@dataclass(frozen=True)
class Camera:
    """Where each pixel of a square view looks; the horizon lies between the two middle rows.

    ``across`` (size,) is the tangent to the right of the heading, -1..1, per column.
    ``drop`` (size / 2,) is the tangent below the horizon, 0..1, per row under the horizon.
    ``depth`` (size / 2,) is the distance along the heading at which that row meets the ground,
    metres. ``azimuth`` (4, size) is the compass direction of each column, radians from north.
    ``slant`` (size,) is the length of a ray of unit depth. ``elevation_sin`` and
    ``elevation_cos`` (size / 2, size) belong to the pixels above the horizon, and so does
    ``fall``, which goes from 1 at the horizon to 0 high up. ``ring`` (4 * size, waves, 2) holds
    the cosines and sines of the multiples of the azimuth, from which skylines are made.
    """

    size: int
    across: Array
    drop: Array
    depth: Array
    azimuth: Array
    slant: Array
    elevation_sin: Array
    elevation_cos: Array
    fall: Array
    ring: Array

    @property
    def half(self) -> int:
        """Rows above, and below, the horizon."""
        return self.size // 2


WAVES = 72


@lru_cache(maxsize=4)
def camera(size: int) -> Camera:
    """Make the camera for views of ``size`` by ``size`` pixels."""
    centre = (np.arange(size, dtype=np.float64) + 0.5) * 2.0 / size - 1.0
    drop = centre[size // 2 :]
    azimuth = np.radians(HEADINGS)[:, None] + np.arctan(centre)[None, :]
    angle = azimuth.reshape(-1)[:, None] * np.arange(1, WAVES + 1)
    slant = np.hypot(1.0, centre)
    elevation = np.arctan(drop[::-1, None] / slant[None, :])

    def single(value: NDArray[Any]) -> Array:
        return np.ascontiguousarray(value, dtype=np.float32)

    return Camera(
        size=size,
        across=single(centre),
        drop=single(drop),
        depth=single(HEIGHT / drop),
        azimuth=single(azimuth),
        slant=single(slant),
        elevation_sin=single(np.sin(elevation)),
        elevation_cos=single(np.cos(elevation)),
        fall=single(np.exp(-elevation / 0.20)),
        ring=single(np.stack([np.cos(angle), np.sin(angle)], axis=-1)),
    )
