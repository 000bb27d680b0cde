"""The four views of a location as one picture."""

from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workbench.store.photographs import Photographs

Pixels = NDArray[np.uint8]
Number = TypeVar("Number", np.uint8, np.float32)

ViewReader = Callable[[str, int], Pixels]
"""From a location's id and a size to its photographs, (4, size, size, 3) uint8, N, E, S, W."""


def view_reader(photographs: Photographs) -> ViewReader:
    """Return a function that reads photographs as the trainer does; it raises InputError."""
    from trainer.data import decode  # It imports torch, which takes seconds.

    def read_views(location_id: str, size: int) -> Pixels:
        pixels = decode.read_views(photographs.paths(location_id), size)
        return np.asarray(pixels.permute(0, 2, 3, 1).numpy())

    return read_views


def panorama(views: Pixels) -> Pixels:
    """Return views (4, H, W, C) side by side, N, E, S, W: (H, 4 W, C)."""
    return np.concatenate(list(views), axis=1)


def tile(views: NDArray[Number]) -> NDArray[Number]:
    """Return views (4, H, W, C) in a square, N and E above S and W: (2 H, 2 W, C)."""
    return np.concatenate([np.concatenate(list(pair), axis=1) for pair in (views[:2], views[2:])])


def jpeg(pixels: Pixels) -> bytes:
    """Return a picture (H, W, 3) as a JPEG file."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=85)
    return file.getvalue()
