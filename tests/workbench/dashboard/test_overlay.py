"""Maps laid over photographs: colours, scales, and that what is shown changes nothing."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.dashboard import overlay
from workbench.dashboard.overlay import Display


def random_map() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(0).normal(size=(4, 10, 10)).astype(np.float32)


def test_colours_are_full_at_a_percentile_of_all_views() -> None:
    values = np.zeros((4, 10, 10), dtype=np.float32)
    values[2, 0] = -np.arange(10)
    assert overlay.limit(values, Display()) == pytest.approx(np.percentile(np.abs(values), 99))
    assert overlay.limit(values, Display(percentile=100)) == 9
    assert overlay.limit(values, Display(percentile=95)) == 0
    assert overlay.limit(values, Display(full=0.25, percentile=95)) == 0.25


def test_red_is_towards_and_blue_against_and_nothing_is_grey() -> None:
    photograph = Image.new("RGB", (16, 16), (200, 120, 40))
    for value, channel in ((1.0, 0), (-1.0, 2)):
        pixel = np.asarray(overlay.blend(photograph, np.full((4, 4), value, dtype=np.float32), 1.0))
        assert pixel.shape == (16, 16, 3)
        assert pixel[8, 8].argmax() == channel
    flat = np.asarray(overlay.blend(photograph, np.zeros((4, 4), dtype=np.float32), 0.0))
    assert len(set(flat[8, 8].tolist())) == 1


def test_half_the_strength_is_half_the_colour() -> None:
    photograph = Image.new("RGB", (16, 16), (200, 120, 40))
    values = np.ones((4, 4), dtype=np.float32)
    full, half, none = (
        np.asarray(overlay.blend(photograph, values, 1.0, strength)).astype(int)[8, 8]
        for strength in (1.0, 0.5, 0.0)
    )
    assert np.abs(half - (full + none) / 2).max() <= 1
    assert len(set(none.tolist())) == 1


def test_one_scale_makes_maps_comparable() -> None:
    pictures = [Image.new("RGB", (8, 8), (90, 90, 90))] * 4
    weak, strong = random_map(), random_map() * 2
    assert overlay.data_urls(pictures, weak, Display()) == overlay.data_urls(
        pictures, strong, Display()
    )
    same = Display(full=2.0)
    assert overlay.data_urls(pictures, weak, same) != overlay.data_urls(pictures, strong, same)
    assert overlay.data_urls(pictures, weak, Display(full=1.0)) == overlay.data_urls(
        pictures, strong, same
    )


def test_showing_a_map_leaves_it_as_it_is() -> None:
    values = random_map()
    values.flags.writeable = False
    overlay.data_urls([Image.new("L", (8, 8))] * 4, values, Display(0.1, 95, 0.5))
    assert np.array_equal(values, random_map())


def test_photographs_are_squares_no_larger_than_asked_and_never_enlarged(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20)).save(tmp_path / "wide.jpg")
    path = tmp_path / "wide.jpg"
    for largest, side in ((10, 10), (64, 40)):
        assert [view.size for view in overlay.views([path], largest)] == [(side, side)]


def test_the_average_of_photographs_is_taken_view_by_view() -> None:
    dark, light = Image.new("RGB", (8, 8), (0, 0, 0)), Image.new("RGB", (4, 4), (200, 200, 200))
    means = overlay.average([[dark] * 4, [light, light, dark, dark]])
    assert [np.asarray(one).max() for one in means] == [100, 100, 0, 0]
    assert means[0].size == (8, 8)
