"""Photographs as the model sees them: upright, whole, and scaled to a square.

This is the one geometry of the project. A map is computed on the squares, so photographs are drawn
as squares wherever a map is drawn over or beside them; the dashboard's style follows in
`assets/style.css` (`img`).
"""

import struct
import threading
import warnings
from io import BytesIO

from PIL import ExifTags, Image

FORMATS = ("JPEG",)
# What Pillow raises for a file that is not a complete photograph.
DECODE_ERRORS = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)
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
# Warning filters belong to the process, not to a thread.
_warnings_lock = threading.Lock()


def open_rgb(data: bytes, min_side: int = 0) -> Image.Image:
    """Decode a JPEG file to an RGB image, rotated upright by its EXIF or XMP orientation.

    With `min_side` above 0 the image may be scaled down by 2, 4 or 8 to at least so many pixels a
    side, which is faster. Raises one of DECODE_ERRORS.
    """
    image, transposition = _open(data)
    if min_side:
        image.draft("RGB", (min_side, min_side))
    rgb = image.convert("RGB")
    return rgb if transposition is None else rgb.transpose(transposition)


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


def _open(data: bytes) -> tuple[Image.Image, Image.Transpose | None]:
    """Return an image that is not decoded yet, and what turns it upright."""
    # Pillow warns of huge images and odd EXIF blocks before it reports whether it can read them.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(BytesIO(data), formats=FORMATS)
        return image, _TRANSPOSE.get(_orientation(image))


def _orientation(image: Image.Image) -> int:
    """Return the orientation in the file's metadata; 1 (upright) if the block is damaged."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (*DECODE_ERRORS, TypeError, KeyError):
        return 1
