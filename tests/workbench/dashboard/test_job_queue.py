"""The one thread that explains: whose turn it is, what is left, what is remembered."""

import threading
from typing import Any

import pytest

from tests.workbench.dashboard.examples import SECONDS, Fake, attribution, examined, key
from workbench.attribution.layered_cache import LayeredCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.dashboard import job_queue
from workbench.dashboard.background import Failure
from workbench.dashboard.job_queue import (
    MAX_PAGES,
    MAX_QUEUED,
    MAX_RESULTS,
    Job,
    JobQueue,
    QueuedState,
    RunningState,
)


def checks(name: str) -> Job:
    return key(name)._replace(checks=True)


def settled(jobs: JobQueue, job: Job, kind: type) -> Any:
    """Wait until the state of a job is of a kind."""
    pause = threading.Event()
    for _ in range(SECONDS * 200):
        if isinstance(state := jobs.state(job), kind):
            return state
        pause.wait(0.005)
    raise AssertionError(f"{job} is {jobs.state(job)}, not {kind}")


def made(jobs: JobQueue, name: str) -> Attribution:
    result: Attribution = settled(jobs, key(name), Attribution)
    return result


def proven(jobs: JobQueue, name: str) -> Attribution:
    result: Attribution = settled(jobs, checks(name), Attribution)
    return result


def test_the_worker_makes_the_map_then_its_evidence_and_remembers() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    assert jobs.state(key("a")) is None
    jobs.open("page", key("a"))
    fake.wait()
    assert jobs.state(key("a")) == RunningState(0.0, "integrating")
    assert isinstance(jobs.state(checks("a")), QueuedState)
    fake.go(3)
    assert made(jobs, "a").checks is None
    fake.wait()
    assert isinstance(jobs.state(checks("a")), RunningState)
    fake.go(1)
    assert proven(jobs, "a").checks is not None
    jobs.open("page", key("a"))
    jobs.open("another page", key("a"))
    assert made(jobs, "a").checks is not None
    assert fake.asked == ["a", "a?"]


def test_a_map_is_seen_while_it_is_made() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.open("page", key("a"))
    fake.wait()
    fake.go(1)
    pause = threading.Event()
    for _ in range(SECONDS * 200):
        state = settled(jobs, key("a"), RunningState)
        if state.partial is not None:
            break
        pause.wait(0.005)
    assert state.fraction == 1 / 3
    assert state.partial is not None
    assert state.partial.location_id == "a"
    jobs.open("page", None)
    fake.go(1)


def test_other_questions_about_a_location_are_other_requests() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    first, other = key("a"), key("a", AttributionRequest(output="probability"))
    jobs.enqueue("page", [first, other])
    fake.go(6)
    made(jobs, "a")
    fake.wait()
    fake.wait()
    assert fake.asked == ["a", "a"]
    assert jobs.job("a", AttributionRequest(target="true")) != jobs.job("a", AttributionRequest())
    assert jobs.job("a", AttributionRequest(target="Ohio")) == jobs.job("a", AttributionRequest())


def test_the_same_request_is_computed_once_for_two_pages() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.open("one", key("a"))
    fake.wait()
    jobs.open("one", key("a"))
    jobs.open("two", key("a"))
    jobs.open("one", None)
    fake.go(4)
    proven(jobs, "a")
    assert fake.asked == ["a", "a?"]


def test_the_newest_request_of_a_page_cancels_its_older_one() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.open("page", key("a"))
    fake.wait()
    jobs.open("page", key("b"))
    assert jobs.state(key("a")) is None
    assert isinstance(jobs.state(key("b")), QueuedState)
    fake.go(5)
    proven(jobs, "b")
    assert fake.asked == ["a", "b", "b?"]
    assert fake.cancelled == ["a"]


def test_pages_take_turns_however_many_one_asks_for() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.enqueue("greedy", [key(name) for name in "abcd"])
    fake.wait()
    jobs.enqueue("modest", [key(name) for name in "xy"])
    jobs.open("third", key("o"))
    fake.go(3 * 7 + 1)
    made(jobs, "d")
    assert fake.asked == ["a", "x", "o", "b", "y", "o?", "c", "d"]
    assert fake.cancelled == []


def test_what_a_page_opens_comes_before_its_queue() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.enqueue("page", [key(name) for name in "abc"])
    fake.wait()
    jobs.open("page", key("o"))
    fake.go(3 * 4 + 1)
    made(jobs, "c")
    assert fake.asked == ["a", "o", "o?", "b", "c"]


def test_checks_wait_while_another_page_waits_for_its_map() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.open("one", key("a"))
    fake.wait()
    jobs.open("two", key("b"))
    fake.go(8)
    proven(jobs, "b")
    assert fake.asked == ["a", "b", "a?", "b?"]


def test_cancelling_stops_at_the_next_step_and_can_be_asked_again() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.open("page", key("a"))
    jobs.enqueue("page", [key("b")])
    fake.wait()
    jobs.open("page", None)
    assert jobs.state(key("a")) is None
    assert isinstance(jobs.state(key("b")), QueuedState)  # The queue stays.
    fake.go(1 + 3)
    made(jobs, "b")
    assert fake.cancelled == ["a"]
    jobs.open("page", key("a"))
    fake.go(4)
    proven(jobs, "a")


