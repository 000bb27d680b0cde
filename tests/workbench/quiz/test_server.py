"""The quiz over HTTP, and its command."""

import json
import time
from pathlib import Path
from typing import Any

import flask
import pandas as pd
import pytest
from flask.testing import FlaskClient

from app import ASSETS
from tests.browser.site import Explainer
from tests.examples import small_store
from workbench.attribution.layered_cache import LayeredCache
from workbench.dashboard.access import Access
from workbench.evaluation.predictions import Predictions
from workbench.quiz import __main__ as command
from workbench.quiz.answers import Answers
from workbench.quiz.rounds import draw
from workbench.quiz.server import create_quiz
from workbench.store.photographs import Photographs

ROUND = {"seed": 7, "size": 5}
NOTHING: dict[str, Any] = {"cues": [], "note": "", "mark": None}


@pytest.fixture
def predictions(tmp_path: Path) -> Predictions:
    return Predictions(small_store(tmp_path / "small.h5", tmp_path / "data", locations=3))


@pytest.fixture
def quiz(tmp_path: Path, predictions: Predictions) -> flask.Flask:
    store = predictions.store
    answers = Answers(tmp_path / "small.h5.quiz.sqlite")
    photographs, explainer = Photographs(tmp_path / "data", store), Explainer(store)
    cache = LayeredCache([], None)
    return create_quiz(predictions, "small <b>.h5", ASSETS, photographs, explainer, answers, cache)


@pytest.fixture
def client(quiz: flask.Flask) -> FlaskClient:
    return quiz.test_client()


@pytest.fixture
def player(client: FlaskClient) -> dict[str, Any]:
    reply = client.post("/player", json={"player": "ada"})
    return {"player": "ada", **reply.get_json(), **ROUND}


def test_a_round_is_played(
    client: FlaskClient, player: dict[str, Any], predictions: Predictions, tmp_path: Path
) -> None:
    store = predictions.store
    rows = draw(store.labels, 5, 7)
    about = client.get("/round", query_string=ROUND).get_json()
    assert (about["n"], about["classes"]) == (5, list(store.class_names))
    assert about["tiles"][1] == ["AZ", 5, 1]
    for position, row in enumerate(rows.tolist()):
        name, truth = store.location_ids[row], store.class_names[store.labels[row]]
        view = client.get(f"/view/7/5/{position}/S")
        assert view.data == (tmp_path / "data" / f"{name}_180.jpg").read_bytes()
        said = {**player, "position": position, "guesses": ["Ohio", "Hawaii"], **NOTHING}
        reply = client.post("/answer", json=said).get_json()
        assert (reply["location"], reply["truth"]) == (name, truth)
        best = predictions.most_probable(row).tolist()
        assert [one for one, _ in reply["model"]] == [store.class_names[index] for index in best]
        # A second answer changes nothing.
        again = client.post("/answer", json=said | {"guesses": [truth]}).get_json()
        assert again["guesses"] == ["Ohio", "Hawaii"]
    accuracy = client.get("/results").get_json()["tables"][0]
    assert accuracy["title"] == "People and model: 5 answers of 1 player about 5 locations"
    right = sum(store.class_names[label] == "Ohio" for label in store.labels[rows])
    assert accuracy["rows"][0][1].startswith(f"{100 * right / 5:.0f} %")
    assert accuracy["note"].startswith("A small sample.")


def test_the_map_is_shown_after_the_answer_alone(
    client: FlaskClient, player: dict[str, Any]
) -> None:
    question = {**player, "position": 2}
    assert client.post("/explanation", json=question).status_code == 400
    mark = {"heading": "E", "x": 0.5, "y": 0.5}
    client.post("/answer", json={**question, "guesses": ["Ohio"], **NOTHING, "mark": mark})
    end = time.monotonic() + 30
    while time.monotonic() < end:
        reply = client.post("/explanation", json=question).get_json()
        if "views" in reply:
            break
        time.sleep(0.02)
    assert [view[:22] for view in reply["views"]] == ["data:image/png;base64,"] * 4
    assert 0 <= reply["rank"] <= 1


