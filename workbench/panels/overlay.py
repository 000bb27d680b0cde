"""An attribution laid over its photographs."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

PERCENTILE = 99
LARGEST = 512
TOWARDS = np.array((196, 22, 42), dtype=np.float32)
AGAINST = np.array((24, 78, 196), dtype=np.float32)


def limit(attribution: NDArray[np.float32]) -> float:
    """Return the value at which colours are full: the 99th percentile of |map| (4, H, W).

    One limit for all four views, the same to both sides, so that views can be compared.
    """
    return float(np.percentile(np.abs(attribution), PERCENTILE))


def blend(photograph: Image.Image, attribution: NDArray[np.float32], full: float) -> Image.Image:
    """Return a photograph in pale grey under its map (H, W): red for, blue against.

    Opacity is |map| / `full`, at most 1: linear, so that half the value is half the colour. The
    map is stretched to the photograph.
    """
    grey = np.asarray(photograph.convert("L"), dtype=np.float32)
    base = np.repeat((70 + grey * 0.7)[:, :, None], 3, axis=2)
    height, width = grey.shape
    signed = np.asarray(
        Image.fromarray(attribution.astype(np.float32), mode="F").resize(
            (width, height), Image.Resampling.BICUBIC
        )
    )
    opacity = np.clip(np.abs(signed) / full, 0, 1)[:, :, None] if full else np.zeros((1, 1, 1))
    colour = np.where(signed[:, :, None] > 0, TOWARDS, AGAINST)
    mixed = base * (1 - opacity) + colour * opacity
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def addresses(paths: Sequence[Path], attribution: NDArray[np.float32]) -> list[str]:
    """Return the four views under their maps as data addresses (PNG) for a page."""
    full = limit(attribution)
    result = []
    for path, own in zip(paths, attribution, strict=True):
        with Image.open(path, formats=("JPEG",)) as photograph:
            # Upright, as the model saw it, and no larger than a page shows it.
            upright = ImageOps.exif_transpose(photograph)
            upright.thumbnail((LARGEST, LARGEST))
            picture = blend(upright, own, full)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        result.append("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode())
    return result