def test_a_queue_is_given_up_when_another_takes_its_place() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.enqueue("page", [key("a"), key("b")])
    fake.wait()
    jobs.enqueue("page", ())
    assert jobs.state(key("a")) is None
    assert jobs.state(key("b")) is None
    jobs.enqueue("page", [key("c")])
    fake.go(1 + 3)
    made(jobs, "c")
    assert fake.asked == ["a", "c"]


def test_a_failure_is_shown_and_tried_again() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.open("page", key("broken"))
    failed = settled(jobs, key("broken"), Failure)
    assert failed.message == "The photograph is broken; give another."
    assert jobs.state(checks("broken")) == failed
    jobs.open("page", key("bug"))
    assert "division by zero" in settled(jobs, key("bug"), Failure).message
    jobs.open("page", key("a"))
    fake.go(4)
    proven(jobs, "a")
    jobs.open("page", key("broken"))
    assert not isinstance(jobs.state(key("broken")), Attribution)
    settled(jobs, key("broken"), Failure)


def test_a_map_without_checks_stays_a_map() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.open("page", key("doubtful"))
    fake.go(3)
    failed = settled(jobs, checks("doubtful"), Failure)
    assert failed.message == "There is no evidence; train it again."
    assert made(jobs, "doubtful").checks is None


class Quick(Fake):
    """Needs no telling."""

    steps = 0


def test_the_worker_forgets_the_oldest() -> None:
    fake = Quick()
    jobs = JobQueue(fake)
    for index in range(MAX_RESULTS + 1):
        jobs.enqueue("page", [key(str(index))])
        made(jobs, str(index))
    assert jobs.state(key("0")) is None
    made(jobs, "1")


def test_queues_longer_than_the_memory_are_worked_off_once() -> None:
    fake = Quick()
    jobs = JobQueue(fake)
    pages = MAX_RESULTS // MAX_QUEUED + 2
    wanted = [[f"{page}-{number}" for number in range(MAX_QUEUED)] for page in range(pages)]
    for page, names in enumerate(wanted):
        jobs.enqueue(str(page), [key(name) for name in [*names, "too many"]])
    jobs.enqueue("last", [key("last")])
    pause = threading.Event()
    for _ in range(SECONDS * 200):
        if len(fake.asked) > pages * MAX_QUEUED:
            break
        pause.wait(0.005)
    pause.wait(0.05)
    assert sorted(fake.asked) == sorted([name for names in wanted for name in names] + ["last"])


def test_where_too_many_pages_wait_the_one_seen_longest_ago_is_forgotten() -> None:
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.open("first", key("a"))
    fake.wait()
    for page in range(MAX_PAGES - 1):
        jobs.open(str(page), key(f"b{page}"))
    jobs.keep_alive("first")
    jobs.open("one more", key("c"))
    assert isinstance(jobs.state(key("a")), RunningState)
    assert jobs.state(key("b0")) is None
    assert isinstance(jobs.state(key("b1")), QueuedState)
    assert isinstance(jobs.state(key("c")), QueuedState)


def test_a_page_that_was_closed_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_queue, "PAGE_TIMEOUT_SECONDS", 0.2)
    fake = Fake()
    jobs = JobQueue(fake)
    jobs.enqueue("closed", [key(name) for name in "abc"])
    fake.wait()
    jobs.open("there", key("o"))
    pause = threading.Event()
    for _ in range(20):
        jobs.keep_alive("there")
        jobs.keep_alive("never heard of")
        pause.wait(0.02)
    fake.go(1)  # Of the closed page's first map, which is then left.
    for _ in range(SECONDS * 200):
        jobs.keep_alive("there")
        fake.go(1)
        if isinstance(jobs.state(checks("o")), Attribution):
            break
        pause.wait(0.005)
    assert fake.asked == ["a", "o", "o?"]
    assert fake.cancelled == ["a"]


class Shelf(LayeredCache):
    """Keeps answers in a dictionary."""

    def __init__(self, *made: Attribution) -> None:
        super().__init__([], None)
        self.made = {(one.location_id, one.request): one for one in made}

    def get(self, location_id: str, question: AttributionRequest) -> Attribution | None:
        return self.made.get((location_id, question))

    def put(self, made: Attribution) -> None:
        self.made[made.location_id, made.request] = made


def test_what_is_remembered_elsewhere_is_there_at_once() -> None:
    fake = Fake()
    jobs = JobQueue(fake, Shelf(examined(attribution("a")), attribution("b")))
    jobs.open("page", key("c"))
    fake.wait()  # The thread is busy.
    jobs.open("other", key("a"))
    assert isinstance(jobs.state(checks("a")), Attribution)
    jobs.enqueue("other", [key("b")])
    assert isinstance(jobs.state(key("b")), Attribution)
    jobs.open("other", key("b"))  # Only its evidence is missing.
    fake.go(5)
    proven(jobs, "b")
    assert "a" not in fake.asked
    assert "b" not in fake.asked


def test_attributions_are_cached_with_their_checks() -> None:
    fake = Fake()
    shelf = Shelf()
    jobs = JobQueue(fake, shelf)
    jobs.enqueue("page", [key("b")])
    fake.go(3)
    made(jobs, "b")
    jobs.open("page", key("a"))
    fake.go(4)
    proven(jobs, "a")
    pause = threading.Event()
    for _ in range(SECONDS * 200):
        kept = shelf.get("a", key("a").request)
        if kept is not None and kept.checks is not None:
            break
        pause.wait(0.005)
    else:
        raise AssertionError("the checks were not put away")
    assert shelf.get("b", key("b").request) is not None
