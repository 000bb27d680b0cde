"""Bytes of JPEG files: pixels of the photograph's size, or one of the known errors."""

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from common import photographs
from common.photographs import DECODE_ERRORS, describe_error, open_rgb, upright_jpeg, upright_size
from tests.fuzz.inputs import damaged, fuzz, result_or_sentence, time_limit
from trainer.data.decode import read_views
from trainer.data.prepare.scan import scan_photograph

SIDE = 48


def jpeg(mode: str = "RGB", **options: Any) -> bytes:
    """Return the bytes of a small JPEG file."""
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def exif() -> Image.Exif:
    """Return a block with an orientation and text."""
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = 6
    block[ExifTags.Base.Make] = "camera"
    block.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    return block


FILES = [
    jpeg(),
    jpeg("L"),
    jpeg("CMYK"),
    jpeg(progressive=True),
    jpeg(exif=exif()),
    jpeg(xmp=b'<rdf:Description tiff:Orientation="8"/>'),
    jpeg(comment=b"x" * 40, dpi=(72, 72), icc_profile=b"icc" * 20),
]
BYTES = st.one_of(
    st.sampled_from(FILES).flatmap(damaged),
    # Damage of the headers alone, which are the first bytes.
    st.sampled_from(FILES).flatmap(
        lambda file: damaged(file[:200]).map(lambda start: start + file[200:])
    ),
    st.binary(max_size=100).map(b"\xff\xd8\xff".__add__),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photographs") / "a_0.jpg"


@fuzz(3)
@given(data=BYTES, side=st.sampled_from([0, 8, 32, 224]))
def test_any_bytes(path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, side: int) -> None:
    monkeypatch.setattr(photographs, "MAX_PIXELS", 4_000_000)  # A larger one takes seconds.

    def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
        with time_limit(), warnings.catch_warnings(action="error"):
            try:
                return function(*arguments)
            except DECODE_ERRORS as error:
                return describe_error(error) and None

    size = outcome(upright_size, data)
    image = outcome(open_rgb, data, side)
    upright = outcome(upright_jpeg, data)
    if image is not None:
        assert image.mode == "RGB"
        assert size is not None
        assert side or image.size == size
        assert upright is not None
        assert upright_size(upright) == size
    path.write_bytes(data)
    views = result_or_sentence(read_views, [path] * 4, 32)
    assert (views is None) == (outcome(open_rgb, data, 32) is None)
    record = scan_photograph(path.parent, path.name)
    assert bool(record.problem) == (outcome(open_rgb, data) is None)
