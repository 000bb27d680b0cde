import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from sklearn.datasets import load_sample_images

from common import photographs
from common.errors import InputError
from tests.examples import folder, stored_as
from trainer.data import decode, file_names, layout
from trainer.data.prepare.scan import scan_photograph


def test_views_are_the_real_pixels(tmp_path: Path) -> None:
    pixel = load_sample_images().images[0][:400, :400]
    paths = [tmp_path / f"2015_x_{degree}.jpg" for degree in file_names.HEADINGS]
    for quarter, path in enumerate(paths):
        Image.fromarray(np.rot90(pixel, quarter)).save(path, quality=100, subsampling=0)
    views = decode.read_views(paths, 400)
    assert views.shape == (4, 3, 400, 400)
    assert views.dtype == torch.uint8
    difference = views[0].permute(1, 2, 0).numpy().astype(int) - pixel
    assert abs(difference).mean() < 1
    assert torch.allclose(
        views[1].float(), torch.rot90(views[0], 1, (1, 2)).float(), atol=30, rtol=0
    )


def test_views_are_scaled_without_aliasing(tmp_path: Path) -> None:
    pixel = load_sample_images().images[1][:400, :400]
    path = tmp_path / "x.jpg"
    Image.fromarray(pixel).save(path, quality=95)
    small = decode.read_views([path], 50)[0].numpy().transpose(1, 2, 0).astype(float)
    mean = pixel.reshape(50, 8, 50, 8, 3).mean(axis=(1, 3))
    assert abs(small - mean).mean() < 3


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:600])


def _text(path: Path) -> None:
    path.write_text("this is no picture")


def _portable(path: Path) -> None:
    Image.new("RGB", (64, 64)).save(path, format="PNG")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (_truncate, "damaged or cut off"),
        (_text, "no JPEG"),
        (_portable, "no JPEG"),
        (lambda path: path.write_bytes(b""), "no JPEG"),
        (Path.unlink, "gone"),
    ],
)
def test_an_unreadable_photograph_is_named(
    tmp_path: Path, spoil: Callable[[Path], object], what: str
) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    bad = root / "Ohio" / "2015_-A_b0000_90.jpg"
    paths = [root / name for name in layout.index_folder(root).locations[0].images]
    spoil(bad)
    with pytest.raises(InputError, match=f"2015_-A_b0000_90.jpg: the photograph is {what}"):
        decode.read_views(paths, 32)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_become_red_green_blue(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "x.jpg"
    Image.new("RGB", (64, 64), (200, 200, 200)).convert(mode).save(path)
    assert decode.read_views([path] * 4, 32)[0].numpy().mean(axis=(1, 2)) == pytest.approx(
        [200] * 3, abs=3
    )


def test_the_channels_come_last_in_memory(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    paths = [root / name for name in layout.index_folder(root).locations[0].images]
    views = decode.read_views(paths, 32)
    assert views.is_contiguous(memory_format=torch.channels_last)


def test_photographs_are_read_into_a_place_in_a_batch(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 1, size=48)
    paths = [root / name for name in layout.index_folder(root).locations[0].images]
    batch = torch.full((3, 4, 32, 32, 3), 7, dtype=torch.uint8)
    decode.read_views_into(paths, batch[1])
    assert torch.equal(batch[1].permute(0, 3, 1, 2), decode.read_views(paths, 32))
    assert (batch[0] == 7).all()
    assert (batch[2] == 7).all()


def test_the_bytes_that_are_decoded_are_hashed_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    paths = [root / name for name in layout.index_folder(root).locations[0].images]
    pixels = torch.empty((4, 32, 32, 3), dtype=torch.uint8)
    sha256 = torch.zeros((4, 32), dtype=torch.uint8)
    decode.read_views_into(paths, pixels, sha256)
    for path, digest in zip(paths, sha256, strict=True):
        assert digest.numpy().tobytes() == hashlib.sha256(path.read_bytes()).digest()
    # Training, which does not ask for it, does not pay for it.
    monkeypatch.setattr(decode, "hashlib", None)
    decode.read_views_into(paths, pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [64, 32])
def test_a_photograph_is_turned_upright(tmp_path: Path, orientation: int, size: int) -> None:
    picture = np.zeros((64, 64, 3), dtype=np.uint8)
    picture[:32, :32], picture[:32, 32:], picture[32:, :32] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = stored_as(Image.fromarray(picture), orientation)
    stored.save(tmp_path / "x.jpg", quality=95, exif=exif)
    seen = decode.read_views([tmp_path / "x.jpg"], size)[0].numpy()
    middle, far = size // 4, 3 * size // 4
    corners = seen[:, [middle, middle, far, far], [middle, far, middle, far]].T
    expected = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)]
    assert np.allclose(corners, expected, atol=12)


@pytest.mark.parametrize(
    "block", [b"garbage", b"MM\x00*\x00\x00\x00\x08\x00\x09\x01\x12", b"II*\x00\xff\xff\xff\xff"]
)
def test_an_odd_exif_block_is_passed_over_in_silence(tmp_path: Path, block: bytes) -> None:
    path = tmp_path / "x.jpg"
    Image.new("RGB", (64, 64), (200, 100, 50)).save(path, exif=b"Exif\x00\x00" + block)
    assert decode.read_views([path], 64)[0].numpy().mean(axis=(1, 2)) == pytest.approx(
        [200, 100, 50], abs=3
    )


def test_a_huge_photograph_is_read_at_reduced_size_and_a_larger_one_refused_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.jpg"
    gradient = np.tile(np.arange(64, dtype=np.uint8)[:, None], (1, 128))
    Image.fromarray(gradient).save(path, quality=95)
    before = decode.read_views([path], 64)
    whole = scan_photograph(tmp_path, "x.jpg")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 16)  # Pillow's limit.
    monkeypatch.setattr(photographs, "MAX_FULL_PIXELS", 64 * 128 // 4)
    assert photographs.open_rgb(path.read_bytes()).size == (64, 32)
    assert (decode.read_views([path], 64).int() - before.int()).abs().max() <= 2
    record = scan_photograph(tmp_path, "x.jpg")
    assert (record.width, record.height, record.problem) == (128, 64, "")
    assert record.channel_sums == pytest.approx(whole.channel_sums, rel=0.01)
    assert record.channel_square_sums == pytest.approx(whole.channel_square_sums, rel=0.02)
    monkeypatch.setattr(photographs, "MAX_PIXELS", 64 * 128 - 1)
    with pytest.raises(InputError, match=r"too large \(128 x 64 pixels, .*; scale it down or"):
        decode.read_views([path], 64)
    assert scan_photograph(tmp_path, "x.jpg").problem.startswith("too large (128 x 64 pixels")


def test_a_jpeg_of_twelve_bits_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    Image.new("L", (64, 64)).save(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"\xff\xc0") + 4] = 12
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a JPEG of a kind that is not read \(12-bit layers\)"):
        decode.read_views([path], 64)


def test_what_cannot_be_opened_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").mkdir()
    reason = r"unreadable \(Is a directory\); make it readable or remove the location"
    with pytest.raises(InputError, match=reason):
        decode.read_views([tmp_path / "x.jpg"], 64)


def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    path = tmp_path / "x_0.jpg"
    os.mkfifo(path)
    with pytest.raises(InputError, match=r"x_0.jpg: the photograph is unreadable \(Not a regular"):
        decode.read_views([path] * 4, 32)
    assert "Not a regular file" in scan_photograph(tmp_path, path.name).problem
