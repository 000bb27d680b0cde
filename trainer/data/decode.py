"""One photograph, or the four of a location, as pixels."""

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
# All that Pillow may raise for bytes that are no whole photograph.
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
# Python's filters of warnings belong to the process, not to a thread.
_warnings_lock = threading.Lock()


def decode(path: Path, size: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Return a photograph as (3, size, size) uint8, RGB, upright.

    Raises one of NOT_WHOLE, among them OSError, when it is no whole photograph.
    """
    return np.asarray(_resized(path.read_bytes(), size)).transpose(2, 0, 1)


def read_views(paths: Sequence[Path], size: int) -> Tensor:
    """Return a location's photographs as (4, 3, size, size) uint8, RGB, N, E, S, W.

    In memory the channels come last, as `read_views_into` fills them. Raises InputError naming the file
    that is no whole photograph.
    """
    pixels = torch.empty((len(paths), size, size, 3), dtype=torch.uint8)
    read_views_into(paths, pixels)
    return pixels.permute(0, 3, 1, 2)


def read_views_into(paths: Sequence[Path], pixels: Tensor, sha256: Tensor | None = None) -> None:
    """Fill `pixels`, (4, size, size, 3) uint8 on the CPU, with photographs, RGB, N, E, S, W.

    `sha256`, (4, 32) uint8 on the CPU, receives the SHA-256 of each file, of the same bytes that
    are decoded. Raises InputError naming the file that is no whole photograph; what was filled
    before stays.
    """
    for number, (path, target) in enumerate(zip(paths, pixels.numpy(), strict=True)):
        try:
            data = path.read_bytes()
            target[:] = np.asarray(_resized(data, target.shape[0]))
        except DECODE_ERRORS as error:
            raise InputError(unusable_message(path, describe_error(error))) from error
        if sha256 is not None:
            sha256.numpy()[number] = np.frombuffer(hashlib.sha256(data).digest(), dtype=np.uint8)


def open_rgb(data: bytes, least: int = 0) -> Image.Image:
    """Return the picture in a JPEG file as Pillow's RGB image, turned as its EXIF block says.

    With `least` above 0 it may come at a half, a quarter or an eighth of its size, each side at
    least so many pixels, for a fraction of the time. Raises one of NOT_WHOLE.
    """
    # A huge picture or an odd EXIF block makes Pillow warn before it says whether it can read on.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(BytesIO(data), formats=FORMATS)
        orientation = _orientation(image)
    if least:
        image.draft("RGB", (least, least))
    rgb = image.convert("RGB")
    turn = _TRANSPOSE.get(orientation)
    return rgb if turn is None else rgb.transpose(turn)


def describe_error(error: BaseException) -> str:
    """Say in a word or two what is wrong with a photograph that could not be read."""
    if isinstance(error, FileNotFoundError):
        return GONE
    if isinstance(error, UnidentifiedImageError):
        return NOT_JPEG
    # An error of the system has a number; Pillow's have none.
    return UNREADABLE if isinstance(error, OSError) and error.errno else DAMAGED


def unusable_message(path: Path, what: str) -> str:
    """Return the sentence about a photograph that cannot be used, `what` being its problem."""
    return f"{path}: the photograph is {what}; replace it or remove the location."


def _resized(data: bytes, size: int) -> Image.Image:
    image = open_rgb(data, size)
    if image.size == (size, size):
        return image
    return image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; a block that is none says nothing, and its picture may do."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (*DECODE_ERRORS, TypeError, KeyError):
        return 1
