"""One thread that explains locations, one after the other, for all open pages."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from workbench.errors import InputError
from workbench.explanation import Attribution, Explainer

REMEMBERED = 64


@dataclass(frozen=True)
class Waiting:
    """Another location is being explained first."""


@dataclass(frozen=True)
class Running:
    """`done` of `total` steps are computed; `total` is 0 before the first report."""

    done: int
    total: int


@dataclass(frozen=True)
class Failed:
    """It could not be computed; `sentence` says why, for a person."""

    sentence: str


State = Waiting | Running | Failed | Attribution | None
"""None: nobody asked for it, or it was cancelled."""


class _CancelledError(Exception):
    """Raised through the explainer to leave it."""


class Worker:
    """Runs an explainer in a thread of its own, never two explanations at once.

    A page (any token of the browser's) waits for one location at a time: its newest. What no
    page waits for is cancelled at its next step. Finished explanations are remembered, the
    `REMEMBERED` most recently used ones.
    """

    def __init__(self, explainer: Explainer) -> None:
        """Start the thread, which ends with the process."""
        self._explainer = explainer
        self._change = threading.Condition()
        self._wanted: OrderedDict[str, str] = OrderedDict()
        self._finished: OrderedDict[str, Attribution | Failed] = OrderedDict()
        self._current: str | None = None
        self._progress = Running(0, 0)
        threading.Thread(target=self._serve, name="explainer", daemon=True).start()

    def submit(self, page: str, location_id: str) -> None:
        """Ask for a location in place of whatever this page asked for before; returns at once.

        What is remembered is not computed again; what failed is tried again.
        """
        with self._change:
            if self._wanted.get(page) == location_id:
                return
            self._wanted.pop(page, None)
            if isinstance(self._finished.get(location_id), Failed):
                del self._finished[location_id]
            if location_id in self._finished:
                self._finished.move_to_end(location_id)
                return
            self._wanted[page] = location_id
            self._change.notify()

    def cancel(self, page: str) -> None:
        """Forget what this page asked for."""
        with self._change:
            self._wanted.pop(page, None)

    def state(self, location_id: str) -> State:
        """Say how far the explanation of a location is."""
        with self._change:
            if location_id in self._finished:
                return self._finished[location_id]
            if location_id not in self._wanted.values():
                return None
            return self._progress if location_id == self._current else Waiting()

    def _serve(self) -> None:
        while True:
            with self._change:
                while not self._wanted:
                    self._change.wait()
                location = self._current = next(iter(self._wanted.values()))
                self._progress = Running(0, 0)
            outcome = self._explain(location)
            with self._change:
                self._current = None
                if outcome is not None:
                    self._finished[location] = outcome
                    while len(self._finished) > REMEMBERED:
                        self._finished.popitem(last=False)
                    for page in [page for page, own in self._wanted.items() if own == location]:
                        del self._wanted[page]

    def _explain(self, location: str) -> Attribution | Failed | None:
        try:
            return self._explainer.explain(location, self._report)
        except _CancelledError:
            return None
        except InputError as error:
            return Failed(str(error))
        except Exception as error:  # The page must say so, and the thread must live on.
            return Failed(f"The explanation failed: {type(error).__name__}: {error}")

    def _report(self, done: int, total: int) -> None:
        with self._change:
            if self._current not in self._wanted.values():
                raise _CancelledError
            self._progress = Running(done, total)
