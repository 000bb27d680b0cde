import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_sample_images

from tests.examples import folder
from trainer import dataset
from trainer.errors import InputError


def test_index_is_sorted_and_complete(tmp_path: Path) -> None:
    index = dataset.index(folder(tmp_path / "data", ("Ohio", "New Mexico"), 3))
    assert index.class_name == ("New Mexico", "Ohio")
    assert [place.id for place in index.location] == sorted(place.id for place in index.location)
    assert index.location[0].image == tuple(
        f"New Mexico/2015_-A_b1000_{degree}.jpg" for degree in (0, 90, 180, 270)
    )
    assert index.location[0].latitude == pytest.approx(31.0)
    assert index.location[1].longitude == pytest.approx(-90.01)


def test_the_wrapper_of_the_test_archive_is_looked_through(tmp_path: Path) -> None:
    folder(tmp_path / "archive" / "test_data", ("Ohio",), 2)
    assert len(dataset.index(tmp_path / "archive").location) == 2


def test_info_may_name_views_or_be_absent(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio", "Iowa"), 1)
    (root / "Iowa" / "info.txt").write_bytes(b"2015_-A_b1000_90.jpg \r 12.5 -3.25 \n")
    (root / "Ohio" / "info.txt").unlink()
    iowa, ohio = dataset.index(root).location
    assert (iowa.latitude, iowa.longitude) == (12.5, -3.25)
    assert math.isnan(ohio.latitude)


def test_a_location_with_three_views_is_skipped_and_listed(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 3)
    (root / "Ohio" / "2015_-A_b0001_180.jpg").unlink()
    index = dataset.index(root)
    assert len(index.location) == 2
    assert [(item.id, item.reason) for item in index.skipped] == [
        ("Ohio/2015_-A_b0001", "no view at heading 180")
    ]


@given(
    name=st.from_regex(r"20[01][0-9]_[A-Za-z0-9_\-]{22}", fullmatch=True),
    degree=st.sampled_from(dataset.DEGREES),
)
def test_any_pano_id_keeps_its_underscores(name: str, degree: int) -> None:
    stem, heading = dataset.view_of(f"{name}_{degree}.jpg") or ("", -1)
    assert (stem, heading) == (name, degree)


@pytest.mark.parametrize("name", ["readme.jpg", "2015_x_45.jpg", "_0.jpg", "2015_x_0.png"])
def test_other_files_are_no_views(name: str) -> None:
    assert dataset.view_of(name) is None


def test_no_location_is_on_both_sides_and_every_class_on_each(tmp_path: Path) -> None:
    split = dataset.split(dataset.index(folder(tmp_path, ("A", "B"), 20)), 0.1, seed=3)
    training = {place.id for place in split.training}
    validation = {place.id for place in split.validation}
    assert not training & validation
    assert (len(training), len(validation)) == (36, 4)
    assert {place.class_name for place in split.validation} == {"A", "B"}


def test_the_split_depends_on_the_seed_alone(tmp_path: Path) -> None:
    index = dataset.index(folder(tmp_path, ("A", "B"), 20))
    assert dataset.split(index, 0.1, seed=3) == dataset.split(index, 0.1, seed=3)
    assert dataset.split(index, 0.1, seed=3) != dataset.split(index, 0.1, seed=4)


def test_views_are_the_real_pixels(tmp_path: Path) -> None:
    pixel = load_sample_images().images[0][:400, :400]
    paths = [tmp_path / f"2015_x_{degree}.jpg" for degree in dataset.DEGREES]
    for quarter, path in enumerate(paths):
        Image.fromarray(np.rot90(pixel, quarter)).save(path, quality=100, subsampling=0)
    views = dataset.views(paths, 400)
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
    small = dataset.decode(path, 50).transpose(1, 2, 0).astype(float)
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
        (_truncate, "cut off or damaged"),
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
    paths = [root / name for name in dataset.index(root).location[0].image]
    spoil(bad)
    with pytest.raises(InputError, match=f"2015_-A_b0000_90.jpg: the photograph is {what}"):
        dataset.views(paths, 32)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_become_red_green_blue(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "x.jpg"
    Image.new("RGB", (64, 64), (200, 200, 200)).convert(mode).save(path)
    assert dataset.decode(path, 32).mean(axis=(1, 2)) == pytest.approx([200] * 3, abs=3)


@pytest.mark.parametrize("make", ["missing", "empty", "bare"])
def test_a_folder_without_locations_is_refused(tmp_path: Path, make: str) -> None:
    root = tmp_path / "data"
    if make != "missing":
        root.mkdir()
    if make == "bare":
        (root / "Ohio").mkdir()
    with pytest.raises(InputError, match=f"^{root}: "):
        dataset.index(root)


def test_a_class_with_one_location_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio", "Iowa"), 3)
    folder(tmp_path, ("Utah",), 1)
    with pytest.raises(InputError, match="Utah: one complete location"):
        dataset.split(dataset.index(root), 0.1, seed=0)


def test_of_two_files_for_one_view_the_same_is_taken_everywhere(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    (root / "Ohio" / "2015_-A_b0000_0.jpeg").write_bytes(b"")
    assert dataset.index(root).location[0].image[0] == "Ohio/2015_-A_b0000_0.jpg"


def test_an_empty_class_folder_is_listed(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio", "Iowa"), 2)
    (root / "Utah").mkdir()
    index = dataset.index(root)
    assert index.class_name == ("Iowa", "Ohio")
    assert [item.id for item in index.skipped] == ["Utah"]


def test_an_info_in_another_encoding_is_read(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    (root / "Ohio" / "info.txt").write_bytes(b"caf\xe9 \r 1 2 \n2015_-A_b0000 \r 41.5 -82.5 \n")
    assert dataset.index(root).location[0].latitude == 41.5


def test_a_broken_info_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path, ("Ohio",), 1)
    (root / "Ohio" / "info.txt").write_bytes(b"2015_x \r north west \n")
    with pytest.raises(InputError, match=r"info.txt: line 1 "):
        dataset.index(root)
