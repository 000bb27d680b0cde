"""Saved selections: a SQLite file that several pages and processes may write, and their drawer.

The browser shows them and counts their locations; see `assets/dashboard/sets.js`.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from dash import Dash, Input, Output, dcc, html
from dash.dependencies import ClientsideFunction
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from common.errors import InputError
from common.sqlite_file import SqliteFile
from workbench.dashboard.components import attributes
from workbench.evaluation.steps import Step, Steps

MOST_SETS = 500
MOST_BYTES = 2**21
"""The most bytes of the steps of one set, as JSON."""
MOST_BYTES_IN_ALL = 2**25
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
        self._file = SqliteFile(path, _SCHEMA, _VERSION)

    def read(self) -> tuple[list[SavedSet], int]:
        """Return the sets by name, and how many the file holds that cannot be read."""
        if not self._file.exists:
            return [], 0
        found = []
        with self._file.read() as file:
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
        with self._file.write() as file:
            count, size = file.execute("SELECT count(*), total(length(steps)) FROM sets").fetchone()
            if count >= MOST_SETS or size + len(text) > MOST_BYTES_IN_ALL:
                raise InputError(
                    f"There is room for {MOST_SETS} sets of {MOST_BYTES_IN_ALL / 1e6:.0f} MB in "
                    "all; delete one first."
                )
            with self._unique_name():
                file.execute(
                    "INSERT INTO sets (name, tags, note, steps) VALUES (?, ?, ?, ?)",
                    (name.strip(), json.dumps(tags), note, text),
                )

    def change(self, number: int, name: str, tags: list[str], note: str) -> None:
        """Give a set another name, tags or note; nothing if it is gone."""
        with self._file.write() as file, self._unique_name():
            file.execute(
                "UPDATE sets SET name = ?, tags = ?, note = ? WHERE id = ?",
                (name.strip(), json.dumps(tags), note, number),
            )

    def delete(self, number: int) -> None:
        """Delete a set; nothing if it is gone."""
        with self._file.write() as file:
            file.execute("DELETE FROM sets WHERE id = ?", (number,))

    @contextlib.contextmanager
    def _unique_name(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise InputError(
                f"{self.path.name}: there is a set of this name; choose another."
            ) from error


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
