"""Selection, worker, overlay and what the page says in words; the browser is in test_dashboard."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import numpy as np
import pytest
from PIL import Image

from tests.examples import judged, small_store
from workbench.errors import InputError
from workbench.explanation import Attribution, Progress
from workbench.panels import dashboard, legend, location, maps, numbers, overlay, strip
from workbench.panels.guesses import Guesses
from workbench.panels.photograph import address
from workbench.panels.selection import nearest, resolve
from workbench.panels.worker import REMEMBERED, Failed, Running, Waiting, Worker
from workbench.photographs import Photographs

SECONDS = 10


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("panels")


@pytest.fixture(scope="module")
def guesses(root: Path) -> Guesses:
    return Guesses(small_store(root / "small.h5", root / "data", locations=6))


@pytest.fixture(scope="module")
def judged_guesses(guesses: Guesses) -> Guesses:
    return Guesses(judged(guesses.store))


# --- selection ---


def test_a_class_rule_selects_its_locations(guesses: Guesses) -> None:
    selection = resolve({"by": "class", "names": ["Ohio", "Alaska", "Ohio"]}, guesses)
    assert selection is not None
    assert selection.name == ("Alaska", "Ohio")
    assert selection.words == "Alaska, Ohio"
    assert selection.member.tolist() == np.isin(guesses.store.label, [0, 4]).tolist()


def test_a_lasso_rule_selects_its_ids(guesses: Guesses) -> None:
    ids = [guesses.store.location_id[7], guesses.store.location_id[2], "nowhere", 3, None]
    selection = resolve({"by": "lasso", "method": "umap", "ids": ids}, guesses)
    assert selection is not None
    assert np.flatnonzero(selection.member).tolist() == [2, 7]
    assert selection.words == "lasso in UMAP"
    assert selection.name == ("Alaska", "Arizona")


def test_a_cell_rule_selects_true_and_predicted_within_what_was_shown(guesses: Guesses) -> None:
    row = int(np.flatnonzero(~guesses.right)[0])
    true = guesses.name[guesses.store.label[row]]
    predicted = guesses.name[guesses.prediction[row]]
    cell = {"by": "cell", "true": true, "predicted": predicted}
    selection = resolve(cell, guesses)
    assert selection is not None
    assert selection.cell == (true, predicted)
    expected = (guesses.store.label == guesses.store.label[row]) & (
        guesses.prediction == guesses.prediction[row]
    )
    assert selection.member.tolist() == expected.tolist()
    within = {"by": "lasso", "method": "pca", "ids": [guesses.store.location_id[row]]}
    narrower = resolve(cell | {"within": within}, guesses)
    assert narrower is not None
    assert np.flatnonzero(narrower.member).tolist() == [row]
    assert narrower.words == f"true {true}, predicted {predicted}, lasso in PCA"


NONSENSE: list[Any] = [
    None,
    3,
    "Ohio",
    [],
    {},
    {"by": []},
    {"by": "class"},
    {"by": "class", "names": "Ohio"},
    {"by": "class", "names": ["Atlantis", 4, None, {}, []]},
    {"by": "cell", "true": "Ohio"},
    {"by": "cell", "true": {"a": 1}, "predicted": ["Ohio"]},
    {"by": "lasso", "method": ["umap"], "ids": ["../../etc/passwd"]},
    {"by": "lasso", "method": "umap", "ids": {"0": "Ohio"}},
]


@pytest.mark.parametrize("rule", NONSENSE)
def test_nonsense_selects_everything(rule: Any, guesses: Guesses) -> None:
    assert resolve(rule, guesses) is None


def test_a_cell_within_cells_is_not_followed_down(guesses: Guesses) -> None:
    rule: dict[str, Any] = {"by": "cell", "true": "Ohio", "predicted": "Ohio"}
    for _ in range(3000):
        rule = {"by": "cell", "true": "Ohio", "predicted": "Ohio", "within": rule}
    selection = resolve(rule, guesses)
    assert selection is not None
    assert selection.within is None


def test_the_nearest_of_a_location_are_selected_in_order(judged_guesses: Guesses) -> None:
    store = judged_guesses.store
    location = store.location_id[8]
    rule = nearest(location, judged_guesses)
    assert rule is not None
    selection = resolve({"by": "nearest", "of": location, "ids": ["ignored"]}, judged_guesses)
    assert selection is not None
    assert selection.ranked is not None
    feature = np.asarray(store.feature)
    away = np.linalg.norm(feature - feature[8], axis=1)
    expected = [row for row in np.argsort(away) if row != 8][:15]
    assert selection.ranked.tolist() == expected
    assert [store.location_id[row] for row in expected] == rule["ids"]
    assert np.flatnonzero(selection.member).tolist() == sorted(expected)
    assert selection.words == f"15 nearest of {location} by features"
    assert strip.rows(selection, judged_guesses).tolist() == expected


@pytest.mark.parametrize("of", ["nowhere", None, 3, ["x"]])
def test_nobody_has_unknown_neighbours(of: Any, judged_guesses: Guesses) -> None:
    assert resolve({"by": "nearest", "of": of}, judged_guesses) is None


def test_a_store_without_neighbours_knows_none(guesses: Guesses) -> None:
    assert nearest(guesses.store.location_id[0], guesses) is None


# --- words and numbers ---


def text(component: Any) -> str:
    if component is None or isinstance(component, (str, int, float)):
        return "" if component is None else str(component)
    if isinstance(component, (list, tuple)):
        return " ".join(text(part) for part in component)
    return text(getattr(component, "children", None))


def test_the_header_sets_the_selection_beside_all(guesses: Guesses) -> None:
    selection = resolve({"by": "class", "names": ["Ohio"]}, guesses)
    assert text(numbers.selected_words(selection, guesses)) == "6 of 30 locations Ohio"
    assert text(numbers.selected_words(None, guesses)) == "all 30 locations nothing selected"
    own = guesses.right[guesses.store.label == 4].mean()
    shown = text(numbers.accuracy_words(selection, guesses))
    assert f"top-1 {own * 100:.1f} %" in shown
    assert f"all {guesses.right.mean() * 100:.1f} %" in shown


def test_the_legend_names_every_class_with_its_number_and_area(guesses: Guesses) -> None:
    by_name = legend.entries(guesses, "name")
    assert [getattr(entry, "data-class") for entry in by_name] == list(guesses.name)
    area = {curve.name: curve.area for curve in guesses.roc.curve}
    assert text(by_name[4]).split() == ["Ohio", "6", f"{area['Ohio']:.3f}"]
    by_area = legend.entries(guesses, "area")
    shown = [getattr(entry, "data-class") for entry in by_area]
    assert shown == sorted(guesses.name, key=lambda name: -area[name])


def test_the_browser_gets_ids_in_drawing_order(guesses: Guesses) -> None:
    table = maps.table(guesses)
    assert sorted(table["id"]) == sorted(guesses.store.location_id)
    row = guesses.row[table["id"][3]]
    assert table["label"][3] == guesses.store.label[row]
    assert table["prediction"][3] == guesses.prediction[row]
    assert table["colouring"]["right"]["color"][3] == guesses.right[row]


def test_each_map_is_coloured_by_the_neighbours_that_it_keeps(
    guesses: Guesses, judged_guesses: Guesses
) -> None:
    assert "preservation" not in maps.table(guesses)["colouring"]
    column = maps.table(judged_guesses)["colouring"]["preservation"]
    assert set(column["map"]) == {"pca", "tsne", "umap"}  # The fourth was never judged.
    quality = judged_guesses.store.projection["umap"].quality
    assert quality is not None
    order = judged_guesses.drawing_order
    assert np.allclose(column["map"]["umap"], quality.preservation[order], atol=1e-3)


def test_a_map_says_how_far_it_may_be_believed(judged_guesses: Guesses) -> None:
    made = judged_guesses.store.projection["umap"]
    assert made.quality is not None
    kept = made.quality.preservation.mean()
    shown = text(maps.judgement(made))
    assert shown.split() == f"trust {made.quality.trustworthiness:.2f} · kept {kept:.0%}".split()
    assert text(maps.judgement(judged_guesses.store.projection["tsne-other"])) == "not judged"


def test_the_vote_of_neighbours_stands_beside_the_heads_accuracy(
    guesses: Guesses, judged_guesses: Guesses
) -> None:
    # Six locations a class: five others at most can vote for it.
    share = judged_guesses.store.neighbour_accuracy[5]
    shown = text(numbers.accuracy_words(None, judged_guesses))
    assert f"by neighbours {share * 100:.1f} % vote of 5" in shown
    assert "by neighbours" not in text(numbers.accuracy_words(None, guesses))


@pytest.mark.parametrize(
    ("wanted", "total", "first"),
    [(0, 600, 0), (60, 600, 60), (77, 600, 60), (9_999, 600, 540), (-60, 600, 0), (60, 0, 0)]
    + [(nonsense, 600, 0) for nonsense in (None, "60", [60], True)],
)
def test_the_strip_turns_whole_pages(wanted: Any, total: int, first: int) -> None:
    assert strip.first(wanted, total) == first


def test_the_strip_says_how_many_it_shows() -> None:
    assert strip.words(0, 600) == "showing 1–60 of 600"
    assert strip.words(540, 590) == "showing 541–590 of 590"
    assert strip.words(0, 7) == "showing all 7"
    assert "no location" in strip.words(0, 0)


def test_a_location_shows_its_five_most_probable_classes(guesses: Guesses) -> None:
    name = guesses.store.location_id[0]
    shown = text(location.views(name, guesses, pictures=True))
    best = guesses.ranking[0, :5]
    positions = [shown.index(f"{guesses.name[i]}  ") for i in best]
    assert positions == sorted(positions)
    assert ("✓ right" if guesses.right[0] else "✗ wrong") in shown
    assert "30.0000° N, 90.0000° W" in text(location.headline(name, guesses))


@pytest.mark.parametrize("wanted", [None, 4, [], {}, "nowhere", "../../etc/passwd"])
def test_an_unknown_location_is_not_opened(wanted: Any, guesses: Guesses) -> None:
    assert location.opened(wanted, guesses) is None


# --- overlay and explanation ---


def attribution(name: str, sign: float = 1) -> Attribution:
    values = np.full((4, 8, 8), sign * 0.01, dtype=np.float32)
    return Attribution(name, "integrated gradients", "Ohio", "black", 50, values, 3.0, 1.0, 2.5)


def test_colours_are_full_at_the_99th_percentile_of_all_views() -> None:
    values = np.zeros((4, 10, 10), dtype=np.float32)
    values[2, 0] = -np.arange(10)
    assert overlay.limit(values) == pytest.approx(np.percentile(np.abs(values), 99))


def test_red_is_towards_and_blue_against_and_nothing_is_grey() -> None:
    photograph = Image.new("RGB", (16, 16), (200, 120, 40))
    for value, channel in ((1.0, 0), (-1.0, 2)):
        pixel = np.asarray(overlay.blend(photograph, np.full((4, 4), value, dtype=np.float32), 1.0))
        assert pixel.shape == (16, 16, 3)
        assert pixel[8, 8].argmax() == channel
    flat = np.asarray(overlay.blend(photograph, np.zeros((4, 4), dtype=np.float32), 0.0))
    assert len(set(flat[8, 8].tolist())) == 1


def test_the_completeness_error_stands_beside_the_views(guesses: Guesses, root: Path) -> None:
    name = guesses.store.location_id[0]
    photographs = Photographs(root / "data", guesses.store)
    shown = text(location.explanation(attribution(name), photographs))
    # 256 pixels of 0.01 against an output difference of 2.
    assert "+0.5600, 28.0% of the output difference +2.000" in shown
    assert "50 steps, baseline black, 2.5 s" in shown
    assert "towards Ohio" in shown
    assert "step 12 of 50" in text(location.explanation(Running(12, 50), photographs))
    assert "no weights" in text(location.explanation(Failed("There are no weights."), photographs))


# --- worker ---


class Fake:
    """Explains when told to: `step` lets it go one step on."""

    def __init__(self, steps: int = 3) -> None:
        self.steps = steps
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.step = threading.Semaphore(0)
        self.started = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def explain(self, location_id: str, progress: Progress) -> Attribution:
        self.asked.append(location_id)
        try:
            progress(0, self.steps)
            self.started.release()
            if location_id == "broken":
                raise InputError("The photograph is broken; give another.")
            if location_id == "bug":
                raise ZeroDivisionError("division by zero")
            for done in range(1, self.steps + 1):
                assert self.step.acquire(timeout=SECONDS)
                progress(done, self.steps)
        except BaseException as error:
            if not isinstance(error, (InputError, ZeroDivisionError)):
                self.cancelled.append(location_id)
            raise
        finally:
            self.ended.release()
        return attribution(location_id)

    def go(self, steps: int) -> None:
        self.step.release(steps)

    def wait(self, event: threading.Semaphore) -> None:
        assert event.acquire(timeout=SECONDS)


def settled(worker: Worker, name: str, kind: type) -> Any:
    """Wait until the state of a location is of a kind."""
    pause = threading.Event()
    for _ in range(SECONDS * 200):
        if isinstance(state := worker.state(name), kind):
            return state
        pause.wait(0.005)
    raise AssertionError(f"{name} is {worker.state(name)}, not {kind}")


def test_the_worker_reports_progress_and_remembers() -> None:
    fake = Fake()
    worker = Worker(fake)
    assert worker.state("a") is None
    worker.submit("page", "a")
    fake.wait(fake.started)
    assert worker.state("a") == Running(0, 3)
    fake.go(3)
    assert settled(worker, "a", Attribution).location_id == "a"
    worker.submit("page", "a")
    worker.submit("another page", "a")
    assert isinstance(worker.state("a"), Attribution)
    assert fake.asked == ["a"]


def test_the_same_request_is_computed_once_for_two_pages() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.submit("one", "a")
    fake.wait(fake.started)
    worker.submit("one", "a")
    worker.submit("two", "a")
    worker.cancel("one")
    fake.go(3)
    settled(worker, "a", Attribution)
    assert fake.asked == ["a"]


def test_the_newest_request_of_a_page_cancels_its_older_one() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.submit("page", "a")
    fake.wait(fake.started)
    worker.submit("page", "b")
    assert worker.state("a") is None
    assert isinstance(worker.state("b"), Waiting)
    fake.go(4)
    settled(worker, "b", Attribution)
    assert fake.asked == ["a", "b"]
    assert fake.cancelled == ["a"]


def test_pages_take_turns() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.submit("one", "a")
    fake.wait(fake.started)
    worker.submit("two", "b")
    assert isinstance(worker.state("a"), Running)
    assert isinstance(worker.state("b"), Waiting)
    fake.go(6)
    settled(worker, "b", Attribution)
    assert isinstance(worker.state("a"), Attribution)
    assert fake.cancelled == []


def test_cancelling_stops_at_the_next_step_and_can_be_asked_again() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.submit("page", "a")
    fake.wait(fake.started)
    worker.cancel("page")
    assert worker.state("a") is None
    fake.go(1)
    fake.wait(fake.ended)
    assert fake.cancelled == ["a"]
    worker.submit("page", "a")
    fake.go(3)
    settled(worker, "a", Attribution)


def test_a_failure_says_its_sentence_and_is_tried_again() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.submit("page", "broken")
    failed = settled(worker, "broken", Failed)
    assert failed.sentence == "The photograph is broken; give another."
    worker.submit("page", "bug")
    assert "division by zero" in settled(worker, "bug", Failed).sentence
    worker.submit("page", "broken")
    settled(worker, "broken", Failed)
    assert fake.asked == ["broken", "bug", "broken"]


def test_the_worker_forgets_the_oldest() -> None:
    fake = Fake(steps=0)
    worker = Worker(fake)
    for index in range(REMEMBERED + 1):
        worker.submit("page", str(index))
        settled(worker, str(index), Attribution)
    assert worker.state("0") is None
    assert isinstance(worker.state("1"), Attribution)


# --- over HTTP ---


@pytest.fixture(scope="module")
def client(guesses: Guesses, root: Path) -> Iterator[Any]:
    photographs = Photographs(root / "data", guesses.store)
    server = dashboard(
        guesses.store, "small.h5", Path("assets").resolve(), photographs, Fake()
    ).server
    assert isinstance(server, flask.Flask)
    with server.test_client() as client:
        yield client


def test_a_photograph_is_served_by_id_and_heading(
    client: Any, guesses: Guesses, root: Path
) -> None:
    name = guesses.store.location_id[3]
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
    app = dashboard(
        made, "s.h5", Path("assets").resolve(), Photographs(tmp_path / "data", made), None
    )
    name = made.location_id[0]
    (tmp_path / "data" / f"{name}_0.jpg").unlink()
    assert app.server.test_client().get(address(name, "N")).status_code == 404


def test_without_photographs_there_is_nothing_to_serve(guesses: Guesses) -> None:
    app = dashboard(
        guesses.store, "s.h5", Path("assets").resolve(), None, None, ["No photographs."]
    )
    client = app.server.test_client()
    assert client.get(address(guesses.store.location_id[0], "N")).status_code == 404
    assert "No photographs." in client.get("/_dash-layout").text


def test_the_page_asks_for_nothing_from_outside(client: Any) -> None:
    page = client.get("/")
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


def call(
    client: Any, output: str, inputs: list[dict[str, Any]], state: list[Any], changed: str = ""
) -> Any:
    listed = client.get("/_dash-dependencies").json
    (entry,) = [one for one in listed if output in one["output"]]
    outputs = [
        dict(zip(("id", "property"), one.rsplit(".", 1), strict=True))
        for one in entry["output"].strip(".").split("...")
    ]
    return client.post(
        "/_dash-update-component",
        json={
            "output": entry["output"],
            "outputs": outputs,
            "inputs": inputs,
            "state": state,
            "changedPropIds": [changed or f"{inputs[0]['id']}.{inputs[0]['property']}"],
        },
    )


@pytest.mark.parametrize("rule", NONSENSE)
def test_callbacks_survive_nonsense(client: Any, rule: Any) -> None:
    selection = {"id": "selection", "property": "data", "value": rule}
    answer = call(client, "roc.figure", [selection], [])
    assert answer.status_code == 200, answer.text
    assert "nothing selected" in answer.text
    opened = {"id": "opened", "property": "data", "value": rule}
    answer = call(client, "location.children", [opened], [])
    assert answer.status_code in (200, 204)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        [], 5, None, {}, {"output": 5}, {"output": "x.y"},
        {"output": "strip.children", "inputs": {}},
        {"output": "location.children", "inputs": [], "state": 3},
    ],
)  # fmt: skip
def test_requests_of_another_form_are_refused(client: Any, body: Any) -> None:
    assert client.post("/_dash-update-component", json=body).status_code == 400
    known = client.get("/_dash-dependencies").json[-1]["output"]
    sent = {"output": known, "inputs": [{"id": "x", "property": "y"}]}
    assert client.post("/_dash-update-component", json=sent).status_code == 400


def test_a_poll_that_overtakes_its_request_is_followed_by_another(
    client: Any, guesses: Guesses
) -> None:
    inputs: list[dict[str, Any]] = [
        {"id": "opened", "property": "data", "value": guesses.store.location_id[3]},
        {"id": "tick", "property": "n_intervals", "value": 1},
        {"id": "cancel", "property": "n_clicks", "value": None},
        {"id": "again", "property": "n_clicks", "value": None},
    ]
    page = [{"id": "page", "property": "data", "value": "nobody asked for this page"}]
    polled = call(client, "explanation.children", inputs, page, changed="tick.n_intervals")
    assert polled.json["response"]["tick"]["disabled"] is False
    cancelled = call(client, "explanation.children", inputs, page, changed="cancel.n_clicks")
    assert cancelled.json["response"]["tick"]["disabled"] is True
