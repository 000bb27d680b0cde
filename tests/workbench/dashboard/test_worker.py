"""The one thread that explains: whose turn it is, what is left, what is remembered."""

import threading
from typing import Any

import pytest

from tests.workbench.dashboard.examples import SECONDS, Fake, attribution, examined, key
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.dashboard import job_queue as worker_module
from workbench.dashboard.job_queue import (
    MOST_PAGES,
    MOST_QUEUED,
    REMEMBERED,
    Failed,
    Running,
    Waiting,
    Worker,
)


def settled(state: Any, name: str, kind: type) -> Any:
    """Wait until the state of a location is of a kind; `state` is one of a worker's methods."""
    pause = threading.Event()
    for _ in range(SECONDS * 200):
        if isinstance(found := state(key(name)), kind):
            return found
        pause.wait(0.005)
    raise AssertionError(f"{name} is {state(key(name))}, not {kind}")


def made(worker: Worker, name: str) -> Attribution:
    found: Attribution = settled(worker.state, name, Attribution)
    return found


def proven(worker: Worker, name: str) -> Attribution:
    found: Attribution = settled(worker.examination, name, Attribution)
    return found


def test_the_worker_makes_the_map_then_its_evidence_and_remembers() -> None:
    fake = Fake()
    worker = Worker(fake)
    assert worker.state(key("a")) is None
    worker.open("page", key("a"))
    fake.wait()
    assert worker.state(key("a")) == Running(0.0, "integrating")
    assert isinstance(worker.examination(key("a")), Waiting)
    fake.go(3)
    assert made(worker, "a").checks is None
    fake.wait()
    assert isinstance(worker.examination(key("a")), Running)
    fake.go(1)
    assert proven(worker, "a").checks is not None
    worker.open("page", key("a"))
    worker.open("another page", key("a"))
    assert made(worker, "a").checks is not None
    assert fake.asked == ["a", "a?"]


def test_a_map_is_seen_while_it_is_made() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.open("page", key("a"))
    fake.wait()
    fake.go(1)
    pause = threading.Event()
    while (state := worker.state(key("a"))) != Running(1 / 3, "integrating", attribution("a")):
        assert isinstance(state, Running)
        pause.wait(0.005)
    worker.close("page")
    fake.go(1)


def test_other_questions_about_a_location_are_other_requests() -> None:
    fake = Fake()
    worker = Worker(fake)
    first, other = key("a"), key("a", AttributionRequest(output="probability"))
    worker.gather("page", [first, other])
    fake.go(6)
    made(worker, "a")
    fake.wait()
    fake.wait()
    assert fake.asked == ["a", "a"]
    assert worker.key("a", AttributionRequest(target="true")) != worker.key(
        "a", AttributionRequest()
    )
    assert worker.key("a", AttributionRequest(target="Ohio")) == worker.key(
        "a", AttributionRequest()
    )


def test_the_same_request_is_computed_once_for_two_pages() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.open("one", key("a"))
    fake.wait()
    worker.open("one", key("a"))
    worker.open("two", key("a"))
    worker.close("one")
    fake.go(4)
    proven(worker, "a")
    assert fake.asked == ["a", "a?"]


def test_the_newest_request_of_a_page_cancels_its_older_one() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.open("page", key("a"))
    fake.wait()
    worker.open("page", key("b"))
    assert worker.state(key("a")) is None
    assert isinstance(worker.state(key("b")), Waiting)
    fake.go(5)
    proven(worker, "b")
    assert fake.asked == ["a", "b", "b?"]
    assert fake.cancelled == ["a"]


def test_pages_take_turns_however_many_one_asks_for() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.gather("greedy", [key(name) for name in "abcd"])
    fake.wait()
    worker.gather("modest", [key(name) for name in "xy"])
    worker.open("third", key("o"))
    fake.go(3 * 7 + 1)
    made(worker, "d")
    assert fake.asked == ["a", "x", "o", "b", "y", "o?", "c", "d"]
    assert fake.cancelled == []


def test_what_a_page_opens_comes_before_its_queue() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.gather("page", [key(name) for name in "abc"])
    fake.wait()
    worker.open("page", key("o"))
    fake.go(3 * 4 + 1)
    made(worker, "c")
    assert fake.asked == ["a", "o", "o?", "b", "c"]


def test_evidence_waits_while_another_page_waits_for_its_map() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.open("one", key("a"))
    fake.wait()
    worker.open("two", key("b"))
    fake.go(8)
    proven(worker, "b")
    assert fake.asked == ["a", "b", "a?", "b?"]


def test_cancelling_stops_at_the_next_step_and_can_be_asked_again() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.open("page", key("a"))
    worker.gather("page", [key("b")])
    fake.wait()
    worker.close("page")
    assert worker.state(key("a")) is None
    assert isinstance(worker.state(key("b")), Waiting)  # The queue stays.
    fake.go(1 + 3)
    made(worker, "b")
    assert fake.cancelled == ["a"]
    worker.open("page", key("a"))
    fake.go(4)
    proven(worker, "a")


def test_a_queue_is_given_up_when_another_takes_its_place() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.gather("page", [key("a"), key("b")])
    fake.wait()
    worker.gather("page", ())
    assert worker.state(key("a")) is None
    assert worker.state(key("b")) is None
    worker.gather("page", [key("c")])
    fake.go(1 + 3)
    made(worker, "c")
    assert fake.asked == ["a", "c"]


