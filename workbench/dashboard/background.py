"""A value that takes long, computed once in a thread for all open pages."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from common.errors import InputError

Value = TypeVar("Value")


@dataclass(frozen=True)
class Failure:
    """A computation that failed; `message` says why."""

    message: str


class Background(Generic[Value]):
    """Computes in a thread that starts when the value is first asked for."""

    def __init__(self, compute: Callable[[], Value]) -> None:
        self._compute = compute
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._value: Value | Failure | None = None

    def get(self) -> Value | Failure | None:
        """Return the value, None while it is being computed."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="background", daemon=True)
                self._thread.start()
            return self._value

    def wait(self) -> Value | Failure | None:
        """Return the value when it is there."""
        self.get()
        assert self._thread is not None
        self._thread.join()
        return self.get()

    def _run(self) -> None:
        value: Value | Failure
        try:
            value = self._compute()
        except InputError as error:
            value = Failure(str(error))
        except Exception as error:  # The page must show it.
            value = Failure(f"The computation failed: {type(error).__name__}: {error}")
        with self._lock:
            self._value = value
