"""The report: what is odd in two folders, found, sorted and written down."""

import csv
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.challenge import challenge
from tests.examples import DEGREES, folder, photograph
from trainer.data.prepare.__main__ import main
from trainer.data.prepare.photograph_index import index_file


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the report on a training and a test folder in which all is odd."""
    place = tmp_path_factory.mktemp("reported")
    train, test = place / "train", place / "test"
    for root, seed in ((train, 100), (test, 500)):
        for name in ("New Mexico", "Ohio"):
            for number in range(3 if root == train else 2):
                for degree in DEGREES:
                    seed += 1
                    path = root / name / f"2015_{name[:2]}-_{root.name}{number}_{degree}.jpg"
                    scene(path, seed)
    ohio = train / "Ohio"
    (ohio / "2015_Oh-_train0_90.jpg").unlink()
    (ohio / "2015_Oh-_train1_0.jpg").write_bytes(b"text")
    scene(ohio / "2015_Oh-_train2_0.jpg", 7, size=96)
    Image.open(ohio / "2015_Oh-_train2_90.jpg").resize((64, 48)).save(
        ohio / "2015_Oh-_train2_90.jpg"
    )
    # The same bytes in two classes, nearly the same picture in train and test, a pano in all.
    shutil.copy(train / "New Mexico" / "2015_Ne-_train0_0.jpg", ohio / "2015_Oh-_train2_180.jpg")
    with Image.open(train / "New Mexico" / "2015_Ne-_train0_180.jpg") as image:
        image.save(test / "New Mexico" / "2015_Ne-_test1_180.jpg", quality=80)
    for degree in DEGREES:
        scene(train / "Ohio" / f"2009_a_pano-1_{degree}.jpg", 900 + degree)
        scene(test / "New Mexico" / f"2011_a_pano-1_{degree}.jpg", 2900 + degree)
    options = [str(train), "--test", str(test), "--out", str(place / "runs"), "--num-workers", "0"]
    assert main(options) == 0
    return place


def scene(path: Path, seed: int, size: int = 64) -> None:
    """Write a photograph with so much in it that no other is like it."""
    photograph(path, seed, size=8)
    with Image.open(path) as image:
        image.resize((size, size), Image.Resampling.NEAREST).save(path, quality=95)


def table(reported: Path, name: str) -> list[list[str]]:
    stem = index_file(reported / "runs", reported / "train").name.removesuffix(".index.sqlite")
    with (reported / "runs" / f"{stem}.{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def page(reported: Path) -> str:
    (path,) = (reported / "runs").glob("*.report.md")
    return squeezed(path)


def squeezed(path: Path) -> str:
    """Return a page without the spaces that align its tables."""
    return re.sub(" +", " ", path.read_text("utf-8"))


def section(reported: Path, title: str) -> str:
    return page(reported).partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_files_lie_beside_the_index(reported: Path) -> None:
    train = index_file(Path(), reported / "train").name.removesuffix(".index.sqlite")
    test = index_file(Path(), reported / "test").name
    endings = (
        "index.sqlite",
        "report.md",
        "skipped.csv",
        "photographs.csv",
        "panos.csv",
        "duplicates.csv",
    )
    assert sorted(path.name for path in (reported / "runs").iterdir()) == sorted(
        [test, *(f"{train}.{ending}" for ending in endings)]
    )


def test_locations_left_out_are_listed(reported: Path) -> None:
    header, *rows = table(reported, "skipped")
    assert header == ["part", "id", "reason"]
    assert [row[:2] for row in rows] == [
        ["train", "Ohio/2015_Oh-_train0"],
        ["train", "Ohio/2015_Oh-_train1"],
    ]
    assert rows[0][2] == "no view at heading 90"
    assert "2015_Oh-_train1_0.jpg: the photograph is no JPEG" in rows[1][2]


def test_photographs_with_problems_are_listed(reported: Path) -> None:
    assert table(reported, "photographs") == [
        ["part", "path", "width", "height", "problem"],
        ["train", "Ohio/2015_Oh-_train1_0.jpg", "0", "0", "no JPEG"],
        ["train", "Ohio/2015_Oh-_train2_0.jpg", "96", "96", "not 64x64"],
        ["train", "Ohio/2015_Oh-_train2_90.jpg", "64", "48", "not 64x64, not square"],
    ]
    title = "Photographs of another size, or not square"
    assert "Most are 64x64 pixels" in section(reported, title)


def test_a_pano_of_two_locations_is_listed(reported: Path) -> None:
    assert table(reported, "panos") == [
        ["pano", "relation", "part", "id"],
        ["a_pano-1", "several classes, train and test", "train", "Ohio/2009_a_pano-1"],
        ["a_pano-1", "several classes, train and test", "test", "New Mexico/2011_a_pano-1"],
    ]
    assert "train: Ohio/2009_a_pano-1" in section(reported, "Pano ids shared by locations")


def test_duplicates_are_listed_with_the_worst_first(reported: Path) -> None:
    header, near, same = table(reported, "duplicates")
    assert header[:3] == ["relation", "same_bytes", "distance"]
    assert near[:2] == ["one class, train and test", "no"]
    assert 0 <= int(near[2]) <= 16
    assert near[3:] == [
        "train",
        "New Mexico/2015_Ne-_train0_180.jpg",
        "test",
        "New Mexico/2015_Ne-_test1_180.jpg",
    ]
    assert same == [
        "several classes",
        "yes",
        "0",
        "train",
        "New Mexico/2015_Ne-_train0_0.jpg",
        "train",
        "Ohio/2015_Oh-_train2_180.jpg",
    ]
    text = section(reported, "Duplicate photographs")
    assert "differ in at most 16 bits" in text
    assert "| several classes | 1 | 0 |" in text


def test_the_page_counts(reported: Path) -> None:
    text = page(reported)
    assert text.startswith("# Photographs in train\n")
    for line in (
        "| usable locations | 5 | 5 |",
        "| of these, without coordinates | 5 | 5 |",
        "| skipped locations | 2 | 0 |",
        "| photographs | 27 | 20 |",
        "| of these, unreadable | 1 | 0 |",
        "| of these, of another size | 2 | 0 |",
        "| of these, not square | 1 | 0 |",
        f"| New Mexico | 3 | {'█' * 20} | 3 | {'█' * 20} | 0 |",
        f"| Ohio | 2 | {'█' * 13} | 2 | {'█' * 13} | 2 |",
    ):
        assert line in text, line
    assert "| train | mean | 0." in section(reported, "Channels")


def test_a_report_of_a_clean_folder_is_empty(tmp_path: Path) -> None:
    root = challenge(tmp_path / "a|b", samples=2)
    assert main([str(root), "--out", str(tmp_path), "--num-workers", "0"]) == 0
    (path,) = tmp_path.glob("*.report.md")
    text = squeezed(path)
    assert text.startswith("# Photographs in a\\|b\n")
    assert "| | photographs |" in text
    assert text.count("\nNone.\n") == 6


def test_what_training_refuses_or_cannot_match_is_said_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = folder(tmp_path / "data", ("Ohio", "Iowa"), 2, size=16)
    for path in root.glob("*/*.jpg"):
        Image.new("RGB", (16, 12)).save(path)
    (root / "Iowa" / "2015_-A_b1000_0.jpg").unlink()
    with (root / "Iowa" / "info.txt").open("a") as file:
        file.write("2015_gone 1 2\n")
    assert main([str(root), "--out", str(tmp_path), "--num-workers", "0"]) == 0
    printed = capsys.readouterr().out
    assert "these have fewer: Iowa (1). --min-locations 2 leaves them out" in printed
    warning = "Iowa/info.txt: names without a photograph: 1 of 3, such as '2015_gone'"
    assert warning in printed
    (report,) = tmp_path.glob("*.report.md")
    text = squeezed(report)
    assert "| of these, of another size | 0 |" in text
    assert "| of these, not square | 15 |" in text
    assert warning in text.partition("## Warnings")[2].partition("##")[0]


def test_a_long_list_is_cut_on_the_page_alone(tmp_path: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 31, size=16)
    for number in range(30):
        (root / "Ohio" / f"2015_-A_b0{number:03d}_0.jpg").unlink()
    assert main([str(root), "--out", str(tmp_path), "--num-workers", "0"]) == 0
    (report,) = tmp_path.glob("*.report.md")
    (skipped,) = tmp_path.glob("*.skipped.csv")
    assert len(skipped.read_text("utf-8").splitlines()) == 31
    text = squeezed(report).partition("## Skipped locations")[2].partition("\n## ")[0]
    assert "The first 20 of 30; all are in data-" in text
    assert text.count("| no view at heading 0 |") == 20
