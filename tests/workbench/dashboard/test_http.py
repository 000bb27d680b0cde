"""What the dashboard answers to a browser, and to whoever pretends to be one."""

import functools
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
from dash import Dash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import small_store
from tests.workbench.dashboard.examples import NO_STEPS, Fake, classes, step
from workbench.dashboard.page import create_app
from workbench.dashboard.photographs import photograph_url
from workbench.dashboard.sets import Sets
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs

ASSETS = Path("assets").resolve()


@pytest.fixture(scope="module")
def app(judged_predictions: Predictions, root: Path) -> Dash:
    store = judged_predictions.store  # It has more projections than panels, and neighbours.
    photographs, saved = Photographs(root / "data", store), Sets(root / "small.h5.sets.sqlite")
    return create_app(store, "small.h5", ASSETS, photographs, Fake(), saved_sets=saved)


@pytest.fixture(scope="module")
def client(app: Dash) -> Iterator[Any]:
    with app.server.test_client() as client:
        yield client


def test_a_photograph_is_served_by_id_and_heading(
    client: Any, predictions: Predictions, root: Path
) -> None:
    name = predictions.store.location_ids[3]
    response = client.get(photograph_url(name, "E"))
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
        "/columns/",
        "/columns/column/",
        "/columns/column/features",
        "/columns/column/projection/nowhere",
        "/columns/column/../../etc/passwd",
        "/columns/column/%2e%2e/manifest",
        "/columns/column/id%00",
        "/columns/" + "x" * 10_000,
    ],
)
def test_whatever_the_store_does_not_name_is_not_found(client: Any, path: str) -> None:
    assert client.get(path, follow_redirects=True).status_code == 404


def test_columns_hold_what_the_store_holds(client: Any, predictions: Predictions) -> None:
    store = predictions.store
    overview = client.get("/columns/manifest").json
    assert overview["length"] == len(store)
    assert [one["name"] for one in overview["classes"]] == list(store.class_names)
    described = {one["name"]: one for one in overview["columns"]}
    assert client.get("/columns/column/id").text.split("\n") == list(store.location_ids)
    for name, expected in {
        "label": store.labels,
        "prediction": predictions.predicted_labels,
        "confidence": predictions.confidences,
        "margin": np.diff(np.sort(predictions.probabilities)[:, -2:])[:, 0],
        "entropy": scipy.stats.entropy(predictions.probabilities, axis=1),
        "year": np.full(len(store), 2015),
        "projection/tsne": store.projections["tsne"].coordinates.ravel(),
    }.items():
        content = client.get(f"/columns/column/{name}").data
        values = np.frombuffer(content, np.dtype(described[name]["dtype"]).newbyteorder("<"))
        assert np.allclose(values, expected, atol=1e-6), name
    assert described["label"]["dtype"] == "uint8"
    assert (described["confidence"]["min"], described["confidence"]["max"]) == (0, 1)
    assert described["year"]["min"] == 2015


def test_columns_are_compressed_and_sent_once(client: Any) -> None:
    path = "/columns/column/projection/umap"
    plain = client.get(path)
    assert "Content-Encoding" not in plain.headers
    compressed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(compressed.data) == plain.data
    etag = {"If-None-Match": compressed.headers["ETag"]}
    again = client.get(path, headers={"Accept-Encoding": "gzip", **etag})
    assert (again.status_code, again.data) == (304, b"")


def test_a_photograph_that_is_gone_is_not_found(tmp_path: Path) -> None:
    made = small_store(tmp_path / "s.h5", tmp_path / "data", locations=2)
    app = create_app(made, "s.h5", ASSETS, Photographs(tmp_path / "data", made), None)
    name = made.location_ids[0]
    (tmp_path / "data" / f"{name}_0.jpg").unlink()
    assert app.server.test_client().get(photograph_url(name, "N")).status_code == 404


def test_without_photographs_there_is_nothing_to_serve(predictions: Predictions) -> None:
    app = create_app(predictions.store, "s.h5", ASSETS, None, None, ["No photographs."])
    client = app.server.test_client()
    assert client.get(photograph_url(predictions.store.location_ids[0], "N")).status_code == 404
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
    "target.value": "predicted",
    "contrast-target.value": "",
    "aggregate-target.value": "selection",
    "selection-aggregate.data": [],
    "page.data": "a page",
}
STATUS, AGGREGATE = "attribution-info.children", "aggregate-maps.children"
INVALID = "Invalid request"


@functools.cache
def dependencies(client: Any) -> Any:
    return client.get("/_dash-dependencies").json


def body(client: Any, output: str, value: dict[str, Any], changed: str) -> dict[str, Any]:
    """Return what a browser sends for a callback: values by "id.property", others as usual."""
    (entry,) = [
        one
        for one in dependencies(client)
        if output in (one["output"], *one["output"].strip(".").split("..."))
    ]
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


