"""One thread that explains locations, one after the other, for all open pages."""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from common.errors import InputError
from workbench.attribution.explainer import Explainer
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution

REMEMBERED = 64  # A map of four views of 256 pixels takes a megabyte.
MOST_PAGES = 100
MOST_QUEUED = 24
PATIENCE_SECONDS = 90  # Pages ask twice a second how far it is; a hidden one once a minute.


class Key(NamedTuple):
    """A location and what is asked about it, its classes by name (`Explainer.resolve`)."""

    location_id: str
    question: AttributionRequest


class Remembering(Protocol):
    """Something that keeps answers for longer than the process lives, and never raises."""

    def get(self, location_id: str, question: AttributionRequest) -> Attribution | None:
        """Return what was put under a question, with its evidence where that was put."""
        ...

    def put(self, made: Attribution) -> None:
        """Keep an answer; one with evidence takes the place of one without."""
        ...


@dataclass(frozen=True)
class Waiting:
    """Other work is done first."""


@dataclass(frozen=True)
class Running:
    """It is being worked on: the fraction done, in [0, 1], the stage, and the map so far."""

    fraction: float = 0.0
    stage: str = ""
    partial: Attribution | None = None


@dataclass(frozen=True)
class Failed:
    """It could not be computed; `sentence` says why, for a person."""

    sentence: str


State = Waiting | Running | Failed | Attribution | None
"""None: nobody asked for it, or it was cancelled."""


class _Task(NamedTuple):
    key: Key
    evidence: bool


@dataclass
class _Page:
    """What an open page still waits for: of what it opened, and of what it gathers."""

    opened: list[_Task] = field(default_factory=list)
    queue: list[_Task] = field(default_factory=list)
    seen: float = field(default_factory=time.monotonic)

    @property
    def waits(self) -> list[_Task]:
        """All of it, the most urgent first."""
        return self.opened + self.queue


class _CancelledError(Exception):
    """Raised through the explainer to leave it."""


