"""SQLite files that several processes and threads write."""

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.errors import InputError
from common.sqlite_file import SqliteFile

SCHEMA = "CREATE TABLE IF NOT EXISTS numbers (value INTEGER)"


def test_threads_that_count_up_lose_no_number(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "a.sqlite", SCHEMA, 1)

    def append(_: int) -> None:
        with file.write() as connection:
            (count,) = connection.execute("SELECT count(*) FROM numbers").fetchone()
            connection.execute("INSERT INTO numbers VALUES (?)", (count,))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(40)))
    with file.read() as connection:
        values = connection.execute("SELECT value FROM numbers").fetchall()
    assert sorted(value for (value,) in values) == list(range(40))


def test_an_exception_undoes_the_transaction(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "a.sqlite", SCHEMA, 1)
    with contextlib.suppress(KeyError), file.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
        raise KeyError
    with file.write() as connection:
        assert connection.execute("SELECT value FROM numbers").fetchall() == []


def test_unusable_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(InputError, match=r"^a.sqlite: a later version"):
        SqliteFile(path, SCHEMA, 1).write().__enter__()
    (tmp_path / "b.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match=r"^b.sqlite: is damaged"):
        SqliteFile(tmp_path / "b.sqlite", SCHEMA, 1).write().__enter__()
    with pytest.raises(InputError, match="is not a file"):
        SqliteFile(tmp_path, SCHEMA, 1).read().__enter__()


def test_want_of_memory_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("out of memory")
    error.sqlite_errorcode = sqlite3.SQLITE_NOMEM

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(sqlite3, "connect", fail)
    with pytest.raises(InputError, match=r"^a.sqlite: .*memory.*close other programs"):
        SqliteFile(tmp_path / "a.sqlite", SCHEMA, 1).read().__enter__()
