"""Decode photographs to pixels: one file, or the four of a location."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from common.errors import InputError
from common.photographs import (
    DECODE_ERRORS,
    describe_error,
    open_rgb,
    read_bytes,
    to_square,
    unusable_message,
)


def read_views(paths: Sequence[Path], size: int) -> Tensor:
    """Return a location's photographs as (4, 3, size, size) uint8, RGB, in the order of `paths`.

    The memory format is channels-last. Raises InputError naming a missing or damaged file.
    """
    pixels = torch.empty((len(paths), size, size, 3), dtype=torch.uint8)
    read_views_into(paths, pixels)
    return pixels.permute(0, 3, 1, 2)


def read_views_into(paths: Sequence[Path], pixels: Tensor, sha256: Tensor | None = None) -> None:
    """Fill `pixels`, (4, size, size, 3) uint8 on the CPU, with photographs as RGB.

    `sha256`, (4, 32) uint8 on the CPU, receives the SHA-256 of each file, of the same bytes that
    are decoded. Raises InputError naming a missing or damaged file; earlier views stay filled.
    """
    for number, (path, target) in enumerate(zip(paths, pixels.numpy(), strict=True)):
        try:
            data = read_bytes(path)
            size = target.shape[0]
            target[:] = np.asarray(to_square(open_rgb(data, size), size))
        except DECODE_ERRORS as error:
            raise InputError(unusable_message(path, describe_error(error))) from error
        if sha256 is not None:
            sha256.numpy()[number] = np.frombuffer(hashlib.sha256(data).digest(), dtype=np.uint8)
