"""Answers of players: a SQLite file beside the store, and CSV tables."""

import csv
import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field, TypeAdapter

from common.errors import InputError
from common.files import check_readable
from common.names import canonical_name, decode_text
from common.sqlite_file import SqliteFile
from common.tables import to_csv
from common.text import unescape_formula
from common.validation import validate
from workbench.quiz.cues import CUES, FindShares

MAX_GUESSES = 5
MAX_NOTE = 500
Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^\S(.*\S)?$")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

_GUESSES = tuple(f"guess_{i}" for i in range(1, MAX_GUESSES + 1))
_COLUMNS = ("player", "location", *_GUESSES, "cues", "note", "view", "x", "y")
_REQUIRED = ("player", "location", "guess_1")
"""The columns that a table of answers needs; the others may be missing."""
_ON_MAP = ("map_share_of_cues", "expected_share_of_cues")
"""Columns that are written and not read."""
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS players (name TEXT PRIMARY KEY, key_sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    player TEXT NOT NULL,
    location TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (player, location)
)
"""


@dataclass(frozen=True)
class Mark:
    """The place in a view that decided: `x` from the left and `y` from the top, in [0, 1]."""

    heading: Annotated[str, Field(pattern="^[NESW]$")]
    x: Share
    y: Share


@dataclass(frozen=True)
class Answer:
    """What a player said about a location.

    `guesses` are one to five classes, the likeliest first. `cues`, `note` and `mark` say what
    decided and may be empty.
    """

    player: Name
    location_id: str
    guesses: Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_GUESSES)]
    cues: Annotated[tuple[str, ...], Field(max_length=len(CUES))] = ()
    note: Annotated[str, Field(max_length=MAX_NOTE)] = ""
    mark: Mark | None = None

    def check(self, class_names: Collection[str], location_ids: Collection[str]) -> None:
        """Raise InputError for a field of another form, or a name that the store does not have."""
        validate(self, str)
        if self.location_id not in location_ids:
            raise InputError(f"{self.location_id!r:.100}: the store has no such location.")
        for name in self.guesses:
            if name not in class_names:
                raise InputError(f"{name!r:.100}: the store has no such class.")
        if len(set(self.guesses)) < len(self.guesses):
            raise InputError("A class is named twice; name others.")
        for cue in self.cues:
            if cue not in CUES:
                raise InputError(f"{cue!r:.100}: choose cues among {', '.join(CUES)}.")


_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


class Answers:
    """The answers of a store's quiz, in the file `path`, which the first player creates.

    Every method raises InputError if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = SqliteFile(path, _SCHEMA, _VERSION)

    def add_player(self, name: str) -> str:
        """Reserve a nickname and return the key that its answers need.

        The file keeps a hash of the key. Raises InputError if the name is taken.
        """
        key = secrets.token_urlsafe()
        with self._file.write() as file:
            taken = (
                "SELECT 1 FROM players WHERE name = :name "
                "UNION SELECT 1 FROM answers WHERE player = :name"
            )
            if file.execute(taken, {"name": name}).fetchone():
                raise InputError(f"The nickname {name!r} is taken; choose another.")
            file.execute("INSERT INTO players VALUES (?, ?)", (name, _sha256(key)))
        return key

    def is_player(self, name: str, key: str) -> bool:
        """Return whether this is the key of a nickname."""
        if not self._file.exists:
            return False
        with self._file.read() as file:
            found = file.execute("SELECT key_sha256 FROM players WHERE name = ?", (name,))
            row = found.fetchone()
        return row is not None and hmac.compare_digest(row[0], _sha256(key))

    def add(self, answers: Sequence[Answer]) -> int:
        """Add answers and return how many are new: the first of a player and location counts."""
        with self._file.write() as file:
            before = file.total_changes
            file.executemany(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?)",
                [
                    (
                        answer.player,
                        answer.location_id,
                        _ANSWER.dump_json(
                            answer, exclude={"player", "location_id"}, exclude_defaults=True
                        ).decode(),
                    )
                    for answer in answers
                ],
            )
            return file.total_changes - before

    def find(self, player: str, location_id: str) -> Answer | None:
        """Return what a player said about a location, None if they said nothing."""
        found = self._select("WHERE player = ? AND location = ?", (player, location_id))
        return found[0] if found else None

    def read(self) -> list[Answer]:
        """Return all answers, by player in the order in which they came."""
        return self._select("ORDER BY player, rowid") if self._file.exists else []

    def _select(self, condition: str, values: tuple[str, ...] = ()) -> list[Answer]:
        with self._file.read() as file:
            # Only this module writes the condition.
            query = f"SELECT player, location, content FROM answers {condition}"
            rows = file.execute(query, values).fetchall()
        try:
            return [
                _ANSWER.validate_python(
                    {"player": player, "location_id": location} | json.loads(content)
                )
                for player, location, content in rows
            ]
        except (ValueError, TypeError, RecursionError) as error:
            raise InputError(
                f"{self.path.name}: holds an answer that cannot be read; move the file away."
            ) from error


