"""Being asked to end: SIGTERM, as clusters send it before they kill, or Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interruption:
    """Whether this process was asked to end."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Note the request; a second Ctrl-C ends at once."""
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Note requests to end for as long as the block runs, instead of ending."""
    here = Interruption()
    if threading.current_thread() is not threading.main_thread():  # Signals reach only that one.
        yield here
        return
    before = [signal.signal(number, here) for number in SIGNALS]
    try:
        yield here
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
