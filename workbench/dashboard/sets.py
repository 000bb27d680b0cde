"""Saved selections: a SQLite file that several pages and processes may write, and their drawer.

The browser shows them and counts their locations; see `assets/dashboard/sets.js`.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from dash import Dash, Input, Output, dcc, html
from dash.dependencies import ClientsideFunction
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from common.errors import InputError
from workbench.dashboard.components import attributes
from workbench.dashboard.steps import Step, Steps

MOST_SETS = 500
MOST_BYTES = 2**21
"""The most bytes of the steps of one set, as JSON."""
MOST_BYTES_IN_ALL = 2**25
_PATIENCE_SECONDS = 10
_VERSION = 1
_SCHEMA = """CREATE TABLE IF NOT EXISTS sets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    tags TEXT NOT NULL,
    note TEXT NOT NULL,
    steps TEXT NOT NULL
)"""

_Id = Annotated[int, Field(ge=0, lt=2**53)]
_Label = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
_Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=50)]], Field(max_length=20)]
_Note = Annotated[str, Field(max_length=2000)]


class SavedSet(TypedDict):
    """A selection with its name, tags and note."""

    id: int
    name: _Label
    tags: _Tags
    note: _Note
    steps: Annotated[Steps, Field(min_length=1)]


class _Read(TypedDict):
    action: Literal["read"]


class _Save(TypedDict):
    action: Literal["save"]
    name: _Label
    tags: _Tags
    note: _Note
    steps: Annotated[Steps, Field(min_length=1)]


class _Change(TypedDict):
    """Another name, other tags or another note for a set."""

    action: Literal["change"]
    id: _Id
    name: _Label
    tags: _Tags
    note: _Note


class _Delete(TypedDict):
    action: Literal["delete"]
    id: _Id


SetRequest = Annotated[_Read | _Save | _Change | _Delete, Field(discriminator="action")]
"""What a page may ask for."""

_SAVED: TypeAdapter[SavedSet] = TypeAdapter(SavedSet)


class Sets:
    """The saved selections of a store, in the file `path`, which the first one creates.

    Every method raises InputError if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[list[SavedSet], int]:
        """Return the sets by name, and how many the file holds that cannot be read."""
        if not os.path.lexists(self.path):
            return [], 0
        found = []
        with self._open("rw") as file:
            rows = file.execute(
                "SELECT id, name, tags, note, steps FROM sets WHERE length(steps) <= ? LIMIT ?",
                (MOST_BYTES, MOST_SETS),
            ).fetchall()
            (total,) = file.execute("SELECT count(*) FROM sets").fetchone()
        for number, name, tags, note, steps in rows:
            with contextlib.suppress(ValueError, TypeError, RecursionError):
                content = {
                    "id": number,
                    "name": name,
                    "tags": json.loads(tags),
                    "note": note,
                    "steps": json.loads(steps),
                }
                found.append(_SAVED.validate_python(content, strict=True))
        return sorted(found, key=lambda one: one["name"].casefold()), total - len(found)

    def save(self, name: str, tags: list[str], note: str, steps: list[Step]) -> None:
        """Add a set; raises InputError if there is one of this name, or too much is kept."""
        text = json.dumps(steps, separators=(",", ":"))
        if len(text) > MOST_BYTES:
            raise InputError(
                f"This selection is too large to be kept ({len(text) / 1e6:.1f} MB, at most "
                f"{MOST_BYTES / 1e6:.1f}); select by classes, numbers or a lasso instead of ids."
            )
        with self._open("rwc") as file, _transaction(file):
            file.execute(_SCHEMA)
            file.execute(f"PRAGMA user_version = {_VERSION}")
            count, size = file.execute("SELECT count(*), total(length(steps)) FROM sets").fetchone()
            if count >= MOST_SETS or size + len(text) > MOST_BYTES_IN_ALL:
                raise InputError(
                    f"There is room for {MOST_SETS} sets of {MOST_BYTES_IN_ALL / 1e6:.0f} MB in "
                    "all; delete one first."
                )
            file.execute(
                "INSERT INTO sets (name, tags, note, steps) VALUES (?, ?, ?, ?)",
                (name.strip(), json.dumps(tags), note, text),
            )

    def change(self, number: int, name: str, tags: list[str], note: str) -> None:
        """Give a set another name, tags or note; nothing if it is gone."""
        with self._open("rw") as file, _transaction(file):
            file.execute(
                "UPDATE sets SET name = ?, tags = ?, note = ? WHERE id = ?",
                (name.strip(), json.dumps(tags), note, number),
            )

    def delete(self, number: int) -> None:
        """Delete a set; nothing if it is gone."""
        with self._open("rw") as file, _transaction(file):
            file.execute("DELETE FROM sets WHERE id = ?", (number,))

    @contextlib.contextmanager
    def _open(self, mode: str) -> Iterator[sqlite3.Connection]:
        if os.path.lexists(self.path) and not self.path.is_file():
            raise InputError(f"{self.path.name}: is not a file; move it away to keep sets there.")
        try:
            if mode == "rwc":
                self.path.parent.mkdir(parents=True, exist_ok=True)
            address = f"{self.path.absolute().as_uri()}?mode={mode}"
            connection = sqlite3.connect(
                address, timeout=_PATIENCE_SECONDS, isolation_level=None, uri=True
            )
            with contextlib.closing(connection):
                connection.text_factory = lambda text: text.decode(errors="replace")
                connection.execute("PRAGMA trusted_schema = OFF")
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version > _VERSION:
                    raise InputError(
                        f"{self.path.name}: a later version of this program wrote it; use that."
                    )
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"{self.path.name}: {_sentence(error)}") from error


