"""SQLite files that several processes and threads may write at the same time."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from common.errors import InputError
from common.system_errors import error_text, explain_sqlite

_PATIENCE_SECONDS = 10


class SqliteFile:
    """A SQLite file with one schema, which the first `write` creates.

    `schema` is a script of `CREATE TABLE IF NOT EXISTS` statements; `version` rises when it
    changes. Every method raises InputError, with the file's name alone as a page may show it, if
    the file cannot be read or written, is damaged, or is of a later version.
    """

    def __init__(self, path: Path, schema: str, version: int) -> None:
        self.path = path
        self._schema = schema
        self._version = version

    @property
    def exists(self) -> bool:
        """Return whether there is a file, or anything else of this name."""
        return os.path.lexists(self.path)

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Open an existing file, each statement by itself."""
        with self._open("rw") as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Open or create the file for one transaction, which an exception undoes.

        It takes the lock for writing at once, so that what it reads before it writes stays true.
        """
        with self._open("rwc") as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for statement in filter(str.strip, self._schema.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {self._version}")
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{self.path.name}: its folder cannot be made ({error_text(error)}); choose "
                "another place."
            ) from error

    @contextlib.contextmanager
    def _open(self, mode: str) -> Iterator[sqlite3.Connection]:
        if self.exists and not self.path.is_file():
            raise InputError(f"{self.path.name}: is not a file; move it away.")
        try:
            if mode == "rwc":
                self._make_folder()
            address = f"{self.path.absolute().as_uri()}?mode={mode}"
            connection = sqlite3.connect(
                address, timeout=_PATIENCE_SECONDS, isolation_level=None, uri=True
            )
            with contextlib.closing(connection):
                connection.text_factory = lambda text: text.decode(errors="replace")
                connection.execute("PRAGMA trusted_schema = OFF")
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version > self._version:
                    raise InputError(
                        f"{self.path.name}: a later version of this program wrote it; use that."
                    )
                yield connection
        except sqlite3.Error as error:
            reason = explain_sqlite(self.path, error) or (
                "is damaged or another program's; move it away to begin a new one"
            )
            raise InputError(f"{self.path.name}: {reason}.") from error