@pytest.mark.slow
def test_every_callback_refuses_or_survives_nonsense(
    client: Any, app: Dash, caplog: pytest.LogCaptureFixture
) -> None:
    tried = 0
    nonsense_values: list[Any] = [None, 3, "Atlantis", [], {"by": "class", "names": ["Nowhere"]}]
    for output, place in server_places(app):
        for nonsense in nonsense_values:
            answer = call(client, output, {place: nonsense}, place)
            assert answer.status_code in (200, 204, 400), (output, place, nonsense)
            tried += 1
    assert tried > 200
    assert caplog.records == []


def server_places(app: Dash) -> list[tuple[str, str]]:
    """Return the callbacks that the server runs, each with each property that it takes."""
    return [
        (output, f"{one['id']}.{one['property']}")
        for output, callback in app.callback_map.items()
        if "callback" in callback
        for one in callback["inputs"] + callback["state"]
    ]


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
        st.sampled_from(["replace", "class", "lasso", "Ohio", "Alaska", "umap", "mean"]),
        st.sampled_from(["Ohio/2015_-A_b4000", "Alaska/2015_-A_b0000", "location", "occlusion"]),
    ),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["op", "filter", "kind", "ids", "value", "id"]), inner)
    | st.builds(lambda names: [step("class", of="true", names=names)], inner)
    | st.builds(lambda end: [step("range", column="confidence", min=end, max=None)], inner)
    | st.builds(lambda corners: [step("lasso", projection="umap", polygon=corners)], inner)
    | st.builds(lambda ids: [step("nearest", "add", id="x", ids=ids)], inner),
    max_leaves=8,
)  # fmt: skip


def send_any_body(client: Any, app: Dash, data: st.DataObject) -> Any:
    """Return the answer to a callback request with some values and parts drawn at random."""
    output, place = data.draw(st.sampled_from(server_places(app)))
    sent = body(client, output, {}, place)
    for item in sent["inputs"] + sent["state"]:
        if data.draw(st.booleans()):
            item["value"] = data.draw(JSON)
    sent |= data.draw(st.dictionaries(st.sampled_from(list(sent)), JSON, max_size=1))
    return client.post("/_dash-update-component", json=sent)


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_no_body_and_no_value_ends_in_an_error(
    client: Any, app: Dash, caplog: pytest.LogCaptureFixture, data: st.DataObject
) -> None:
    answer = send_any_body(client, app, data)
    assert answer.status_code in (200, 204, 400), answer.text
    assert caplog.records == []


NO_COUNT: list[Any] = [-1, 1.5, "7", True, [], 2**53]
NO_NUMBER: list[Any] = [[], {}, True, 1e400, float("nan"), 10**400]
NO_TEXT: list[Any] = [3, True, [], {}, "x" * 1001, "\ud800"]


@pytest.mark.parametrize(
    ("output", "place", "values"),
    [
        ("accuracy.children", "selection.data", NO_STEPS),
        ("roc.figure", "selection-maps.data", NO_STEPS),
        ("location.children", "active-location.data", NO_TEXT),
        ("baseline.options", "pins.data", ["x", [3], ["x"] * 5, [None], {}]),
        ("contrast-target.options", "target.value", NO_TEXT),
        ("compare-job.data", "compare-cancel.n_clicks", NO_COUNT),
        ("attribution-job.data", "page.data", NO_TEXT),
        (STATUS, "attribution-timer.n_intervals", NO_COUNT),
        (STATUS, "attribution-job.data", [3, [], {"cancelled": 1}, {"time": "x"}]),
        (STATUS, "method.value", NO_TEXT),
        ("quality-umap.children", "projection-choice-umap.value", NO_TEXT),
        ("overlays.children", "color-limit.value", NO_NUMBER),
        ("overlays.children", "opacity.value", NO_NUMBER),
        ("overlays.children", "percentile.value", [*NO_NUMBER, "99"]),
    ],
)
def test_a_value_of_another_form_is_refused_by_a_sentence(
    client: Any, output: str, place: str, values: list[Any]
) -> None:
    for value in values:
        answer = call(client, output, {place: value}, place)
        assert answer.status_code == 400, value
        assert f"{place}: " in answer.text
        assert len(answer.text) < 500