@contextlib.contextmanager
def _transaction(file: sqlite3.Connection) -> Iterator[None]:
    # Takes the lock for writing at once: what is read before writing stays true.
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        file.execute("ROLLBACK")
        raise
    file.execute("COMMIT")


def _sentence(error: sqlite3.Error | OSError) -> str:
    """Return what is wrong and what to do."""
    if isinstance(error, sqlite3.IntegrityError):
        return "there is a set of this name; choose another."
    kind = getattr(error, "sqlite_errorname", "")
    if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another program is writing it; try again."
    if kind.startswith("SQLITE_FULL"):
        return "the disk is full."
    if kind.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR")):
        return f"cannot be read or written ({error}); check its permissions."
    if isinstance(error, OSError):
        return f"cannot be written ({error.strerror or error})."
    return "is damaged or another program's; move it away to begin a new one."


def layout() -> html.Div:
    """Return the drawer, which the browser fills and opens."""
    return html.Div(
        [
            dcc.Store(id="set-request"),
            dcc.Store(id="sets"),
            dcc.Store(id="sets-shown"),
            html.Aside(
                id="sets-drawer", className="drawer", hidden=True, **attributes(aria_label="Sets")
            ),
        ]
    )


def register_callbacks(app: Dash, sets: Sets) -> None:
    """Do what a page asks for, and answer with all sets."""

    @app.callback(Output("sets", "data"), Input("set-request", "data"), prevent_initial_call=True)
    def answer(request: Any) -> dict[str, Any]:
        return handle(request, sets)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "sets"),
        Output("sets-shown", "data"),
        Input("sets", "data"),
        prevent_initial_call=True,
    )


def handle(request: Any, sets: Sets) -> dict[str, Any]:
    """Do what a request asks for; return all sets, and in `message` what went wrong."""
    message = ""
    try:
        match request:
            case {"action": "save", "name": name, "tags": tags, "note": note, "steps": steps}:
                sets.save(name, tags, note, steps)
            case {"action": "change", "id": number, "name": name, "tags": tags, "note": note}:
                sets.change(number, name, tags, note)
            case {"action": "delete", "id": number}:
                sets.delete(number)
    except InputError as error:
        message = str(error)
    found: list[SavedSet] = []
    try:
        found, unreadable = sets.read()
        if unreadable and not message:
            message = f"{sets.path.name}: {unreadable} sets cannot be read and are left out."
    except InputError as error:
        message = message or str(error)
    return {"sets": found, "message": message}
