"""One thread that computes attributions, one after the other, for all open pages."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from common.errors import InputError
from workbench.attribution.explainer import Explainer
from workbench.attribution.layered_cache import LayeredCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.dashboard.background import Failure

MAX_RESULTS = 64  # A map of four views of 256 pixels takes a megabyte.
MAX_PAGES = 100
MAX_QUEUED = 24
PAGE_TIMEOUT_SECONDS = 90  # A page polls twice a second while it waits; a hidden one once a minute.


class Job(NamedTuple):
    """The map of a location, or with `checks` the same map with its checks.

    The request names its classes (`Explainer.resolve`), so equal work is an equal job.
    """

    location_id: str
    request: AttributionRequest
    checks: bool = False


@dataclass(frozen=True)
class QueuedState:
    """Other jobs are done first."""


@dataclass(frozen=True)
class RunningState:
    """The fraction done, in [0, 1], the stage, and the map as far as it is known."""

    fraction: float = 0.0
    stage: str = ""
    partial: Attribution | None = None


State = QueuedState | RunningState | Failure | Attribution | None
"""None: nobody waits for the job."""


def known_map(state: State) -> Attribution | None:
    """Return a map as far as it is known."""
    if isinstance(state, RunningState):
        return state.partial
    return state if isinstance(state, Attribution) else None


@dataclass
class _Page:
    active: list[Job] = field(default_factory=list)
    queue: list[Job] = field(default_factory=list)
    seen: float = 0.0
    served: float = field(default_factory=time.monotonic)

    @property
    def jobs(self) -> list[Job]:
        return self.active + self.queue


class _CancelledError(Exception):
    """Raised inside the explainer to stop it."""


class JobQueue:
    """Runs an explainer in one thread.

    Each page, identified by a token from the browser, has one active location and a queue of
    others. Pages take turns, one job each: first the map of the active location, then its checks,
    then the queue. Checks wait while any page waits for the map of its active location. A job
    stops between two batches once no page waits for it. A page that has not been seen for
    `PAGE_TIMEOUT_SECONDS` waits for nothing. The last results stay in memory, all of them in the
    cache.
    """

    def __init__(self, explainer: Explainer, cache: LayeredCache | None = None) -> None:
        """Start the thread, which ends with the process."""
        self._explainer = explainer
        self._cache = cache
        self._changed = threading.Condition()  # Its lock guards all that follows.
        self._pages: dict[str, _Page] = {}  # The last seen at the end.
        self._outcomes: dict[Job, Attribution | Failure] = {}  # The last used at the end.
        self._current: Job | None = None
        self._running = RunningState()
        threading.Thread(target=self._serve, name="explainer", daemon=True).start()

    def job(self, location_id: str, request: AttributionRequest) -> Job:
        """Return the job of a map; raises InputError as `Explainer.resolve` does."""
        return Job(location_id, self._explainer.resolve(location_id, request))

    def open(self, page: str, job: Job | None) -> None:
        """Compute a map and its checks, or nothing, instead of what this page had active."""
        with self._changed:
            jobs = [job, job._replace(checks=True)] if job else []
            self._page(page).active = self._missing(jobs)

    def enqueue(self, page: str, jobs: Sequence[Job]) -> None:
        """Compute maps, at most `MAX_QUEUED`, instead of this page's queue."""
        with self._changed:
            self._page(page).queue = self._missing(jobs[:MAX_QUEUED])

    def keep_alive(self, page: str) -> None:
        """Note that this page is still open."""
        with self._changed:
            self._page(page)

    def state(self, job: Job) -> State:
        """Return the result of a job, or how far it is."""
        with self._changed:
            if not self._is_wanted(job):
                return self._outcome(job)
            return self._running if job == self._current else QueuedState()

    def _page(self, name: str) -> _Page:
        """Return a page, a new one for an unknown name, and wake the thread."""
        page = self._pages[name] = self._pages.pop(name, _Page())
        page.seen = time.monotonic()
        self._forget_pages()
        self._changed.notify()
        return page

    def _forget_pages(self) -> None:
        oldest = time.monotonic() - PAGE_TIMEOUT_SECONDS
        open_pages = [item for item in self._pages.items() if item[1].seen >= oldest]
        self._pages = dict(open_pages[-MAX_PAGES:])

    def _is_wanted(self, job: Job | None) -> bool:
        return any(job in page.jobs for page in self._pages.values())

    def _missing(self, jobs: Sequence[Job]) -> list[Job]:
        """Return the jobs that have no result yet; what failed is tried again."""
        return [job for job in jobs if not isinstance(self._outcome(job), Attribution)]

    def _outcome(self, job: Job) -> Attribution | Failure | None:
        """Return the result of a job from memory or from the cache."""
        if job in self._outcomes:
            self._outcomes[job] = self._outcomes.pop(job)
        elif self._cache and (cached := self._cache.get(job.location_id, job.request)):
            self._keep(job, cached)
        return self._outcomes.get(job)

    def _keep(self, job: Job, outcome: Attribution | Failure) -> None:
        """Keep an outcome in memory; no page waits for it any longer."""
        done = [job if isinstance(outcome, Failure) else job._replace(checks=False)]
        if isinstance(outcome, Failure) or outcome.checks is not None:
            done.append(job._replace(checks=True))  # Without a map there are no checks.
        for each in done:
            self._outcomes.pop(each, None)
            self._outcomes[each] = outcome
        for oldest in list(self._outcomes)[:-MAX_RESULTS]:
            del self._outcomes[oldest]
        for page in self._pages.values():
            page.active = [each for each in page.active if each not in done]
            page.queue = [each for each in page.queue if each not in done]

    def _next(self) -> _Page | None:
        """Return the page whose turn it is; its first job is the next one."""
        self._forget_pages()
        pages = [page for page in self._pages.values() if page.jobs]
        if any(not job.checks for page in pages for job in page.active):
            pages = [page for page in pages if not page.jobs[0].checks]
        return min(pages, key=lambda page: page.served, default=None)

    def _serve(self) -> None:
        while True:
            with self._changed:
                while (page := self._next()) is None:
                    self._changed.wait()
                job = page.jobs[0]
                self._current, self._running = job, RunningState()
                known = self._outcome(job._replace(checks=False)) if job.checks else None
            outcome = self._compute(job, known)
            with self._changed:
                self._current = None
                page.served = time.monotonic()
                if outcome:
                    self._keep(job, outcome)
            if self._cache and isinstance(outcome, Attribution):
                self._cache.put(outcome)  # After the page can show it: a disk may be slow.

    def _compute(self, job: Job, known: State) -> Attribution | Failure | None:
        """Return a map with or without checks, why there is none, or None if it was cancelled."""
        try:
            if not isinstance(known, Attribution):
                known = self._explainer.explain(
                    job.location_id, job.request, self._progress, self._partial
                )
            return self._explainer.check(known, self._progress) if job.checks else known
        except _CancelledError:
            return None
        except InputError as error:
            return Failure(str(error))
        except Exception as error:  # The page must show it, and the thread must live on.
            return Failure(f"The attribution failed: {type(error).__name__}: {error}")

    def _progress(self, fraction: float, stage: str = "", /) -> None:
        with self._changed:
            self._forget_pages()
            if not self._is_wanted(self._current):
                raise _CancelledError
            self._running = replace(self._running, fraction=fraction, stage=stage)

    def _partial(self, attribution: Attribution) -> None:
        with self._changed:
            self._running = replace(self._running, partial=attribution)