def test_a_failure_says_its_sentence_and_is_tried_again() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.open("page", key("broken"))
    failed = settled(worker.state, "broken", Failed)
    assert failed.sentence == "The photograph is broken; give another."
    assert worker.examination(key("broken")) is None
    worker.open("page", key("bug"))
    assert "division by zero" in settled(worker.state, "bug", Failed).sentence
    worker.open("page", key("a"))
    fake.go(4)
    proven(worker, "a")
    worker.open("page", key("broken"))
    assert not isinstance(worker.state(key("broken")), Attribution)
    settled(worker.state, "broken", Failed)


def test_a_map_without_evidence_stays_a_map() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.open("page", key("doubtful"))
    fake.go(3)
    failed = settled(worker.examination, "doubtful", Failed)
    assert failed.sentence == "There is no evidence; train it again."
    assert made(worker, "doubtful").checks is None


class Quick(Fake):
    """Needs no telling."""

    steps = 0


def test_the_worker_forgets_the_oldest() -> None:
    fake = Quick()
    worker = Worker(fake)
    for index in range(REMEMBERED + 1):
        worker.gather("page", [key(str(index))])
        made(worker, str(index))
    assert worker.state(key("0")) is None
    made(worker, "1")


def test_queues_longer_than_the_memory_are_worked_off_once() -> None:
    fake = Quick()
    worker = Worker(fake)
    pages = REMEMBERED // MOST_QUEUED + 2
    wanted = [[f"{page}-{number}" for number in range(MOST_QUEUED)] for page in range(pages)]
    for page, names in enumerate(wanted):
        worker.gather(str(page), [key(name) for name in [*names, "too many"]])
    worker.gather("last", [key("last")])
    pause = threading.Event()
    for _ in range(SECONDS * 200):
        if len(fake.asked) > pages * MOST_QUEUED:
            break
        pause.wait(0.005)
    pause.wait(0.05)
    assert sorted(fake.asked) == sorted([name for names in wanted for name in names] + ["last"])


def test_where_too_many_pages_wait_the_one_seen_longest_ago_is_forgotten() -> None:
    fake = Fake()
    worker = Worker(fake)
    worker.open("first", key("a"))
    fake.wait()
    for page in range(MOST_PAGES - 1):
        worker.open(str(page), key(f"b{page}"))
    worker.seen("first")
    worker.open("one more", key("c"))
    assert isinstance(worker.state(key("a")), Running)
    assert worker.state(key("b0")) is None
    assert isinstance(worker.state(key("b1")), Waiting)
    assert isinstance(worker.state(key("c")), Waiting)


def test_a_page_that_only_gathers_is_forgotten_before_one_that_opened() -> None:
    worker = Worker(Fake())
    for page in range(MOST_PAGES - 1):
        worker.open(str(page), key(f"b{page}"))
    worker.gather("gathers", [key("a")])
    worker.open("one more", key("c"))
    assert worker.state(key("a")) is None
    assert worker.state(key("b1")) is not None


def test_a_page_that_was_closed_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "PATIENCE_SECONDS", 0.2)
    fake = Fake()
    worker = Worker(fake)
    worker.gather("closed", [key(name) for name in "abc"])
    fake.wait()
    worker.open("there", key("o"))
    pause = threading.Event()
    for _ in range(20):
        worker.seen("there")
        worker.seen("never heard of")
        pause.wait(0.02)
    fake.go(1)  # Of the closed page's first map, which is then left.
    for _ in range(SECONDS * 200):
        worker.seen("there")
        fake.go(1)
        if isinstance(worker.examination(key("o")), Attribution):
            break
        pause.wait(0.005)
    assert fake.asked == ["a", "o", "o?"]
    assert fake.cancelled == ["a"]


class Shelf:
    """Keeps answers in a dictionary."""

    def __init__(self, *made: Attribution) -> None:
        self.made = {(one.location_id, one.request): one for one in made}

    def get(self, location_id: str, question: AttributionRequest) -> Attribution | None:
        return self.made.get((location_id, question))

    def put(self, made: Attribution) -> None:
        self.made[made.location_id, made.request] = made


def test_what_is_remembered_elsewhere_is_there_at_once() -> None:
    fake = Fake()
    worker = Worker(fake, Shelf(examined(attribution("a")), attribution("b")))
    worker.open("page", key("c"))
    fake.wait()  # The thread is busy.
    worker.open("other", key("a"))
    assert isinstance(worker.examination(key("a")), Attribution)
    worker.gather("other", [key("b")])
    assert isinstance(worker.state(key("b")), Attribution)
    worker.open("other", key("b"))  # Only its evidence is missing.
    fake.go(5)
    proven(worker, "b")
    assert "a" not in fake.asked
    assert "b" not in fake.asked


def test_answers_are_put_away_with_their_evidence() -> None:
    fake = Fake()
    shelf = Shelf()
    worker = Worker(fake, shelf)
    worker.gather("page", [key("b")])
    fake.go(3)
    made(worker, "b")
    worker.open("page", key("a"))
    fake.go(4)
    proven(worker, "a")
    kept = shelf.get(*key("a"))
    assert kept is not None
    assert kept.checks is not None
    assert shelf.get(*key("b")) is not None
