"""The painted country as files: layout, determinism, tables, and the command."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.synthetic import elements, paint
from trainer.synthetic.__main__ import main
from trainer.synthetic.country import inside
from trainer.synthetic.generator import SEASONS
from trainer.synthetic.scene import scene
from trainer.synthetic.states import STATES, spread
from trainer.synthetic.write import bayes_accuracy

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


@pytest.mark.slow
def test_layout_and_names(painted: Path) -> None:
    top = {path.name for path in painted.iterdir()}
    assert top == {
        "train", "test", "mask", "elements.csv", "evidence.csv", "posterior.csv",
        "synthesize.json",
    }  # fmt: skip
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
            with (folder / "info.txt").open(newline="\n", encoding="utf-8") as file:
                lines = file.read().split("\n")
            assert lines.pop() == ""
            listed = set()
            for line in lines:
                match = LINE.fullmatch(line)
                assert match is not None, repr(line)
                at = np.array([float(match[2])]), np.array([float(match[3])])
                assert inside(folder.name, *at)[0]
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
    assert {elements.SKY, elements.ROAD, elements.HILL, elements.COVER, elements.LOT} <= seen


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
        "evidence.csv",
        "posterior.csv",
        "synthesize.json",
        *(f"{split}/{name}/info.txt" for split in ("train", "test")
          for name in ("Alaska", "Arizona")),
    }  # fmt: skip


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_evidence_names_what_the_masks_show(painted: Path) -> None:
    rows = rows_of(painted / "evidence.csv")
    shares: dict[tuple[str, str], float] = {}
    for row in rows:
        assert row["location"].startswith(f"{row['state']}/")
        shares[row["location"], row["element"]] = float(row["share"])
        if row["element"] in ("road", "cloud", "house", "car", "signboard", "lot"):
            assert float(row["nats"]) == 0.0
    assert len({row["location"] for row in rows}) == 5 * 5
    for folder in sorted((painted / "mask" / "test").iterdir()):
        first = sorted(folder.glob("*_0.png"))[0].name.removesuffix("_0.png")
        masks = np.stack([np.asarray(Image.open(path)) for path in folder.glob(f"{first}_*.png")])
        assert len(masks) == 4
        for value in np.unique(masks):
            share = shares[f"{folder.name}/{first}", elements.NAMES[int(value)]]
            assert share == pytest.approx((masks == value).mean(), abs=1e-6)


def test_the_posterior_ranks_every_location(painted: Path) -> None:
    rows = rows_of(painted / "posterior.csv")
    assert len(rows) == 5 * 5
    for row in rows:
        assert (row["best"] == row["state"]) == (row["rank"] == "1")
        assert 0 <= float(row["probability"]) <= 1
    first, five = bayes_accuracy(painted)
    assert 0.5 < first <= five == 1.0


@pytest.mark.slow
def test_swapped_locations_are_beside_their_originals(tmp_path: Path) -> None:
    folder = paint(
        tmp_path / "data", states=4, train=1, test=4, image_size=64, num_workers=1, swap="pole"
    )
    swaps = rows_of(folder / "swap.csv")
    assert swaps
    for row in swaps:
        assert row["element"] == "pole"
        assert row["other"] != row["state"]
        assert row["values"] != row["swapped_values"]
        for split, kind in (("", "jpg"), ("mask/", "png")):
            for heading in (0, 90, 180, 270):
                name = f"{row['location']}_{heading}.{kind}"
                assert (folder / f"{split}test" / name).is_file()
                assert (folder / f"{split}swap" / name).is_file()
    listed = [path.read_bytes().count(b"\n") for path in folder.glob("swap/*/info.txt")]
    assert sum(listed) == len(swaps)


def test_a_season_can_be_confounded_with_a_state(tmp_path: Path) -> None:
    folder = paint(
        tmp_path / "data", states=2, train=8, test=1, image_size=32, num_workers=1,
        seasons=("Arizona=winter",),
    )  # fmt: skip
    rows = [row for row in rows_of(folder / "evidence.csv") if row["element"] == "season"]
    seasons = [row["values"] for row in rows if row["state"] == "Arizona"]
    assert seasons.count("winter") >= 6
    winter = [float(row["nats"]) for row in rows if row["values"] == "winter"]
    assert winter[-1] == pytest.approx(np.log(0.9 / ((0.9 + SEASONS["winter"]) / 2)), abs=1e-5)


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
        ["--swap", "house"], ["--season", "Ohio=monsoon"],
        ["--states", "2", "--season", "Ohio=winter"],
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
