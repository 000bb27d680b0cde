"""What the operating system refuses is named by its cause in every reader, writer and command."""

import errno
import fcntl
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

import resnetbolt
from common.errors import InputError
from common.files import atomic_write, check_writable, file_lock
from common.system_errors import explain, explain_sqlite
from tests.examples import folder
from trainer import checkpoint as checkpoints
from trainer.data import layout
from trainer.data.prepare.photograph_index import prepare
from trainer.models.weights_file import read_weights
from workbench import store as stores
from workbench.attribution import attribution_file
from workbench.interchange import table, virelay
from workbench.store.column import Column
from workbench.store.photographs import Photographs
from workbench.store.reading import STORE_FORMAT

STORE = Path(__file__).parent / "data" / "store-2.h5"
DENIED = "Permission denied; change its permissions"
IS_FOLDER = "Is a directory; name a file"
LOCKED = "locked by another program; close that program, or wait"


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield a folder that every user can enter, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run as a user whom permissions bind, also where the tests run as root."""
    user = os.getuid()
    if user == 0:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(user, user, user)


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(InputError) as refused:
        read()
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def read_virelay(path: Path) -> None:
    with virelay._open(path):
        pass


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "store": ("store.h5", stores.read),
    "attribution file": ("maps.h5", attribution_file.read),
    "ViRelAy": ("analysis.h5", read_virelay),
    "CSV": ("map.csv", lambda path: table.read_table(path, ["x"])),
    "Parquet": ("map.parquet", lambda path: table.read_table(path, ["x"])),
    "checkpoint": ("best.json", lambda path: checkpoints.read(path.parent)),
    "weights": ("weights.pth", read_weights),
    "optimizer state": (
        "state-0000007.pt",
        lambda path: checkpoints.load_state(path.parent, SimpleNamespace(step=7)),  # type: ignore[arg-type]
    ),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_names_the_cause(place: Path, reader: str) -> None:
    name, read = READERS[reader]
    path = place / name
    assert "missing" in (said := refusal(lambda: read(path))) or "there is no such" in said
    path.mkdir()
    assert refusal(lambda: read(path)) == f"{path}: {IS_FOLDER}."
    path.rmdir()
    os.mkfifo(path)  # Opening it would wait for ever.
    assert refusal(lambda: read(path)) == f"{path}: is neither a file nor a folder; name a file."
    path.unlink()
    path.write_bytes(STORE.read_bytes())
    path.chmod(0)
    with unprivileged():
        assert refusal(lambda: read(path)) == f"{path}: {DENIED}."
    path.chmod(0o644)
    path.write_bytes(STORE.read_bytes()[:700])
    said = refusal(lambda: read(path))
    assert not any(cause in said for cause in (DENIED, LOCKED, IS_FOLDER, "there is no such"))


@pytest.mark.parametrize("reader", ["store", "attribution file", "ViRelAy"])
def test_a_file_that_another_program_writes_is_locked_and_not_damaged(
    place: Path, reader: str
) -> None:
    name, read = READERS[reader]
    path = place / name
    path.write_bytes(STORE.read_bytes())
    with path.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        sentence = refusal(lambda: read(path))
    assert sentence.startswith(f"{path}: {LOCKED}")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError("Unable to allocate 9 TiB"), "memory ran out; close other programs"),
        (OSError(errno.EIO, "Can't read data"), "check the disk and the connection to it"),
        (KeyError("Unable to open object (file read failed: errno = 5, x)"), "Input/output error;"),
        (OSError("Can't read data (wrong checksum)"), "is damaged (Can't read data"),
        (OSError(errno.ENOLCK, "x"), "set HDF5_USE_FILE_LOCKING=FALSE"),
    ],
)
def test_an_error_while_rows_are_read_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    with h5py.File(place / "x.h5", "w") as file:
        file["feature"] = np.zeros((3, 2))
        column = Column(place / "x.h5", file["feature"], STORE_FORMAT)
        monkeypatch.setattr(h5py.Dataset, "__getitem__", fail)
        said = refusal(lambda: column[:2])
    assert said.startswith(f"{place / 'x.h5'}: ")
    assert sentence in said


@pytest.mark.parametrize(
    "write",
    [
        lambda path: check_writable(path, overwrite=True),
        lambda path: atomic_write(path).__enter__(),
        lambda path: file_lock(path).__enter__(),
    ],
    ids=["check_writable", "atomic_write", "file_lock"],
)
def test_a_writer_names_the_cause(place: Path, write: Callable[[Path], object]) -> None:
    inside = place / "folder" / "x.h5"
    assert f"{inside.parent}: no such folder; create it" in refusal(lambda: write(inside))
    inside.parent.write_text("a file")
    assert f"{inside.parent}: is not a folder" in refusal(lambda: write(inside))
    inside.parent.unlink()
    inside.parent.mkdir(mode=0o555)
    with unprivileged():
        assert f"{DENIED} or choose another place" in refusal(lambda: write(inside))


def test_an_input_that_fails_while_a_file_is_written_is_named_itself(tmp_path: Path) -> None:
    def write() -> None:
        with atomic_write(tmp_path / "out.csv"):
            (tmp_path / "photograph.jpg").read_bytes()

    assert refusal(write).startswith(f"{tmp_path / 'photograph.jpg'}: No such file or directory")
    assert list(tmp_path.iterdir()) == []


def test_a_class_folder_without_permission_is_no_matter_of_space(place: Path) -> None:
    root = folder(place / "data", ("Ohio", "Utah"), 1)
    (root / "Utah").chmod(0)
    with unprivileged(), pytest.raises(PermissionError) as refused:
        layout.index_folder(root)
    (root / "Utah").chmod(0o755)
    assert refused.value.filename == str(root / "Utah")
    assert explain(refused.value) == DENIED


def test_a_photograph_without_permission_says_so(place: Path) -> None:
    root = folder(place / "data", ("Ohio",), 2)
    bad = root / "Ohio" / "2015_-A_b0000_90.jpg"
    bad.chmod(0)
    (place / "out").mkdir(mode=0o777)
    (place / "out").chmod(0o777)
    with unprivileged():
        (skipped,) = prepare(root, place / "out" / "x.sqlite", num_workers=0).index.skipped
    assert skipped.reason == (
        f"{bad}: the photograph is unreadable (Permission denied); make it readable or remove the "
        "location."
    )


def test_a_folder_of_photographs_that_may_not_be_entered_is_not_missing(place: Path) -> None:
    store = stores.read(STORE)
    (place / "closed").mkdir(mode=0)
    with unprivileged():
        sentence = refusal(lambda: Photographs(place / "closed" / "data", store))
    assert sentence.startswith(f"{place / 'closed'}")
    assert sentence.endswith(f"{DENIED}.")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (sqlite3.SQLITE_BUSY, LOCKED),
        (sqlite3.SQLITE_READONLY, DENIED),
        (sqlite3.SQLITE_FULL, "No space left on device; free some space"),
        (sqlite3.SQLITE_NOMEM, "Cannot allocate memory; close other programs"),
        (sqlite3.SQLITE_IOERR_WRITE, "as on a full disk; free some space"),
        (sqlite3.SQLITE_CORRUPT, ""),
        (sqlite3.SQLITE_NOTADB, ""),
    ],
)
def test_errors_of_sqlite_are_told_apart_from_damage(code: int, sentence: str) -> None:
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    said = explain_sqlite(Path("x.sqlite"), error)
    assert sentence in said
    assert bool(said) == bool(sentence)


@pytest.mark.parametrize("name", ["index.sqlite", "deep/index.sqlite"])
def test_an_index_names_the_cause(place: Path, name: str) -> None:
    path = place / name
    (place / "deep").write_text("a file")
    path.mkdir() if path.parent == place else None
    expected = IS_FOLDER if path.is_dir() else "File exists; name a folder"
    data = folder(place / "data", ("Ohio",), 1)
    assert expected in refusal(lambda: prepare(data, path, num_workers=0))


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize(
    "arguments", [[], *([name, "--help"] for name in resnetbolt.COMMANDS)], ids=str
)
def test_every_command_ends_quietly_when_nobody_reads_it(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], stream: str
) -> None:
    if stream == "stderr":
        arguments = [*arguments[:1], "--no-such-option"]
    with unread(monkeypatch, stream), pytest.raises(SystemExit) as stop:
        sys.exit(resnetbolt.main(arguments))
    assert stop.value.code == (2 if arguments == ["--no-such-option"] else 141)


def test_a_store_is_shown_quietly_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with unread(monkeypatch, "stdout"), pytest.raises(SystemExit) as stop:
        resnetbolt.main(["inspect", str(STORE)])
    assert stop.value.code == 141


@contextmanager
def unread(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Replace a standard stream by a pipe whose reader has ended."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, name, stream)
        yield


def test_an_ended_process_is_not_taken_for_an_ended_reader(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from common.cli import cli_errors

    with pytest.raises(SystemExit) as stop, cli_errors("try"):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
    assert stop.value.code == 2
    assert "try: Broken pipe; another process has ended" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate")]
)
def test_a_lack_of_memory_is_a_sentence(capsys: pytest.CaptureFixture[str], error: Any) -> None:
    from common.cli import cli_errors

    with pytest.raises(SystemExit, match="2"), cli_errors("try"):
        raise error
    assert capsys.readouterr().err.startswith("try: memory ran out; close other programs")
