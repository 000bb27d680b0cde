"""The SQLite file of the index: one row for each photograph.

Rows are committed chunk by chunk, so a killed process loses at most the last chunk. A process has
exclusive access while the file is open.
"""

import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import InputError
from common.files import PLACE
from common.photographs import GONE, UNREADABLE
from common.system_errors import explain, explain_sqlite
from trainer.data.prepare.scan import HASH_BYTES, SHA256_BYTES, PhotographRecord

APPLICATION_ID = 0x524E4250
"""Application id in the header of the file: "RNBP"."""
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
_DAMAGED_0_1 = "cut off or damaged"
"""A problem in indexes of version 0.1.0, which may be that a photograph is large."""

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
Channels = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Bytes = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


@dataclass(frozen=True)
class PhotographTable:
    """The records of N photographs as arrays; `rows` maps a path to its row.

    `sizes` (N,) are in bytes, `widths` and `heights` (N,) in pixels; `problems` are N texts, "" for
    none; `sha256` and `difference_hashes` are (N, 32) bytes; `channel_sums` and
    `channel_square_sums` are (N, 3), as in `PhotographRecord`.
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
    """Open or create the file at `path`, after waiting for other processes to close it.

    Raises InputError, also from inside the block, if the file is damaged, of another program or
    cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(_error_message(path.parent, error)) from error
    try:
        # Without an isolation level Python does not start transactions implicitly.
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            _lock(connection, path)
            _initialise(connection, path)
            yield connection
    except (sqlite3.DatabaseError, _DamagedError) as error:
        raise InputError(_error_message(path, error)) from error


def file_stamps(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Return path -> (size, mtime_ns) of photographs, which need not be read again if unchanged.

    Photographs that the operating system could not read are left out, to be tried again, and those
    with a problem that version 0.1.0 did not distinguish.
    """
    rows = connection.execute(
        "SELECT path, size, mtime_ns FROM photograph"
        " WHERE NOT (problem IN (?, ?) OR problem LIKE ?)",
        (GONE, _DAMAGED_0_1, f"{UNREADABLE}%"),
    )
    return {path: (size, mtime_ns) for path, size, mtime_ns in rows}


def delete_others(connection: sqlite3.Connection, path: Path, paths: Sequence[str]) -> None:
    """Delete the rows of all other photographs.

    Raises InputError if the index only has other photographs: it is of another folder.
    """
    indexed = {name for (name,) in connection.execute("SELECT path FROM photograph")}
    others = indexed.difference(paths)
    if others and others == indexed:
        raise InputError(
            f"{path}: is the index of other photographs; choose another file or remove it."
        )
    with _transaction(connection):
        connection.executemany(
            "DELETE FROM photograph WHERE path = ?", ((path,) for path in sorted(others))
        )


def insert(connection: sqlite3.Connection, records: Sequence[PhotographRecord]) -> None:
    """Insert records, or replace those of the same photographs."""
    placeholders = ", ".join("?" * NUM_COLUMNS)
    with _transaction(connection):
        connection.executemany(
            f"INSERT OR REPLACE INTO photograph VALUES ({placeholders})",
            (
                (*values, *sums, *square_sums)
                for *values, sums, square_sums in map(astuple, records)
            ),
        )


def read_table(connection: sqlite3.Connection) -> PhotographTable:
    """Return all records, sorted by path."""
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
    """The file has content that this program does not write."""


def _check(number: NDArray[np.int64], problem: Sequence[object]) -> None:
    """Raise ValueError for values that no photograph can have; rows: size, width, height, sums."""
    if not all(isinstance(text, str) for text in problem):
        raise ValueError("a problem is not text")
    readable = np.array([not text for text in problem], dtype=bool)
    width, height = number[1], number[2]
    pixels = width * height
    in_range = (width > 0) & (height > 0) & (width < 2**20) & (height < 2**20)
    for channel in range(3):
        total, square = number[3 + channel], number[6 + channel]
        in_range &= (total >= 0) & (total <= 255 * pixels)
        in_range &= (square >= 0) & (square <= 255**2 * pixels)
    if not in_range[readable].all():
        raise ValueError("a number is out of range")


def _hash_array(blobs: Sequence[bytes], length: int) -> Bytes:
    if any(len(blob) != length for blob in blobs):
        raise ValueError("a hash has another length")
    return np.frombuffer(b"".join(blobs), dtype=np.uint8).reshape(len(blobs), length)


def _lock(connection: sqlite3.Connection, path: Path) -> None:
    """Wait for exclusive access, which lasts until the connection or process ends."""
    waiting = False
    while True:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        else:
            # Only now: two processes waiting in this mode would block each other.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("COMMIT")
            return
        if not waiting:
            print(f"{path}: another process uses this file; waiting.", file=sys.stderr)
            waiting = True
        time.sleep(LOCK_POLL_SECONDS)


def _initialise(connection: sqlite3.Connection, path: Path) -> None:
    """Create the table in a new file; check the application id and version of an existing one."""
    if not _pragma(connection, "schema_version"):
        with _transaction(connection):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute(TABLE)
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise _DamagedError("it was written by another program")
    if _pragma(connection, "user_version") != VERSION:
        raise InputError(
            f"{path}: was written by another version of this program; remove it, so that the "
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
        # SQLite has already rolled back if the disk is full.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _error_message(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or path}: {explain(error, PLACE)}."
    if isinstance(error, sqlite3.Error) and (reason := explain_sqlite(path, error, PLACE)):
        return f"{path}: {reason}."
    return (
        f"{path}: damaged, or not an index of photographs ({error}); remove it or choose another "
        "folder."
    )
