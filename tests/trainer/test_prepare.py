"""The index of a data folder: what one reading shows, kept, and brought up to date."""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import InputError
from tests.challenge import challenge
from tests.examples import DEGREES, folder, photograph
from trainer.data.decode import read_views
from trainer.data.layout import Location
from trainer.data.prepare.photograph_index import PreparedData, index_file, prepare

OHIO = "Ohio/2015_-A_b0000_0.jpg"


def rows(index: Path) -> dict[str, tuple[object, ...]]:
    """Return the table of an index, by path."""
    connection = sqlite3.connect(index)
    try:
        return {row[0]: row for row in connection.execute("SELECT * FROM photograph")}
    finally:
        connection.close()


def change_unseen(path: Path) -> None:
    """Change a file so that neither its size nor its time tells."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.unlink()  # It may be a link.
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "photographs.index.sqlite"


def expected(
    root: Path, location: list[Location]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    """Return mean and deviation of the channels, computed as plainly as can be."""
    pixel = []
    for place in location:
        for name in place.images:
            with Image.open(root / name) as image:
                pixel.append(np.asarray(image.convert("RGB"), dtype=np.float64).reshape(-1, 3))
    every = np.concatenate(pixel) / 255
    return every.mean(axis=0), every.std(axis=0)


def test_statistics_are_those_of_all_pixels(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio", "Iowa"), 3)
    photograph(root / OHIO, seed=9, size=176)
    prepared = prepare(root, index, num_workers=0)
    for location in (list(prepared.index.locations), list(prepared.index.locations[3:4])):
        mean, deviation = prepared.statistics(location)
        expected_mean, expected_deviation = expected(root, location)
        assert mean == pytest.approx(expected_mean, abs=1e-9)
        assert deviation == pytest.approx(expected_deviation, abs=1e-9)


def test_a_deviation_can_be_divided_by(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 1)
    for path in root.glob("Ohio/*.jpg"):
        Image.new("RGB", (32, 32)).save(path)
    prepared = prepare(root, index, num_workers=0)
    assert prepared.statistics(prepared.index.locations) == ((0.0,) * 3, (1e-3,) * 3)


def test_processes_find_the_same_as_one(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio", "Iowa"), 40, size=16)
    (root / OHIO).write_bytes(b"")
    alone = prepare(root, index, num_workers=1)
    together = prepare(root, index.with_name("other"), num_workers=2)
    assert rows(index) == rows(index.with_name("other"))
    assert alone.index == together.index
    assert alone.num_read == together.num_read == 320


def test_the_index_is_one_file_and_the_data_is_left_alone(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 2)
    before = sorted(root.rglob("*"))
    prepare(root, index, num_workers=0)
    assert [path.name for path in index.parent.iterdir()] == [index.name]
    assert sorted(root.rglob("*")) == before


def test_both_layouts_and_the_wrapper_are_read(tmp_path: Path, index: Path) -> None:
    wrapped = folder(tmp_path / "a" / "test_data", ("New York", "Iowa"), 1).parent
    for root in (wrapped, challenge(tmp_path / "b", samples=2)):
        index.unlink(missing_ok=True)
        prepared = prepare(root, index, num_workers=0)
        assert len(prepared.index.locations) == 2
        assert not prepared.index.skipped
        assert set(rows(index)) == {
            name for place in prepared.index.locations for name in place.images
        }


def test_the_file_is_named_after_the_folder(tmp_path: Path) -> None:
    one, other = tmp_path / "a" / "Straßen 1", tmp_path / "b" / "Straßen 1"
    one.mkdir(parents=True)
    name = index_file(Path("runs"), one).name
    assert name.startswith("Straßen 1-")
    assert name.endswith(".index.sqlite")
    assert name != index_file(Path("runs"), other).name
    assert name == index_file(Path("runs"), one / ".." / "Straßen 1").name


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:600])


def _without_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _text(path: Path) -> None:
    path.write_text("this is no picture")


def _portable(path: Path) -> None:
    Image.new("RGB", (64, 64)).save(path, format="PNG")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (_truncate, "damaged or cut off"),
        (_without_end, "damaged or cut off"),
        (_text, "no JPEG"),
        (_portable, "no JPEG"),
        (_empty, "no JPEG"),
        (_folder, "unreadable"),
        (_broken_link, "gone"),
    ],
)
def test_what_training_would_refuse_is_left_out_with_its_words(
    tmp_path: Path, index: Path, spoil: Callable[[Path], object], what: str
) -> None:
    root = folder(tmp_path / "data", ("Ohio", "Iowa"), 2)
    spoil(root / OHIO)
    prepared = prepare(root, index, num_workers=0)
    assert [place.id for place in prepared.index.locations] == [
        "Iowa/2015_-A_b1000",
        "Iowa/2015_-A_b1001",
        "Ohio/2015_-A_b0001",
    ]
    (skipped,) = prepared.index.skipped
    assert skipped.id == "Ohio/2015_-A_b0000"
    assert what in skipped.reason
    with pytest.raises(InputError) as error:
        read_views([root / name for name in skipped.images], 32)
    assert str(error.value) == skipped.reason


def _grey(path: Path) -> None:
    Image.new("L", (64, 64), 90).save(path)


def _cmyk(path: Path) -> None:
    Image.new("CMYK", (64, 64), (10, 20, 30, 40)).save(path)


def _odd_exif(path: Path) -> None:
    Image.new("RGB", (64, 64)).save(path, exif=b"Exif\x00\x00garbage")


@pytest.mark.parametrize("make", [_grey, _cmyk, _odd_exif])
def test_what_training_would_take_is_kept(
    tmp_path: Path, index: Path, make: Callable[[Path], object]
) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 1)
    make(root / OHIO)
    prepared = prepare(root, index, num_workers=0)
    assert prepared.index.skipped == ()
    assert rows(index)[OHIO][3:6] == (64, 64, "")


def test_a_turned_photograph_is_measured_upright(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 1)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (96, 64)).save(root / OHIO, exif=exif)
    prepare(root, index, num_workers=0)
    assert rows(index)[OHIO][3:5] == (64, 96)


def test_photographs_of_incomplete_locations_are_read_too(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 2)
    (root / OHIO).unlink()
    assert prepare(root, index, num_workers=0).num_read == 7
    assert len(rows(index)) == 7


def test_nothing_is_read_twice(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 2)
    (root / OHIO).write_bytes(b"text")
    first = prepare(root, index, num_workers=0)
    change_unseen(root / "Ohio" / "2015_-A_b0001_90.jpg")
    again = prepare(root, index, num_workers=0)
    assert (first.num_read, again.num_read) == (8, 0)
    assert again.index == first.index
    assert again.fingerprint(again.index.locations) == first.fingerprint(first.index.locations)


def test_only_what_changed_is_read_again(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio", "Iowa"), 3)
    prepare(root, index, num_workers=0)
    before = rows(index)
    change_unseen(root / "Iowa" / "2015_-A_b1002_90.jpg")  # Would show, were it read again.
    photograph(root / OHIO, seed=5)  # Another size in bytes.
    touched = root / "Ohio" / "2015_-A_b0001_90.jpg"
    os.utime(touched, ns=(0, 1))
    for degree in DEGREES:
        (root / "Iowa" / f"2015_-A_b1000_{degree}.jpg").unlink()
        photograph(root / "Utah" / f"2020_new_{degree}.jpg", seed=7)
    prepared = prepare(root, index, num_workers=0)
    assert prepared.num_read == 6
    after = rows(index)
    assert set(before) - set(after) == {f"Iowa/2015_-A_b1000_{degree}.jpg" for degree in DEGREES}
    assert set(after) - set(before) == {f"Utah/2020_new_{degree}.jpg" for degree in DEGREES}
    assert {path for path in set(before) & set(after) if before[path] != after[path]} == {
        OHIO,
        "Ohio/2015_-A_b0001_90.jpg",
    }
    assert prepared.index.class_names == ("Iowa", "Ohio", "Utah")


def test_a_repaired_photograph_is_used_again(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 2)
    shutil.copy(root / OHIO, tmp_path / "whole.jpg")
    _truncate(root / OHIO)
    assert len(prepare(root, index, num_workers=0).index.locations) == 1
    shutil.copy(tmp_path / "whole.jpg", root / OHIO)
    assert len(prepare(root, index, num_workers=0).index.locations) == 2


def test_what_the_system_would_not_give_is_asked_for_again(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 2)
    _folder(root / OHIO)
    prepare(root, index, num_workers=0)
    assert prepare(root, index, num_workers=0).num_read == 1


def test_the_fingerprint_is_of_ids_and_bytes(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 3)
    prepared = prepare(root, index, num_workers=0)
    location = prepared.index.locations

    def fingerprints(of: PreparedData) -> set[str]:
        some = of.index.locations
        return {of.fingerprint(some[:2]), of.fingerprint(some[1:]), of.fingerprint(some)}

    assert prepared.fingerprint(location) == prepared.fingerprint(location[::-1])
    assert len(fingerprints(prepared)) == 3
    renamed = replace(location[0], id="Ohio/another")
    assert prepared.fingerprint([renamed]) != prepared.fingerprint(location[:1])
    moved = folder(tmp_path / "moved", ("Ohio",), 3)
    there = prepare(moved, index.with_name("moved"), num_workers=0)
    assert fingerprints(there) == fingerprints(prepared)
    photograph(moved / OHIO, seed=5)
    changed = prepare(moved, index.with_name("moved"), num_workers=0)
    assert changed.fingerprint(changed.index.locations) not in fingerprints(prepared)


def _foreign_text(path: Path) -> None:
    path.write_text("my notes, which I want to keep " * 100)


def _foreign_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE photograph (path TEXT)")
    connection.commit()
    connection.close()


def _cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _scratched(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x55" * (len(data) - 4096)
    path.write_bytes(data)


def _other_types(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE photograph SET sha256 = 'short'")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "spoil", [_foreign_text, _foreign_database, _cut_in_half, _scratched, _other_types]
)
def test_a_foreign_or_damaged_index_is_refused_and_left(
    tmp_path: Path, index: Path, spoil: Callable[[Path], None]
) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 10, size=16)
    if "foreign" in spoil.__name__:
        index.parent.mkdir()
    else:
        prepare(root, index, num_workers=0)
    spoil(index)
    before = index.read_bytes()
    with pytest.raises(InputError, match=f"^{index}: damaged, or not an index of photographs"):
        prepare(root, index, num_workers=0)
    assert index.read_bytes() == before


def test_an_index_of_a_later_version_is_refused(tmp_path: Path, index: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 1)
    prepare(root, index, num_workers=0)
    connection = sqlite3.connect(index)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(InputError, match="was written by another version"):
        prepare(root, index, num_workers=0)


def test_an_index_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 1)
    with pytest.raises(InputError, match=f"{tmp_path}: Is a directory; name a file"):
        prepare(root, tmp_path, num_workers=0)


def test_the_page_names_every_column(tmp_path: Path, index: Path) -> None:
    prepare(folder(tmp_path / "data", ("Ohio",), 1), index, num_workers=0)
    connection = sqlite3.connect(index)
    columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(photograph)")]
    connection.close()
    page = (Path(__file__).parents[2] / "docs" / "reference" / "data.md").read_text("utf-8")
    table = page.partition("## The index")[2]
    named = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    ]
    assert named == columns


def test_the_index_of_other_photographs_is_not_emptied(tmp_path: Path, index: Path) -> None:
    prepare(folder(tmp_path / "one", ("Ohio",), 2), index, num_workers=0)
    before = rows(index)
    with pytest.raises(InputError, match="is the index of other photographs"):
        prepare(folder(tmp_path / "other", ("Utah",), 2), index, num_workers=0)
    assert rows(index) == before
    shutil.move(tmp_path / "one", tmp_path / "moved")
    assert prepare(tmp_path / "moved", index, num_workers=0).num_read == 0


@pytest.mark.parametrize(
    "change", ["width = 0", "width = -64, red = -5", "red = 100000000", "problem = x'ff00'"]
)
def test_numbers_that_no_photograph_gives_are_refused(
    tmp_path: Path, index: Path, change: str
) -> None:
    root = folder(tmp_path / "data", ("Ohio",), 2)
    prepare(root, index, num_workers=0)
    connection = sqlite3.connect(index)
    with connection:
        connection.execute(f"UPDATE photograph SET {change}")
    connection.close()
    with pytest.raises(InputError, match="damaged, or not an index of photographs"):
        prepare(root, index, num_workers=0)