@pytest.mark.parametrize(
    "change",
    [
        {"key": "x"},
        {"player": "bob"},
        {"seed": -1},
        {"size": 10**6},
        {"position": 7},
        {"guesses": []},
        {"guesses": ["Utah"]},
        {"guesses": ["Ohio"] * 2},
        {"guesses": "Ohio"},
        {"cues": ["dogs"]},
        {"note": "x" * 501},
        {"mark": {"heading": "../N", "x": 0, "y": 0}},
        {"mark": {"heading": "N", "x": 2, "y": 0}},
    ],
)
def test_what_no_page_sends_is_refused_and_not_kept(
    client: FlaskClient, player: dict[str, Any], change: dict[str, Any]
) -> None:
    said = {**player, "position": 0, "guesses": ["Ohio"], **NOTHING, **change}
    reply = client.post("/answer", json=said)
    assert reply.status_code == 400
    assert reply.get_json()["message"]
    assert client.get("/results").get_json() == {"tables": []}


def test_json_nested_without_end_is_refused(client: FlaskClient) -> None:
    reply = client.post("/answer", data="[" * 8000, content_type="application/json")
    assert reply.status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/view/7/5/9/N",
        "/view/7/5/0/X",
        "/view/7/5/0/..%2f..%2fsmall.h5",
        "/view/-1/5/0/N",
        "/assets/../app.py",
        "/assets/style.css",
        "/assets/quiz/../../app.py",
        "/photograph/Ohio/2015_-A_b4000/N",
        "/small.h5",
    ],
)
def test_nothing_else_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_answers_come_as_json_from_its_own_page(
    client: FlaskClient, player: dict[str, Any]
) -> None:
    said = {**player, "position": 0, "guesses": ["Ohio"], **NOTHING}
    reply = client.post("/answer", data=json.dumps(said), content_type="text/plain")
    assert reply.status_code == 400
    page = client.get("/")
    assert "small &lt;b&gt;.h5" in page.get_data(as_text=True)
    assert "'unsafe" not in page.headers["Content-Security-Policy"]


def test_without_the_token_nothing_is_served(predictions: Predictions, tmp_path: Path) -> None:
    photographs = Photographs(tmp_path / "data", predictions.store)
    answers, access = Answers(tmp_path / "quiz.sqlite"), Access(token="x" * 16)
    quiz = create_quiz(predictions, "small.h5", ASSETS, photographs, None, answers, access=access)
    client = quiz.test_client()
    for rule in quiz.url_map.iter_rules():
        path = (
            "/view/7/5/0/N"
            if rule.arguments == {"seed", "size", "position", "heading"}
            else (rule.rule.replace("<path:name>", "theme.css"))
        )
        method = client.post if "POST" in (rule.methods or ()) else client.get
        assert method(path).status_code == 401


def test_the_command_adds_answers_and_compares(
    predictions: Predictions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.h5"
    with pytest.raises(SystemExit, match="2"):
        command.main([str(path)])
    assert "nobody has answered yet" in capsys.readouterr().err
    store = predictions.store
    frame = pd.DataFrame(
        {"player": "ada", "location": store.location_ids, "guess_1": "Ohio", "cues": "soil"}
    )
    frame.to_csv(tmp_path / "form.csv", index=False)
    out = tmp_path / "all.csv"
    arguments = [str(path), "--add", str(tmp_path / "form.csv"), "--out", str(out)]
    assert command.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "15 of 15 answers are new" in printed
    assert "| first guess | 20 % (7–45) |" in printed
    assert "| soil  " in printed
    assert len(pd.read_csv(out)) == 15
    assert command.main(arguments) == 0
    assert "0 of 15 answers are new" in capsys.readouterr().out
