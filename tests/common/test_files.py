"""Atomic writes: whole or absent, and nothing of a killed process stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import InputError
from common.files import atomic_directory, atomic_write, atomic_write_text

WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from common.files import atomic_directory, atomic_write
folder = Path(sys.argv[1])
with atomic_write(folder / "a.txt") as file, atomic_directory(folder / "b") as directory:
    file.write_text("half")
    (directory / "nested").mkdir()
    (directory / "nested" / "c.txt").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.spawn
def test_any_write_into_a_folder_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", WRITE_AND_DIE, str(tmp_path)], check=False)
    left = sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())
    assert left == [".a.partial", ".b.partial"]
    atomic_write_text(tmp_path / "other.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["other.txt"]


def test_what_is_being_written_or_was_not_left_by_us_stays(tmp_path: Path) -> None:
    mine = [tmp_path / name for name in (".a.partial-x.txt", ".partial-1", "a.partial-1.txt")]
    for path in mine:
        path.write_text("mine")
    link = tmp_path / ".link.partial-1"
    link.symlink_to(mine[0])
    (tmp_path / ".folder.partial-1").mkdir()
    (tmp_path / ".folder.partial-1" / "file").touch()
    before = set(tmp_path.iterdir())
    with atomic_write(tmp_path / "a.txt") as first, atomic_write(tmp_path / "a.txt") as second:
        with atomic_directory(tmp_path / "b") as directory:
            assert first != second
            assert {*before, first, second, directory} == set(tmp_path.iterdir())
        first.write_text("first")
        second.write_text("second")
    assert set(tmp_path.iterdir()) == before | {tmp_path / "a.txt", tmp_path / "b"}
    assert (tmp_path / "a.txt").read_text() == "first"
    assert list((tmp_path / "b").iterdir()) == []


def test_an_abandoned_file_is_removed_by_the_next_write(tmp_path: Path) -> None:
    for name in (".a.partial-7.h5", f".{'a' * 64}.partial-7.unchecked"):
        (tmp_path / name).write_text("half")
    (tmp_path / ".empty.partial-7").mkdir()
    with atomic_directory(tmp_path / "b"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_directory_that_was_being_replaced_comes_back(tmp_path: Path) -> None:
    """A kill between the two renames leaves only the old directory, under another name."""
    moved = tmp_path / ".b.old-7"
    moved.mkdir()
    (moved / "file").touch()

    def fail() -> None:
        with atomic_directory(tmp_path / "b"):
            assert (tmp_path / "b" / "file").exists()
            raise OSError(28, os.strerror(28))

    with pytest.raises(InputError, match="No space"):
        fail()
    assert (tmp_path / "b" / "file").exists()
    with atomic_directory(tmp_path / "b"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["b"]
