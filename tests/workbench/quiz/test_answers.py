"""Answers in SQLite and CSV."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.errors import InputError
from workbench.quiz.answers import Answer, Answers, Mark, answers_csv, read_csv

CLASSES = ("Iowa", "Ohio", "São Paulo")
IDS = ("Ohio/a", "Iowa/b")


def answer(player: str, location: str = "Ohio/a", **options: object) -> Answer:
    return Answer(player, location, **({"guesses": ("Iowa", "Ohio")} | options))  # type: ignore[arg-type]


@pytest.mark.slow
def test_fifty_players_at_once_lose_no_answer(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "quiz.sqlite")

    def play(number: int) -> None:
        key = answers.add_player(f"player {number}")
        for location in range(4):
            answers.add([answer(f"player {number}", f"Ohio/{location}")])
        assert answers.is_player(f"player {number}", key)

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(play, range(50)))
    found = answers.read()
    assert len({(one.player, one.location_id) for one in found}) == len(found) == 200


def test_the_first_answer_counts_and_a_nickname_is_one_persons(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "quiz.sqlite")
    assert answers.read() == []
    assert not answers.is_player("ada", "")
    key = answers.add_player("ada")
    assert answers.add([answer("ada"), answer("ada", note="again")]) == 1
    assert answers.find("ada", "Ohio/a") == answer("ada")
    assert answers.find("ada", "Iowa/b") is None
    with pytest.raises(InputError, match="taken"):
        answers.add_player("ada")
    assert not answers.is_player("ada", key[:-1])
    assert key.encode() not in (tmp_path / "quiz.sqlite").read_bytes()
    answers.add([answer("from a form")])
    with pytest.raises(InputError, match="taken"):
        answers.add_player("from a form")


def test_a_damaged_answer_is_named(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "quiz.sqlite")
    answers.add([answer("ada")])
    with sqlite3.connect(answers.path) as file:
        file.execute("UPDATE answers SET content = '{\"guesses\": 3}'")
    file.close()
    with pytest.raises(InputError, match=r"^quiz.sqlite: holds an answer"):
        answers.read()


def test_a_table_gives_back_what_was_written(tmp_path: Path) -> None:
    written = [
        answer("=1+1", cues=("soil", "sky"), note='a; "b",\nc', mark=Mark("E", 0.25, 1.0)),
        answer("bob", "Iowa/b", guesses=("São Paulo",)),
    ]
    path = tmp_path / "answers.csv"
    path.write_text(answers_csv(written), "utf-8")
    assert read_csv(path, CLASSES, IDS) == written
    path.write_bytes(answers_csv(written[1:]).replace(",", ";").encode("utf-16"))
    assert read_csv(path, CLASSES, IDS) == written[1:]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("player,location\nada,Ohio/a", "has no column 'guess_1'"),
        ("player,location,guess_1\nada,Ohio/a,Ohio\nada,Utah/a,Ohio", "line 3: 'Utah/a'"),
        ("player,location,guess_1\nada,Ohio/a,Utah", "line 2: 'Utah'"),
        ("player,location,guess_1\n,Ohio/a,Ohio", "line 2: is not an answer"),
        ("player,location,guess_1\nada,Ohio/a,", "line 2: is not an answer"),
        ("player,location,guess_1,guess_2\nada,Ohio/a,Ohio,Ohio", "line 2: A class is named"),
        ("player,location,guess_1,cues\nada,Ohio/a,Ohio,dogs", "line 2: 'dogs'"),
        ("player,location,guess_1,view,x,y\nada,Ohio/a,Ohio,N,2,0", "line 2: is not an answer"),
        ("player,location,guess_1,view,x,y\nada,Ohio/a,Ohio,N,,", "line 2: is not an answer"),
        ("\xff", "is not UTF-8"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, lines: str, message: str) -> None:
    path = tmp_path / "answers.csv"
    path.write_bytes(lines.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        read_csv(path, CLASSES, IDS)
