"""The four views of a location as one picture."""

from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from common.errors import InputError
from workbench.store.photographs import Photographs

Pixels = NDArray[np.uint8]
Number = TypeVar("Number", np.uint8, np.float32)

Views = Callable[[str, int], Pixels]
"""From a location's id and a size to its photographs, (4, size, size, 3) uint8, N, E, S, W."""


def reader(photographs: Photographs) -> Views:
    """Return what reads photographs as the trainer does; it raises InputError for a bad one."""
    # Importing it loads torch, which takes seconds; formats without pictures do without.
    from common.errors import InputError as TrainerInputError
    from trainer.data import decode

    def views(location_id: str, size: int) -> Pixels:
        try:
            pixels = decode.read_views(photographs.paths(location_id), size)
        except TrainerInputError as error:
            raise InputError(str(error)) from error
        return np.asarray(pixels.permute(0, 2, 3, 1).numpy())

    return views


def panorama(views: Pixels) -> Pixels:
    """Lay views (4, H, W, C) side by side, N, E, S, W: (H, 4 W, C)."""
    return np.concatenate(list(views), axis=1)


def tile(views: NDArray[Number]) -> NDArray[Number]:
    """Lay views (4, H, W, C) in a square, N and E above S and W: (2 H, 2 W, C)."""
    return np.concatenate([np.concatenate(list(pair), axis=1) for pair in (views[:2], views[2:])])


def jpeg(pixels: Pixels) -> bytes:
    """Return a picture (H, W, 3) as the bytes of a JPEG file."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=85)
    return file.getvalue()