class Worker:
    """Runs an explainer in a thread of its own, never two explanations at once.

    Each page (any token of the browser's) has one opened location and a queue of others. Pages
    take turns, one piece of work each; a page's turn goes to the map of what it opened, then to
    the evidence for that, then to its queue. Checks waits while any page still waits for the map
    of what it opened. What no page waits for any longer is left between two batches; a page that
    was closed, and so not `seen` for long, waits for nothing. The `REMEMBERED` most recently used
    answers stay in memory, all of them in `remembered`.
    """

    def __init__(self, explainer: Explainer, remembered: Remembering | None = None) -> None:
        """Start the thread, which ends with the process."""
        self._explainer = explainer
        self._remembered = remembered
        self._change = threading.Condition()
        self._page: OrderedDict[str, _Page] = OrderedDict()  # In the order of their turns.
        self._made: OrderedDict[Key, Attribution] = OrderedDict()
        self._failed: OrderedDict[_Task, Failed] = OrderedDict()
        self._current: _Task | None = None
        self._running = Running()
        threading.Thread(target=self._serve, name="explainer", daemon=True).start()

    def key(self, location_id: str, question: AttributionRequest) -> Key:
        """Return under what an answer is known; raises InputError as `Explainer.resolve` does."""
        return Key(location_id, self._explainer.resolve(location_id, question))

    def open(self, page: str, key: Key) -> None:
        """Ask for a map and its evidence in place of what this page had opened; returns at once.

        What is remembered is not computed again; what failed is tried again. Where too many other
        pages wait, one of them is forgotten, as by `gather`.
        """
        tasks = [_Task(key, evidence=False), _Task(key, evidence=True)]
        self.recall([key])
        with self._change:
            self._waiting(page).opened = self._missing(tasks)
            self._settle()

    def gather(self, page: str, keys: Sequence[Key]) -> None:
        """Ask for maps in place of this page's queue; returns at once.

        The first `MOST_QUEUED` are made, in their order.
        """
        tasks = [_Task(key, evidence=False) for key in keys[:MOST_QUEUED]]
        self.recall([task.key for task in tasks])
        with self._change:
            self._waiting(page).queue = self._missing(tasks)
            self._settle()

    def close(self, page: str) -> None:
        """Forget what this page opened; its queue stays."""
        with self._change:
            if page in self._page:
                self._page[page].opened = []
                self._settle()

    def seen(self, page: str) -> None:
        """Hear that this page is still open."""
        with self._change:
            if page in self._page:
                self._page[page].seen = time.monotonic()

    def state(self, key: Key) -> State:
        """Say how far a map is."""
        return self._state(_Task(key, evidence=False))

    def examination(self, key: Key) -> State:
        """Say how far the evidence for a map is: an Attribution has it."""
        return self._state(_Task(key, evidence=True))

    def _state(self, task: _Task) -> State:
        with self._change:
            if self._done(task):
                self._made.move_to_end(task.key)
                return self._made[task.key]
            if task in self._failed:
                return self._failed[task]
            if not self._wanted(task):
                return None
            return self._running if task == self._current else Waiting()

    def recall(self, keys: Sequence[Key]) -> None:
        """Fetch from longer memory what may have been forgotten since.

        In the asking thread: the worker's may be busy.
        """
        if self._remembered is None:
            return
        for key in keys:
            with self._change:
                known = self._done(_Task(key, evidence=True))
            if not known and (found := self._remembered.get(*key)) is not None:
                with self._change:
                    if found.checks is not None or key not in self._made:
                        self._keep(key, found)

    def _waiting(self, page: str) -> _Page:
        self._forget()
        if page not in self._page:
            if len(self._page) >= MOST_PAGES:
                # The one that waits for the least urgent, and of these was seen longest ago.
                del self._page[min(self._page, key=self._patience)]
            self._page[page] = _Page()
        self._page[page].seen = time.monotonic()
        return self._page[page]

    def _patience(self, page: str) -> tuple[bool, float]:
        return bool(self._page[page].opened), self._page[page].seen

    def _missing(self, tasks: Sequence[_Task]) -> list[_Task]:
        for task in tasks:
            self._failed.pop(task, None)
        return [task for task in tasks if not self._done(task)]

    def _settle(self) -> None:
        """Forget pages that wait for nothing, and wake the thread for the others."""
        self._forget()
        self._change.notify()

    def _forget(self) -> None:
        lately = time.monotonic() - PATIENCE_SECONDS
        for name, page in list(self._page.items()):
            if not page.waits or page.seen < lately:
                del self._page[name]

    def _done(self, task: _Task) -> bool:
        made = self._made.get(task.key)
        return made is not None and (not task.evidence or made.checks is not None)

    def _wanted(self, task: _Task) -> bool:
        return any(task in page.waits for page in self._page.values())

    def _next(self) -> tuple[str, _Task] | None:
        """Return whose turn it is, and what for."""
        self._forget()
        urgent = any(not task.evidence for page in self._page.values() for task in page.opened)
        for name, page in self._page.items():
            for task in page.waits:
                if not (task.evidence and urgent):
                    return name, task
        return None

    def _serve(self) -> None:
        while True:
            with self._change:
                while (turn := self._next()) is None:
                    self._change.wait()
                page, task = turn
                self._current, self._running = task, Running()
                made = self._made.get(task.key)
            outcome = self._work(task, made)
            with self._change:
                self._current = None
                if page in self._page:  # Behind those that came while it was served.
                    self._page.move_to_end(page)
                self._finish(task, outcome)
            if isinstance(outcome, Attribution) and self._remembered is not None:
                self._remembered.put(outcome)  # After it is shown: a disk may be slow.

    def _work(self, task: _Task, made: Attribution | None) -> Attribution | Failed | None:
        try:
            if not task.evidence:
                return self._explainer.explain(*task.key, self._progress, self._partial)
            # The map may have been forgotten since.
            made = made or self._explainer.explain(*task.key, self._progress, self._partial)
            return self._explainer.check(made, self._progress)
        except _CancelledError:
            return None
        except InputError as error:
            return Failed(str(error))
        except Exception as error:  # The page must say so, and the thread must live on.
            return Failed(f"The explanation failed: {type(error).__name__}: {error}")

    def _progress(self, fraction: float, stage: str = "", /) -> None:
        with self._change:
            self._forget()
            if self._current is None or not self._wanted(self._current):
                raise _CancelledError
            self._running = replace(self._running, fraction=fraction, stage=stage)

    def _partial(self, attribution: Attribution) -> None:
        with self._change:
            self._running = replace(self._running, partial=attribution)

    def _finish(self, task: _Task, outcome: Attribution | Failed | None) -> None:
        """Keep an outcome, and let no page wait for it any longer; None was cancelled."""
        over = {task} if outcome is not None else set()
        if isinstance(outcome, Attribution):
            self._keep(task.key, outcome)
        elif outcome is not None:
            over.add(_Task(task.key, evidence=True))  # No map, no evidence.
            self._failed[task] = outcome
            while len(self._failed) > REMEMBERED:
                self._failed.popitem(last=False)
        for page in self._page.values():
            page.opened = [one for one in page.opened if one not in over]
            page.queue = [one for one in page.queue if one not in over]
        self._settle()

    def _keep(self, key: Key, made: Attribution) -> None:
        self._made[key] = made
        self._made.move_to_end(key)
        while len(self._made) > REMEMBERED:
            self._made.popitem(last=False)
