"""The painted states: layout, determinism, one scene seen four times, and real geography."""

import csv
import re
import subprocess
import sys
from dataclasses import astuple, replace
from math import degrees, pi, radians
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.synthetic import climates, elements, paint
from trainer.synthetic.__main__ import main
from trainer.synthetic.backdrop import light
from trainer.synthetic.scene import Scene, scene, sun
from trainer.synthetic.states import STATES, State, spread
from trainer.synthetic.view import views

BY_NAME = {state.name: state for state in STATES}
PHOTOGRAPH = re.compile(r"(20\d\d)_([A-Za-z0-9_-]{22})_(0|90|180|270)\.jpg")
LINE = re.compile(r"(\d{4}_[A-Za-z0-9_-]{22}) \r (-?\d+\.\d+) (-?\d+\.\d+) ")


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("painted") / "data"
    return paint(folder, states=5, train=3, test=2, image_size=64, seed=7, num_workers=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def masks_of(place: Scene, size: int = 64) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return views(place, size)[1]


def quiet(state: State, index: int) -> Scene:
    """A scene of bare land, road and sky, without anything that stands in the way."""
    place = scene(state, (1, 0, 0, index))
    look = replace(place.look, forest=0.0, pole="none")
    return replace(place, look=look, things=(), bend=0.0)


def test_layout_and_names(painted: Path) -> None:
    top = {path.name for path in painted.iterdir()}
    assert top == {"train", "test", "mask", "elements.csv", "synthesize.json"}
    names = [state.name for state in spread(5)]
    ids = set()
    for split, count in (("train", 3), ("test", 2)):
        assert sorted(path.name for path in (painted / split).iterdir()) == names
        for name in names:
            files = sorted((painted / split / name).glob("*.jpg"))
            assert len(files) == 4 * count
            matches = [PHOTOGRAPH.fullmatch(path.name) for path in files]
            assert all(matches)
            for match in matches:
                assert match is not None
                assert 2007 <= int(match[1]) <= 2018
                ids.add(match[2])
    assert len(ids) == 5 * 5
    assert [path.name for path in painted.parent.iterdir()] == ["data"]


def test_names_of_folders_may_have_spaces_and_ids_separators(tmp_path: Path) -> None:
    assert "New Hampshire" in BY_NAME
    places = [scene(BY_NAME["Ohio"], (0, 0, 0, index)) for index in range(40)]
    panoids = [place.name[5:] for place in places]
    assert any("_" in panoid for panoid in panoids)
    assert any("-" in panoid for panoid in panoids)


def test_info_lines_are_exact_and_inside_the_state(painted: Path) -> None:
    for split in ("train", "test"):
        for folder in (painted / split).iterdir():
            box = BY_NAME[folder.name].box
            with (folder / "info.txt").open(newline="\n", encoding="utf-8") as file:
                lines = file.read().split("\n")
            assert lines.pop() == ""
            listed = set()
            for line in lines:
                match = LINE.fullmatch(line)
                assert match is not None, repr(line)
                assert box.south <= float(match[2]) <= box.north
                assert box.west <= float(match[3]) <= box.east
                listed.add(match[1])
            assert listed == {path.stem.rsplit("_", 1)[0] for path in folder.glob("*.jpg")}


def test_masks_match_the_pictures(painted: Path) -> None:
    with (painted / "elements.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:3] == ["id", "name", "tells_state"]
    assert {row["tells_state"] for row in rows} == {"yes", "no"}
    known = {int(row["id"]) for row in rows}
    pictures = sorted(painted.glob("t*/*/*.jpg"))
    assert len(pictures) == len(list(painted.glob("mask/*/*/*.png")))
    seen = set()
    for path in pictures:
        relative = path.relative_to(painted).with_suffix(".png")
        with Image.open(path) as picture, Image.open(painted / "mask" / relative) as mask:
            assert picture.mode == "RGB"
            assert mask.mode == "L"
            assert picture.size == mask.size == (64, 64)
            seen |= set(np.unique(np.asarray(mask)).tolist())
    assert seen <= known
    assert {elements.SKY, elements.ROAD, elements.HILL, elements.COVER} <= seen


def test_mask_says_where_a_thing_was_painted() -> None:
    place = scene(BY_NAME["Kansas"], (0, 0, 0, 4))
    place = replace(place, look=replace(place.look, forest=0.0, pole="none"))
    with_things, masks = views(place, 128)
    without, _ = views(replace(place, things=()), 128)
    solid = np.isin(masks, [elements.TREE, elements.HOUSE, elements.CAR, elements.SHRUB])
    changed = np.any(with_things != without, axis=-1)
    assert solid.any()
    assert changed[solid].mean() > 0.97


@pytest.mark.spawn
def test_same_bytes_for_any_number_of_workers(painted: Path, tmp_path: Path) -> None:
    again = paint(
        tmp_path / "again", states=5, train=3, test=2, image_size=64, seed=7, num_workers=2
    )
    assert contents(again) == contents(painted)


def test_another_seed_gives_another_data_set(tmp_path: Path) -> None:
    first = paint(tmp_path / "a", states=2, train=1, test=1, image_size=32, seed=0, num_workers=1)
    second = paint(tmp_path / "b", states=2, train=1, test=1, image_size=32, seed=1, num_workers=1)
    assert not set(contents(first)) & set(contents(second)) - {
        "elements.csv",
        "synthesize.json",
        *(f"{split}/{name}/info.txt" for split in ("train", "test")
          for name in ("Alaska", "Arizona")),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["Colorado", "Arizona", "Ohio", "Hawaii"])
def test_horizon_and_road_go_round(name: str) -> None:
    for index in range(3):
        pictures, masks = views(quiet(BY_NAME[name], index), 128)
        for heading in range(4):
            following = (heading + 1) % 4
            right, left = masks[heading][:, -1], masks[following][:, 0]
            for element in (elements.HILL, elements.ROAD, elements.WATER):
                edges = np.isin(right, element), np.isin(left, element)
                assert (edges[0] != edges[1]).sum() <= 8, (name, index, heading, element)
            step = np.abs(
                pictures[heading][:, -1].astype(int) - pictures[following][:, 0].astype(int)
            ).mean()
            inside = np.abs(np.diff(pictures[heading].astype(int), axis=1)).mean()
            assert step < 4 * inside + 4


def test_neighbouring_views_only_fit_in_order() -> None:
    """The seam of a view fits the next heading better than the one after."""
    masks = masks_of(quiet(BY_NAME["Utah"], 5), 128)
    fits = np.array([
        [(masks[first][:, -1] == masks[second][:, 0]).mean() for second in range(4)]
        for first in range(4)
    ])  # fmt: skip
    assert (fits.argmax(axis=1) == (np.arange(4) + 1) % 4).all()


def test_the_sun_stands_in_one_place() -> None:
    seen = 0
    for index in range(30):
        place = quiet(BY_NAME["Kansas"], index)
        place = replace(place, chance=replace(place.chance, cloud_cover=0.0, overcast=0.0))
        masks = masks_of(place)
        views_with_sun = [h for h in range(4) if (masks[h] == elements.SUN).any()]
        assert len(views_with_sun) <= 1
        if views_with_sun:
            seen += 1
            assert views_with_sun[0] == round(place.sun_azimuth / (pi / 2)) % 4
            assert views_with_sun != [0]
    assert seen >= 3


def test_height_of_the_sun_at_noon() -> None:
    azimuth, elevation = sun(40.0, 81.0, 0.0)
    assert degrees(azimuth) == pytest.approx(180.0)
    assert degrees(elevation) == pytest.approx(50.0)
    assert sun(64.0, 172.0, 0.0)[1] < sun(20.0, 172.0, 0.0)[1]
    assert sun(40.0, 81.0, -0.9)[0] < radians(180) < sun(40.0, 81.0, 0.9)[0]


def test_table_holds_fifty_states_with_sensible_rows() -> None:
    names = [state.name for state in STATES]
    assert len(set(names)) == 50
    assert names == sorted(names)
    kinds = {climate.climate for climate in climates.CLIMATES}
    for state in STATES:
        assert state.look.climate in kinds
        assert state.box.south < state.box.north
        assert state.box.west < state.box.east
        assert sum(share for _, share in state.look.trees) == pytest.approx(1.0)
    looks = [state.look for state in STATES]
    assert len(set(looks)) == 50


def test_few_states_are_unlike() -> None:
    assert [state.name for state in spread(4)] == ["Alaska", "Arizona", "Hawaii", "Illinois"]
    assert spread(50) == STATES
    assert len(spread(17)) == 17
    assert len({state.look.climate for state in spread(15)}) == 15


def test_one_climate_looks_alike_and_alaska_and_arizona_do_not() -> None:
    def mean_colour(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        land = []
        for index in range(12):
            place = scene(BY_NAME[name], (3, 0, 0, index))
            pictures, _ = views(replace(place, winter=False, autumn=False), 32)
            rows = pictures.reshape(4, 8, 4, 32, 3).mean(axis=(0, 2, 3))
            land.append(rows[2:].reshape(-1))
        return np.asarray(np.mean(land, axis=0))

    midwest = [mean_colour(name) for name in ("Illinois", "Indiana", "Ohio", "Iowa")]
    odd = [mean_colour(name) for name in ("Alaska", "Arizona")]
    within = max(float(np.linalg.norm(a - b)) for a in midwest for b in midwest)
    between = min(float(np.linalg.norm(a - b)) for a in midwest for b in odd)
    assert between > 1.1 * within
    assert float(np.linalg.norm(odd[0] - odd[1])) > within


def test_what_means_nothing_does_not_know_the_state() -> None:
    for index in range(10):
        seed = (0, 0, 0, index)
        first, second = scene(BY_NAME["Alaska"], seed), scene(BY_NAME["Florida"], seed)
        assert first.chance == second.chance
        assert first.name == second.name
        nothing = {elements.CAR, elements.HOUSE}
        assert [thing for thing in first.things if thing.element in nothing] == [
            thing for thing in second.things if thing.element in nothing
        ]
        assert first.look != second.look
        for one, other in zip(astuple(light(first)), astuple(light(second)), strict=True):
            assert np.array_equal(one, other)


def test_scenes_of_one_state_vary() -> None:
    places = [scene(BY_NAME["Iowa"], (0, 0, 0, index)) for index in range(6)]
    assert len({place.look.cover for place in places}) == 6
    assert len({place.road_angle for place in places}) == 6


def test_a_folder_that_is_not_empty_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keep.txt").write_text("mine")
    options = ["--states", "2", "--train", "1", "--test", "1", "--image-size", "32"]
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path), *options])
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert str(tmp_path) in message
    assert message.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["keep.txt"]


@pytest.mark.parametrize(
    "option",
    [
        ["--states", "1"], ["--states", "51"], ["--train", "0"], ["--test", "0"],
        ["--image-size", "100"], ["--image-size", "0"], ["--seed", "-1"], ["--num-workers", "0"],
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path / "data"), *option])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.spawn
def test_painting_needs_no_torch() -> None:
    code = "import sys, trainer.synthetic.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
