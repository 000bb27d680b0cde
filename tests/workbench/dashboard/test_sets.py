"""Saved selections: the file, what a page may ask for, and what two sets have in common."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.errors import InputError
from tests.workbench.dashboard.examples import classes, step
from workbench.dashboard import sets as saved
from workbench.dashboard.selection import resolve
from workbench.dashboard.sets import Sets, handle
from workbench.evaluation.predictions import Predictions

OHIO = [classes("Ohio")]


@pytest.fixture
def sets(tmp_path: Path) -> Sets:
    return Sets(tmp_path / "small store#1?.h5.sets.sqlite")


def names(sets: Sets) -> list[str]:
    return [one["name"] for one in sets.read()[0]]


def test_sets_are_kept_changed_and_deleted(sets: Sets) -> None:
    assert sets.read() == ([], 0)
    assert not sets.path.exists()
    sets.save("wrong", ["ärger"], "=1+1", [step("correct", value=False)])
    sets.save("Ohio", [], "", OHIO)
    (ohio, wrong), unreadable = Sets(sets.path).read()
    assert unreadable == 0
    assert (ohio["name"], ohio["steps"]) == ("Ohio", OHIO)
    assert (wrong["tags"], wrong["note"]) == (["ärger"], "=1+1")
    with pytest.raises(InputError, match="of this name"):
        sets.save("Ohio", [], "", OHIO)
    with pytest.raises(InputError, match="of this name"):
        sets.change(wrong["id"], "Ohio", [], "")
    sets.change(wrong["id"], "mistakes", ["a", "b"], "")
    assert names(sets) == ["mistakes", "Ohio"]
    sets.delete(ohio["id"])
    sets.delete(ohio["id"])
    assert names(sets) == ["mistakes"]
    assert list(sets.path.parent.iterdir()) == [sets.path]


def test_several_writers_lose_nothing(sets: Sets) -> None:
    def write(writer: int) -> None:
        for number in range(5):
            Sets(sets.path).save(f"{writer} {number}", [], "", OHIO)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(sets)) == 20


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no database" * 100, "damaged"), (None, "not a file")],
)
def test_a_damaged_file_is_said_and_left_alone(
    sets: Sets, content: bytes | None, message: str
) -> None:
    if content is None:
        sets.path.mkdir()
    else:
        sets.path.write_bytes(content)
    save = {"action": "save", "name": "a", "tags": [], "note": "", "steps": OHIO}
    for request in ({"action": "read"}, save, {"action": "delete", "id": 1}):
        answer = handle(request, sets)
        assert answer["sets"] == []
        assert message in answer["message"]
        assert sets.path.name in answer["message"]
    assert content is None or sets.path.read_bytes() == content


def test_what_others_wrote_into_the_file_is_checked(sets: Sets) -> None:
    sets.save("good", [], "", OHIO)
    with sqlite3.connect(sets.path) as file:
        for number, steps in enumerate(["[", "[" * 100_000, "[]", "3", json.dumps([{"op": "x"}])]):
            file.execute(
                "INSERT INTO sets (name, tags, note, steps) VALUES (?, '[]', '', ?)",
                (f"bad {number}", steps),
            )
        file.execute("INSERT INTO sets (name, tags, note, steps) VALUES (x'ff', '5', 5, x'00')")
    answer = handle({"action": "read"}, sets)
    assert [one["name"] for one in answer["sets"]] == ["good"]
    assert "6 sets cannot be read" in answer["message"]
    with sqlite3.connect(sets.path) as file:
        file.execute("PRAGMA user_version = 99")
    assert "later version" in handle({"action": "read"}, sets)["message"]


def test_there_is_room_for_so_many_and_so_large(
    sets: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "MOST_SETS", 1)
    monkeypatch.setattr(saved, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="too large"):
        sets.save("ids", [], "", [step("ids", ids=["x" * 1000])])
    sets.save("one", [], "", OHIO)
    with pytest.raises(InputError, match="delete one first"):
        sets.save("two", [], "", OHIO)
    assert names(sets) == ["one"]


def test_a_group_selects_what_its_steps_select(predictions: Predictions) -> None:
    wrong: list[Any] = [step("correct", value=False)]
    alone = [
        step("group", name="Ohio", steps=OHIO),
        step("group", "subtract", name="wrong", steps=wrong),
    ]
    selection = resolve(alone, predictions)
    assert selection is not None
    expected = (predictions.store.labels == 4) & predictions.correct
    assert np.array_equal(selection.member, expected)
