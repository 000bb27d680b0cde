"""Photographs as the model sees them: upright, whole, and scaled to a square.

This is the one geometry of the project. A map is computed on the squares, so photographs are drawn
as squares wherever a map is drawn over or beside them; the dashboard's style follows in
`assets/style.css` (`img`).
"""

import errno
import os
import stat
import struct
import threading
import warnings
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile

from common.system_errors import error_text

# What Pillow raises for a file that is not a complete photograph.
DECODE_ERRORS = (OSError, SyntaxError, ValueError, struct.error)
GONE, UNREADABLE, NOT_JPEG, DAMAGED = "gone", "unreadable", "no JPEG", "damaged or cut off"
"""Why a photograph cannot be used (`describe_error`); UNREADABLE is followed by the cause."""
MAX_FULL_PIXELS = 178_956_970
"""A larger photograph, above Pillow's limit, is decoded at a half, a quarter or an eighth."""
MAX_PIXELS = 500_000_000
"""A still larger one is refused: a progressive JPEG takes six bytes of memory for each pixel."""
JPEG_QUALITY = 90  # Of a photograph that is turned upright.

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_QUARTER_TURNS = {_TRANSPOSE[orientation] for orientation in (5, 6, 7, 8)}
_TOO_LARGE = "too large"
_UNSUPPORTED = "cannot handle "  # How Pillow's message begins.
# Warning filters belong to the process, not to a thread.
_warnings_lock = threading.Lock()


def open_rgb(data: bytes, min_side: int = 0) -> Image.Image:
    """Decode a JPEG file to an RGB image, rotated upright by its EXIF or XMP orientation.

    With `min_side` above 0 the image may be scaled down by 2, 4 or 8 to at least so many pixels a
    side, which is faster; one of more than MAX_FULL_PIXELS always is. Raises one of DECODE_ERRORS.
    """
    image, transposition = _open(data)
    width, height = image.size
    scale, sides = 1, min(width, height) // min_side if min_side else 1
    while 2 * scale <= sides or width * height > MAX_FULL_PIXELS * scale**2:
        scale *= 2
    if scale > 1:
        image.draft("RGB", (width // scale, height // scale))
    rgb = image.convert("RGB")
    return rgb if transposition is None else rgb.transpose(transposition)


def upright_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a JPEG file, upright, in pixels; raises one of DECODE_ERRORS."""
    image, transposition = _open(data)
    width, height = image.size
    return (height, width) if transposition in _QUARTER_TURNS else (width, height)


def open_file(path: Path) -> BinaryIO:
    """Open a photograph for reading; raises OSError also where reading could wait for ever.

    Such is a named pipe, whatever its name.
    """
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(file).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
        return os.fdopen(file, "rb")
    except OSError:
        os.close(file)
        raise


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a photograph; raises as `open_file` does."""
    with open_file(path) as file:
        return file.read()


def describe_error(error: BaseException) -> str:
    """Return in some words, after "the photograph is", why a photograph cannot be used."""
    if isinstance(error, FileNotFoundError):
        return GONE
    if isinstance(error, OSError) and error.errno:  # Pillow's have no number.
        return f"{UNREADABLE} ({error_text(error)})"
    if isinstance(error, _TooLargeError):
        return str(error)
    if isinstance(error, SyntaxError) and str(error) == "not a JPEG file":
        return NOT_JPEG
    if isinstance(error, SyntaxError) and str(error).startswith(_UNSUPPORTED):
        return f"a JPEG of a kind that is not read ({str(error).removeprefix(_UNSUPPORTED)})"
    return DAMAGED


def unusable_message(path: Path, problem: str, otherwise: str = "remove the location") -> str:
    """Return the error message for a photograph with a problem (`describe_error`)."""
    remedy = "make it readable" if problem.startswith(UNREADABLE) else "replace it"
    remedy = "scale it down" if problem.startswith(_TOO_LARGE) else remedy
    return f"{path}: the photograph is {problem}; {remedy} or {otherwise}."


class _TooLargeError(ValueError):
    """A photograph of more than MAX_PIXELS."""


def to_square(image: Image.Image, size: int) -> Image.Image:
    """Return the whole of an image scaled to `size` x `size` pixels, without its aspect ratio.

    Nothing is cropped or padded: what is at the fraction (x, y) of the image's width and height is
    there in the square, too.
    """
    if image.size == (size, size):
        return image
    return image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)


def upright_jpeg(data: bytes) -> bytes:
    """Return a JPEG file whose pixels are stored upright: the file itself if they are.

    Raises one of DECODE_ERRORS.
    """
    if _open(data)[1] is None:
        return data
    file = BytesIO()
    open_rgb(data).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def _open(data: bytes) -> tuple[JpegImageFile, Image.Transpose | None]:
    """Return an image that is not decoded yet, and what turns it upright."""
    # Pillow warns of huge images and odd EXIF blocks before it reports whether it can read them.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = JpegImageFile(BytesIO(data))  # Image.open refuses more than MAX_FULL_PIXELS.
        width, height = image.size
        if width * height > MAX_PIXELS:
            limit = MAX_PIXELS // 10**6
            raise _TooLargeError(
                f"{_TOO_LARGE} ({width} x {height} pixels, read are up to {limit} megapixels)"
            )
        return image, _TRANSPOSE.get(_orientation(image))


def _orientation(image: Image.Image) -> int:
    """Return the orientation in the file's metadata; 1 (upright) if the block is damaged."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (*DECODE_ERRORS, TypeError, KeyError):
        return 1
