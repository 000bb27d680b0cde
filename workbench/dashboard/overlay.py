"""An attribution laid over its photographs."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from common.errors import InputError
from workbench.attribution.result import COLOR_PERCENTILE

LARGEST = 512
TOWARDS = np.array((196, 22, 42), dtype=np.float32)
AGAINST = np.array((24, 78, 196), dtype=np.float32)


@dataclass(frozen=True)
class Display:
    """How maps are shown, which never changes what they are.

    Colours are full at `full`, or where that is None at the map's own `percentile` of |map|; then
    `strength`, in [0, 1], is the overlay's opacity.
    """

    full: float | None = None
    percentile: float = COLOR_PERCENTILE
    strength: float = 1


def limit(attribution: NDArray[np.float32], display: Display) -> float:
    """Return the value at which the colours of a map (4, H, W) are full.

    One limit for all four views, the same to both sides, so that views can be compared.
    """
    if display.full is not None:
        return display.full
    return float(np.percentile(np.abs(attribution), display.percentile))


def blend(
    photograph: Image.Image, attribution: NDArray[np.float32], full: float, strength: float = 1
) -> Image.Image:
    """Return a photograph in pale grey under its map (H, W): red for, blue against.

    Opacity is |map| / `full`, at most 1, times `strength`: linear, so that half the value is half
    the colour. The map is stretched to the photograph.
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
    mixed = base * (1 - opacity * strength) + colour * opacity * strength
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def views(paths: Sequence[Path], largest: int = LARGEST) -> list[Image.Image]:
    """Return photographs upright, as the model saw them, no side longer than `largest` pixels."""
    result = []
    for path in paths:
        try:
            with Image.open(path, formats=("JPEG",)) as photograph:
                upright = ImageOps.exif_transpose(photograph)
                upright.thumbnail((largest, largest))
                result.append(upright.convert("RGB"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise InputError(
                f"{path}: the photograph cannot be read; restore it, or extract again."
            ) from error
    return result


def average(locations: Sequence[Sequence[Image.Image]]) -> list[Image.Image]:
    """Return the mean photograph of each view over some locations, in grey."""
    result = []
    for same in zip(*locations, strict=True):
        size = same[0].size
        grey = [np.asarray(one.convert("L").resize(size), dtype=np.float32) for one in same]
        result.append(Image.fromarray(np.mean(grey, axis=0).astype(np.uint8)))
    return result


def addresses(
    pictures: Sequence[Image.Image], attribution: NDArray[np.float32], display: Display
) -> list[str]:
    """Return four views under their maps (4, H, W) as data addresses (PNG) for a page."""
    full = limit(attribution, display)
    result = []
    for picture, own in zip(pictures, attribution, strict=True):
        buffer = io.BytesIO()
        blend(picture, own, full, display.strength).save(buffer, "PNG")
        result.append("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode())
    return result
