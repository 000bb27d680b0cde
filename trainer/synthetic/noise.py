"""Random textures: a cloudy tile with all its reductions, for looking up at any distance."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trainer.synthetic.camera import Array

SIDE = 512
LEVELS = 9


def _cloudy(seed: int, slope: float) -> NDArray[np.float64]:
    """Make a tile (SIDE, SIDE), periodic, mean 0, deviation 1, with amplitude frequency**-slope."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(random.standard_normal((SIDE, SIDE)))
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :])
    frequency[0, 0] = 1.0
    spectrum *= frequency**-slope
    spectrum[0, 0] = 0.0
    tile = np.fft.irfft2(spectrum, s=(SIDE, SIDE))
    return np.asarray(tile / tile.std())


@lru_cache(maxsize=1)
def clouds() -> Array:
    """Fractal noise for clouds, (levels flattened), mean 0, deviation 1 at the finest level."""
    return _pyramid(_cloudy(11, 1.65))


@lru_cache(maxsize=1)
def earth() -> Array:
    """Fractal noise for ground and foliage, (levels flattened)."""
    return _pyramid(_cloudy(12, 0.9))


@lru_cache(maxsize=1)
def gullies() -> Array:
    """Shading of hillsides lit from the left, (SIDE, SIDE), about -1..1, periodic."""
    tile = _cloudy(13, 1.5)
    slope = np.roll(tile, -2, axis=1) - np.roll(tile, 2, axis=1)
    return np.asarray(np.clip(slope / (2.0 * slope.std()), -1.0, 1.0), np.float32)


def _pyramid(tile: NDArray[np.float64]) -> Array:
    levels = [tile]
    while len(levels) < LEVELS:
        side = levels[-1].shape[0] // 2
        levels.append(levels[-1].reshape(side, 2, side, 2).mean(axis=(1, 3)))
    return np.concatenate([level.reshape(-1) for level in levels]).astype(np.float32)


SIDES = np.array([SIDE >> level for level in range(LEVELS)], dtype=np.int32)
STARTS = np.concatenate([[0], np.cumsum(SIDES[:-1].astype(np.int64) ** 2)]).astype(np.int32)


def look_up(pyramid: Array, along: Array, over: Array, footprint: Array, texel: float) -> Array:
    """Look the texture up at world coordinates, each row in the reduction that suits it.

    ``along`` and ``over`` (rows, columns) and ``texel`` are in metres, ``footprint`` (rows,) is
    the width of a pixel in metres. Returns (rows, columns).
    """
    level = np.log2(np.maximum(footprint / np.float32(texel), 1.0)).round().astype(np.int32)
    level = np.minimum(level, LEVELS - 2)
    scale = (1.0 / (texel * (1 << level).astype(np.float32))).astype(np.float32)[:, None]
    side = SIDES[level][:, None]
    shift = (9 - level)[:, None]
    column = np.floor(along * scale).astype(np.int32)
    row = np.floor(over * scale).astype(np.int32)
    column &= side - 1
    row &= side - 1
    row <<= shift
    row += column
    row += STARTS[level][:, None]
    return np.asarray(pyramid.take(row))
