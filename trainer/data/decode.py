"""Decode photographs to pixels: one file, or the four of a location."""

import hashlib
import struct
import threading
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import ExifTags, Image, UnidentifiedImageError
from torch import Tensor

from common.errors import InputError

FORMATS = ("JPEG",)
GONE, UNREADABLE, NOT_JPEG, DAMAGED = "gone", "unreadable", "no JPEG", "cut off or damaged"
# What Pillow raises for a file that is not a complete photograph.
DECODE_ERRORS = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Warning filters belong to the process, not to a thread.
_warnings_lock = threading.Lock()


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
            data = path.read_bytes()
            target[:] = np.asarray(_resized(data, target.shape[0]))
        except DECODE_ERRORS as error:
            raise InputError(unusable_message(path, describe_error(error))) from error
        if sha256 is not None:
            sha256.numpy()[number] = np.frombuffer(hashlib.sha256(data).digest(), dtype=np.uint8)


def open_rgb(data: bytes, min_side: int = 0) -> Image.Image:
    """Decode a JPEG file to an RGB image, rotated upright by its EXIF orientation.

    With `min_side` above 0 the image may be scaled down by 2, 4 or 8 to at least so many pixels a
    side, which is faster. Raises one of DECODE_ERRORS.
    """
    # Pillow warns of huge images and odd EXIF blocks before it reports whether it can read them.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(BytesIO(data), formats=FORMATS)
        orientation = _orientation(image)
    if min_side:
        image.draft("RGB", (min_side, min_side))
    rgb = image.convert("RGB")
    transposition = _TRANSPOSE.get(orientation)
    return rgb if transposition is None else rgb.transpose(transposition)


def describe_error(error: BaseException) -> str:
    """Return in a word or two why a photograph could not be read."""
    if isinstance(error, FileNotFoundError):
        return GONE
    if isinstance(error, UnidentifiedImageError):
        return NOT_JPEG
    # Errors of the operating system have a number, Pillow's have none.
    return UNREADABLE if isinstance(error, OSError) and error.errno else DAMAGED


def unusable_message(path: Path, problem: str) -> str:
    """Return the error message for a photograph with a problem (`describe_error`)."""
    return f"{path}: the photograph is {problem}; replace it or remove the location."


def _resized(data: bytes, size: int) -> Image.Image:
    image = open_rgb(data, size)
    if image.size == (size, size):
        return image
    return image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 (upright) if the block is damaged."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (*DECODE_ERRORS, TypeError, KeyError):
        return 1
