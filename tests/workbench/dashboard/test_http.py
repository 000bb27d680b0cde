"""What the dashboard answers to a browser, and to whoever pretends to be one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest

from tests.examples import small_store
from tests.workbench.dashboard.examples import NONSENSE, Fake
from workbench.dashboard.page import dashboard
from workbench.dashboard.photographs import address
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs

ASSETS = Path("assets").resolve()


@pytest.fixture(scope="module")
def client(predictions: Predictions, root: Path) -> Iterator[Any]:
    photographs = Photographs(root / "data", predictions.store)
    server = dashboard(predictions.store, "small.h5", ASSETS, photographs, Fake()).server
    assert isinstance(server, flask.Flask)
    with server.test_client() as client:
        yield client


def test_a_photograph_is_served_by_id_and_heading(
    client: Any, predictions: Predictions, root: Path
) -> None:
    name = predictions.store.location_ids[3]
    response = client.get(address(name, "E"))
    assert response.status_code == 200
    assert response.mimetype == "image/jpeg"
    assert response.data == (root / "data" / f"{name}_90.jpg").read_bytes()
    response.close()


@pytest.mark.parametrize(
    "path",
    [
        "/photograph/nowhere/N",
        "/photograph/Ohio/N",
        "/photograph/Ohio/2015_-A_b4000/X",
        "/photograph/Ohio/2015_-A_b4000/0",
        "/photograph/Ohio/2015_-A_b4000_0.jpg/N",
        "/photograph/../../etc/passwd/N",
        "/photograph/..%2f..%2fetc%2fpasswd/N",
        "/photograph/%2e%2e/%2e%2e/etc/passwd/N",
        "/photograph/Ohio/../Ohio/2015_-A_b4000/N",
        "/photograph//etc/passwd/N",
        "/photograph/%2Fetc%2Fpasswd/N",
        "/photograph/Ohio/2015_-A_b4000%00/N",
        "/photograph/",
    ],
)
def test_whatever_the_store_does_not_name_is_not_found(client: Any, path: str) -> None:
    assert client.get(path, follow_redirects=True).status_code == 404


def test_a_photograph_that_is_gone_is_not_found(tmp_path: Path) -> None:
    made = small_store(tmp_path / "s.h5", tmp_path / "data", locations=2)
    app = dashboard(made, "s.h5", ASSETS, Photographs(tmp_path / "data", made), None)
    name = made.location_ids[0]
    (tmp_path / "data" / f"{name}_0.jpg").unlink()
    assert app.server.test_client().get(address(name, "N")).status_code == 404


def test_without_photographs_there_is_nothing_to_serve(predictions: Predictions) -> None:
    app = dashboard(predictions.store, "s.h5", ASSETS, None, None, ["No photographs."])
    client = app.server.test_client()
    assert client.get(address(predictions.store.location_ids[0], "N")).status_code == 404
    assert "No photographs." in client.get("/_dash-layout").text


def test_the_page_asks_for_nothing_from_outside(client: Any) -> None:
    page = client.get("/")
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


USUAL = {
    "method.value": "integrated_gradients",
    "baseline.value": "mean",
    "output.value": "logit",
    "state.value": "predicted",
    "rather.value": "",
    "gather-about.value": "own",
    "page.data": "a page",
}
EXPLANATION, GATHERED = "explanation.children", "gathered.children"
NO_QUESTION = "This is no question"


def body(client: Any, output: str, value: dict[str, Any], changed: str) -> dict[str, Any]:
    """Return what a browser sends for a callback: values by "id.property", others as usual."""
    (entry,) = [one for one in client.get("/_dash-dependencies").json if output in one["output"]]
    given = USUAL | value
    filled = [
        [one | {"value": given.get(f"{one['id']}.{one['property']}")} for one in entry[kind]]
        for kind in ("inputs", "state")
    ]
    outputs = [
        dict(zip(("id", "property"), one.rsplit(".", 1), strict=True))
        for one in entry["output"].strip(".").split("...")
    ]
    return {
        "output": entry["output"],
        "outputs": outputs if entry["output"].startswith("..") else outputs[0],
        "inputs": filled[0],
        "state": filled[1],
        "changedPropIds": [changed],
    }


def call(client: Any, output: str, value: dict[str, Any], changed: str) -> Any:
    sent = body(client, output, value, changed)
    return client.post("/_dash-update-component", json=sent)


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_callbacks_survive_nonsense(client: Any, nonsense: Any) -> None:
    answer = call(client, "roc.figure", {"selection.data": nonsense}, "selection.data")
    assert answer.status_code == 200, answer.text
    assert "nothing selected" in answer.text
    for output, place in (
        ("location.children", "opened.data"),
        (EXPLANATION, "opened.data"),
        (EXPLANATION, "page.data"),
        ("pinned.data", "opened.data"),
        ("full.value", "opened.data"),
        (GATHERED, "selection.data"),
        (GATHERED, "page.data"),
        (GATHERED, "gather-about.value"),
    ):
        answer = call(client, output, {place: nonsense}, place)
        assert answer.status_code in (200, 204), answer.text
        assert "Traceback" not in answer.text


QUESTION = ["method.value", "baseline.value", "output.value", "state.value", "rather.value"]


@pytest.mark.parametrize("nonsense", [*NONSENSE[:2], "Atlantis", *NONSENSE[3:], "x" * 100_000])
@pytest.mark.parametrize("place", QUESTION)
def test_no_question_is_answered_by_a_sentence(
    client: Any, predictions: Predictions, place: str, nonsense: Any
) -> None:
    value = {"opened.data": predictions.store.location_ids[0], place: nonsense}
    for output in (EXPLANATION, GATHERED):
        answer = call(client, output, value, place)
        assert answer.status_code == 200, answer.text
        said = any(words in answer.text for words in (NO_QUESTION, "there is no such", "no such"))
        assert said, answer.text


def test_a_baseline_that_nobody_pinned_is_answered_by_a_sentence(
    client: Any, predictions: Predictions
) -> None:
    opened = {"opened.data": predictions.store.location_ids[0], "baseline.value": "location"}
    for pinned in [*NONSENSE, "nowhere"]:
        answer = call(client, EXPLANATION, opened | {"pinned.data": pinned}, "baseline.value")
        assert answer.status_code == 200
        assert "pin it first" in answer.text or NO_QUESTION in answer.text
    pinned = {"pinned.data": predictions.store.location_ids[1]}
    answer = call(client, EXPLANATION, opened | pinned, "baseline.value")
    assert answer.json["response"]["tick"]["max_intervals"] == 1


def test_a_state_rather_than_itself_is_answered_by_a_sentence(
    client: Any, predictions: Predictions
) -> None:
    value = {"opened.data": predictions.store.location_ids[0], "rather.value": "Ohio"}
    assert "choose two classes" in call(client, EXPLANATION, value, "rather.value").text


@pytest.mark.parametrize("nonsense", [*NONSENSE, -1, 0, True, 1e400, float("nan"), "red", 10**400])
@pytest.mark.parametrize("place", ["full.value", "clip.value", "strength.value"])
def test_nonsense_shows_maps_as_usual(
    client: Any, predictions: Predictions, place: str, nonsense: Any
) -> None:
    value = {"opened.data": predictions.store.location_ids[0], place: nonsense}
    assert call(client, EXPLANATION, value, place).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        [], 5, None, {}, {"output": 5}, {"output": "x.y"},
        {"output": "strip.children", "inputs": {}},
        {"output": "location.children", "inputs": [], "state": 3},
    ],
)  # fmt: skip
def test_requests_of_another_form_are_refused(client: Any, sent: Any) -> None:
    assert client.post("/_dash-update-component", json=sent).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"outputs": 5}, {"outputs": None}, {"outputs": "x"}, {"outputs": [5]}, {"outputs": []},
        {"outputs": {}}, {"outputs": [{"id": "x", "property": "y"}]}, {"inputs": None},
        {"inputs": []}, {"inputs": [[]]}, {"inputs": {"id": "x"}}, {"state": {}}, {"state": 7},
        {"changedPropIds": 5}, {"changedPropIds": [5]}, {"changedPropIds": [None]},
        {"output": []}, {"output": "location.children"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("output", [EXPLANATION, "full.value", "roc.figure"])
def test_a_request_that_differs_from_what_a_page_sends_is_refused(
    client: Any, output: str, change: dict[str, Any]
) -> None:
    sent = body(client, output, {}, "opened.data") | change
    assert client.post("/_dash-update-component", json=sent).status_code == 400


def test_a_request_nested_without_end_is_refused(client: Any) -> None:
    for depth in (1_000, 100_000):
        for opening, closing in ("[]", ('{"a":', "}")):
            nested = opening * depth + ("1" if opening != "[" else "") + closing * depth
            for data in (nested, nested[: len(nested) // 2], f'{{"outputs": {nested}}}'):
                answer = client.post(
                    "/_dash-update-component", data=data, content_type="application/json"
                )
                assert answer.status_code == 400


def test_a_poll_that_overtakes_its_request_is_followed_by_another(
    client: Any, predictions: Predictions
) -> None:
    value: dict[str, Any] = {
        "opened.data": predictions.store.location_ids[3],
        "page.data": "nobody asked for this page",
        "tick.n_intervals": 7,
    }
    polled = call(client, EXPLANATION, value, "tick.n_intervals")
    assert polled.json["response"]["tick"]["max_intervals"] == 8
    cancelled = call(client, EXPLANATION, value, "cancel.n_clicks")
    assert cancelled.json["response"]["tick"]["max_intervals"] == 7


def test_the_same_map_is_sent_once(client: Any, predictions: Predictions) -> None:
    value = {"opened.data": predictions.store.location_ids[4]}
    first = call(client, EXPLANATION, value, "opened.data").json["response"]
    assert "overlays" in first
    again = value | {"drawn.data": first["drawn"]["data"]}
    assert "overlays" not in call(client, EXPLANATION, again, "tick.n_intervals").json["response"]
