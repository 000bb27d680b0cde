"""Attribution maps laid over their photographs."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.errors import InputError
from common.photographs import (
    DECODE_ERRORS,
    describe_error,
    open_rgb,
    to_square,
    unusable_message,
)
from workbench.attribution.result import COLOR_PERCENTILE

LARGEST = 512
TOWARDS = np.array((196, 22, 42), dtype=np.float32)
AGAINST = np.array((24, 78, 196), dtype=np.float32)


@dataclass(frozen=True)
class Display:
    """How maps are shown.

    Colours are full at the value `full`, or if that is None at the `percentile` of |map|. The
    overlay has the opacity `opacity`, in [0, 1].
    """

    full: float | None = None
    percentile: float = COLOR_PERCENTILE
    opacity: float = 1


def limit(attribution: NDArray[np.float32], display: Display) -> float:
    """Return the value at which the colours of a map (4, H, W) are full.

    It is the same for all four views and both signs, so that views can be compared.
    """
    if display.full is not None:
        return display.full
    return float(np.percentile(np.abs(attribution), display.percentile))


def blend(
    photograph: Image.Image, attribution: NDArray[np.float32], full: float, max_opacity: float = 1
) -> Image.Image:
    """Return a photograph in pale grey under its map (H, W), red for and blue against.

    The opacity is |map| / `full`, at most 1, times `max_opacity`. The map is scaled to the
    photograph, a square as the model sees it.
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
    color = np.where(signed[:, :, None] > 0, TOWARDS, AGAINST)
    mixed = base * (1 - opacity * max_opacity) + color * opacity * max_opacity
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def views(paths: Sequence[Path], largest: int = LARGEST) -> list[Image.Image]:
    """Return photographs as the model sees them, squares; raises InputError.

    A square has the longer side of its photograph, but at most `largest` pixels.
    """
    result = []
    for path in paths:
        try:
            photograph = open_rgb(path.read_bytes(), largest)
        except DECODE_ERRORS as error:
            message = unusable_message(path, describe_error(error), "extract again")
            raise InputError(message) from error
        result.append(to_square(photograph, min(largest, max(photograph.size))))
    return result


def average(locations: Sequence[Sequence[Image.Image]]) -> list[Image.Image]:
    """Return the mean photograph of each view over several locations, in grey.

    Photographs are squares; they are scaled to the size of the first location's.
    """
    result = []
    for same in zip(*locations, strict=True):
        size = same[0].size
        grey = [np.asarray(picture.convert("L").resize(size), dtype=np.float32) for picture in same]
        result.append(Image.fromarray(np.mean(grey, axis=0).astype(np.uint8)))
    return result


def data_urls(
    pictures: Sequence[Image.Image], attribution: NDArray[np.float32], display: Display
) -> list[str]:
    """Return four views under their maps (4, H, W) as data URLs (PNG)."""
    full = limit(attribution, display)
    result = []
    for picture, values in zip(pictures, attribution, strict=True):
        buffer = io.BytesIO()
        blend(picture, values, full, display.opacity).save(buffer, "PNG")
        result.append("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode())
    return result