def answers_csv(answers: Sequence[Answer], find_shares: FindShares | None = None) -> str:
    """Return answers as CSV, which `read_csv` reads.

    With `find_shares`, which may be None without masks, the last two columns are the share of
    |map| on the cues that are named, and the share that the rows of the image would give them
    (`cues.CueShares`); empty where no map is known or no cue is named.
    """
    rows = [
        {"player": answer.player, "location": answer.location_id}
        | {f"guess_{i}": guess for i, guess in enumerate(answer.guesses, 1)}
        | {"cues": "; ".join(answer.cues), "note": answer.note}
        | (
            {"view": answer.mark.heading, "x": answer.mark.x, "y": answer.mark.y}
            if answer.mark
            else {}
        )
        | _on_map(answer, find_shares)
        for answer in answers
    ]
    columns = _COLUMNS + (_ON_MAP if find_shares else ())
    return to_csv(pd.DataFrame(rows, columns=columns, dtype=object).fillna(""))


def _on_map(answer: Answer, find_shares: FindShares | None) -> dict[str, float]:
    shares = find_shares(answer.location_id) if find_shares and answer.cues else None
    return dict(zip(_ON_MAP, shares.of(answer.cues), strict=True)) if shares else {}


def read_csv(
    path: Path, class_names: Collection[str], location_ids: Collection[str]
) -> list[Answer]:
    """Return the answers of a table of comma-, semicolon- or tab-separated values.

    Its columns are player, location, guess_1 to guess_5, cues (separated by semicolons), note,
    view, x and y, in any order; the first three are required. Raises InputError with the line that
    is wrong.
    """
    check_readable(path, "there is no such table; check the path")
    try:
        text = decode_text(path.read_bytes())
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8; write it again.") from error
    first = text.partition("\n")[0]
    reader = csv.DictReader(
        StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), restval=""
    )
    missing = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"{path}: has no column {missing[0]!r}; add it.")
    result = []
    try:
        for row in reader:
            answer = _from_row(row)
            answer.check(class_names, location_ids)
            result.append(answer)
    except InputError as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from error
    except (ValueError, csv.Error) as error:
        raise InputError(
            f"{path}, line {reader.line_num}: is not an answer; it needs a nickname of at most 40 "
            "letters, a location and a class; view is N, E, S or W, x and y are in [0, 1]."
        ) from error
    return result


def _from_row(row: Mapping[str, str]) -> Answer:
    """Return the answer of a line; raises ValueError."""
    cells = {name: unescape_formula((row.get(name) or "").strip()) for name in _COLUMNS}
    cues = [cue.strip() for cue in cells["cues"].split(";")]
    mark = {"heading": cells["view"], "x": cells["x"], "y": cells["y"]}
    return _ANSWER.validate_python(
        {
            "player": cells["player"],
            "location_id": canonical_name(cells["location"]),
            "guesses": tuple(canonical_name(cells[name]) for name in _GUESSES if cells[name]),
            "cues": tuple(cue for cue in cues if cue),
            "note": cells["note"],
            "mark": mark if cells["view"] else None,
        }
    )


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