def test_a_step_of_unknown_names_selects_nothing(client: Any) -> None:
    polygon = [[-9, -9], [9, -9], [0, 9]]
    for one in (
        classes("Atlantis"),
        step("lasso", projection="../umap", polygon=polygon),
        step("ids", ids=["../../etc/passwd"]),
        step("nearest", id="nowhere", ids=[]),
        step("range", column="id", min=None, max=None),
        step("lasso", projection="umap", polygon=[]),
        step("search", text=" "),
    ):
        value = {"selection-aggregate.data": [one]}
        answer = call(client, "aggregate-job.data", value, "selection-aggregate.data")
        assert answer.status_code == 200
        value = {"selection.data": [one]}
        assert call(client, "accuracy.children", value, "selection.data").status_code == 200
        value = {"selection-maps.data": [one]}
        for output in ("roc.figure", "confusion.figure"):
            assert call(client, output, value, "selection-maps.data").status_code == 200


REQUEST = [
    "method.value",
    "baseline.value",
    "output.value",
    "target.value",
    "contrast-target.value",
]


@pytest.mark.parametrize("nonsense", [None, "Atlantis", "x" * 1000])
@pytest.mark.parametrize("place", REQUEST)
def test_an_invalid_request_is_answered_by_a_message(
    client: Any, predictions: Predictions, place: str, nonsense: Any
) -> None:
    value = {"active-location.data": predictions.store.location_ids[0], place: nonsense}
    for output in (STATUS, AGGREGATE):
        answer = call(client, output, value, place)
        assert answer.status_code == 200, answer.text
        assert any(words in answer.text for words in (INVALID, "must be", "no such")), answer.text
        assert len(answer.text) < 10_000 or place in ("target.value", "contrast-target.value")


def test_an_unknown_baseline_is_answered_by_a_message(
    client: Any, predictions: Predictions
) -> None:
    opened = {"active-location.data": predictions.store.location_ids[0]}
    value = opened | {"baseline.value": "location:nowhere"}
    answer = call(client, STATUS, value, "baseline.value")
    assert "nowhere: this store has no such location" in answer.text
    known = opened | {"baseline.value": f"location:{predictions.store.location_ids[1]}"}
    call(client, "attribution-job.data", known, "baseline.value")
    answer = call(client, STATUS, known, "attribution-job.data")
    assert answer.json["response"]["attribution-timer"]["max_intervals"] == 1


def test_a_target_contrasted_with_itself_shows_a_message(
    client: Any, predictions: Predictions
) -> None:
    value = {
        "active-location.data": predictions.store.location_ids[0],
        "contrast-target.value": "Ohio",
    }
    assert "choose two classes" in call(client, STATUS, value, "contrast-target.value").text


@pytest.mark.parametrize("nonsense", [None, -1, 0, 1e300])
@pytest.mark.parametrize("place", ["color-limit.value", "percentile.value", "opacity.value"])
def test_an_invalid_display_falls_back_to_the_default(
    client: Any, predictions: Predictions, place: str, nonsense: Any
) -> None:
    value: dict[str, Any] = {
        "active-location.data": predictions.store.location_ids[0],
        place: nonsense,
    }
    for output in ("overlays.children", AGGREGATE):
        assert call(client, output, value, place).status_code == 200
        text = value | ({place: "red"} if place != "percentile.value" else {})
        assert call(client, output, text, place).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        [], 5, None, {}, {"output": 5}, {"output": "x.y"},
        {"output": "accuracy.children", "inputs": {}},
        {"output": "location.children", "inputs": [], "state": 3},
        {"output": "projections-painted.data", "outputs": [], "inputs": []},
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
@pytest.mark.parametrize("output", [STATUS, "color-limit.value", "roc.figure"])
def test_a_request_that_differs_from_what_a_page_sends_is_refused(
    client: Any, output: str, change: dict[str, Any]
) -> None:
    sent = body(client, output, {}, "active-location.data") | change
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


def test_a_page_polls_while_it_waits_and_no_longer(client: Any, predictions: Predictions) -> None:
    value: dict[str, Any] = {
        "active-location.data": predictions.store.location_ids[3],
        "page.data": "a page that polls",
        "attribution-timer.n_intervals": 7,
    }

    def max_intervals() -> Any:
        polled = call(client, STATUS, value, "attribution-timer.n_intervals")
        return polled.json["response"]["attribution-timer"]["max_intervals"]

    assert max_intervals() == 7
    call(client, "attribution-job.data", value, "active-location.data")
    assert max_intervals() == 8
    call(client, "attribution-job.data", value, "cancel.n_clicks")
    assert max_intervals() == 7


def test_the_same_map_is_drawn_once(client: Any, predictions: Predictions) -> None:
    value = {"active-location.data": predictions.store.location_ids[4]}
    first = call(client, STATUS, value, "attribution-job.data").json["response"]
    again = value | {"map-version.data": first["map-version"]["data"]}
    polled = call(client, STATUS, again, "attribution-timer.n_intervals").json["response"]
    assert "map-version" not in polled
