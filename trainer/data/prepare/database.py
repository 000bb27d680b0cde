"""What reading the photographs has shown, kept in one SQLite file.

Rows are committed as they come, so a killed process loses no more than the last of them. Whoever
has the file open is alone with it.
"""

import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import InputError
from trainer.data.decode import GONE, UNREADABLE
from trainer.data.prepare.scan import HASH_BYTES, SHA256_BYTES, PhotographRecord

APPLICATION_ID = 0x524E4250
"""How the file says, in its header, that it is one of ours: "RNBP"."""
VERSION = 1
TABLE = """
CREATE TABLE photograph (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    problem TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    difference_hash BLOB NOT NULL,
    red INTEGER NOT NULL,
    green INTEGER NOT NULL,
    blue INTEGER NOT NULL,
    red_square INTEGER NOT NULL,
    green_square INTEGER NOT NULL,
    blue_square INTEGER NOT NULL
) WITHOUT ROWID
"""
NUM_COLUMNS = 14
LOCK_POLL_SECONDS = 0.5

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Channels = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Bytes = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


@dataclass(frozen=True)
class PhotographTable:
    """The readings of N photographs as arrays; `rows` leads from a path to its row.

    `sizes`, `widths` and `heights` are (N), in bytes and pixels; `problems` are N texts, "" where
    there is none; `sha256` and `difference_hashes` are (N, 32) bytes; `channel_sums` and `channel_square_sums` are
    (N, 3), as in a `PhotographRecord`.
    """

    rows: Mapping[str, int]
    sizes: Integers
    widths: Integers
    heights: Integers
    problems: tuple[str, ...]
    sha256: Bytes
    difference_hashes: Bytes
    channel_sums: Channels
    channel_square_sums: Channels


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file at `path`, made if absent, and wait until nobody else has it open.

    Raises InputError, also for what is done with it meanwhile, when it is damaged, foreign or
    cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without an isolation level Python begins no transactions of its own.
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            _lock(connection, path)
            _initialise(connection, path)
            yield connection
    except (sqlite3.DatabaseError, _DamagedError) as error:
        raise InputError(_error_message(path, error)) from error


def file_stamps(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Return path -> (size, mtime_ns) of the photographs that need not be read again.

    Those that the system would not let us read are not among them: their files may be the same.
    """
    rows = connection.execute(
        "SELECT path, size, mtime_ns FROM photograph WHERE problem NOT IN (?, ?)",
        (GONE, UNREADABLE),
    )
    return {path: (size, mtime_ns) for path, size, mtime_ns in rows}


def delete_others(connection: sqlite3.Connection, path: Path, paths: Sequence[str]) -> None:
    """Forget all photographs but these.

    Raises InputError where none of them is known but others are: the index is of another folder.
    """
    before = {name for (name,) in connection.execute("SELECT path FROM photograph")}
    gone = before.difference(paths)
    if gone and gone == before:
        raise InputError(
            f"{path}: is the index of other photographs; name another file, or remove it."
        )
    with _transaction(connection):
        connection.executemany(
            "DELETE FROM photograph WHERE path = ?", ((path,) for path in sorted(gone))
        )


def insert(connection: sqlite3.Connection, readings: Sequence[PhotographRecord]) -> None:
    """Remember readings, instead of earlier ones of the same photographs."""
    places = ", ".join("?" * NUM_COLUMNS)
    with _transaction(connection):
        connection.executemany(
            f"INSERT OR REPLACE INTO photograph VALUES ({places})",
            (
                (
                    item.path,
                    item.size,
                    item.mtime_ns,
                    item.width,
                    item.height,
                    item.problem,
                    item.sha256,
                    item.difference_hash,
                    *item.channel_sums,
                    *item.channel_square_sums,
                )
                for item in readings
            ),
        )


def read_table(connection: sqlite3.Connection) -> PhotographTable:
    """Return all readings, by path."""
    rows = connection.execute("SELECT * FROM photograph ORDER BY path").fetchall()
    try:
        columns = list(zip(*rows, strict=True)) or [()] * NUM_COLUMNS
        path, size, _, width, height, problem, sha256, difference_hash, *sums = columns
        number = np.array([size, width, height, *sums], dtype=np.int64)
        _check(number, problem)
        return PhotographTable(
            rows={name: row for row, name in enumerate(path)},
            sizes=number[0],
            widths=number[1],
            heights=number[2],
            problems=tuple(problem),
            sha256=_hash_array(sha256, SHA256_BYTES),
            difference_hashes=_hash_array(difference_hash, HASH_BYTES),
            channel_sums=number[3:6].T,
            channel_square_sums=number[6:9].T,
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise _DamagedError("a value is of another type") from error


class _DamagedError(Exception):
    """The file holds what this program does not write."""


def _check(number: NDArray[np.int64], problem: Sequence[object]) -> None:
    """Raise ValueError for numbers that no photograph gives: size, width, height and sums."""
    if not all(isinstance(text, str) for text in problem):
        raise ValueError("a problem is no text")
    fine = np.array([not text for text in problem], dtype=bool)
    width, height = number[1], number[2]
    pixels = width * height
    in_range = (width > 0) & (height > 0) & (width < 2**20) & (height < 2**20)
    for channel in range(3):
        total, square = number[3 + channel], number[6 + channel]
        in_range &= (total >= 0) & (total <= 255 * pixels)
        in_range &= (square >= 0) & (square <= 255**2 * pixels)
    if not in_range[fine].all():
        raise ValueError("a number is out of range")


def _hash_array(blobs: Sequence[bytes], length: int) -> Bytes:
    if any(len(blob) != length for blob in blobs):
        raise ValueError("a hash is of another length")
    return np.frombuffer(b"".join(blobs), dtype=np.uint8).reshape(len(blobs), length)


def _lock(connection: sqlite3.Connection, path: Path) -> None:
    """Wait until nobody else has the file; it is ours until the connection or process ends."""
    waiting = False
    while True:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        else:
            # Not before: two that wait in this mode each keep what the other waits for.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("COMMIT")
            return
        if not waiting:
            print(f"{path}: another process is at work on it; waiting for it.", file=sys.stderr)
            waiting = True
        time.sleep(LOCK_POLL_SECONDS)


def _initialise(connection: sqlite3.Connection, path: Path) -> None:
    """Make the table in a new file, and look whether an old one is ours."""
    if not _pragma(connection, "schema_version"):
        with _transaction(connection):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute(TABLE)
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise _DamagedError("it was written by another program")
    if _pragma(connection, "user_version") != VERSION:
        raise InputError(
            f"{path}: was written by another version of this program; remove it, and the "
            "photographs are read again."
        )


def _pragma(connection: sqlite3.Connection, pragma: str) -> int:
    (value,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        # A full disk has rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _error_message(path: Path, error: Exception) -> str:
    # The lower byte of an extended code is the primary one.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in (
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    ):
        return f"{path}: cannot be written ({error}); make room or name another folder."
    return (
        f"{path}: is damaged or no index of photographs ({error}); remove it or name another "
        "folder."
    )
