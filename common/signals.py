"""Graceful stop on SIGTERM, which clusters send before they kill, and on Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignal:
    """Whether this process was asked to stop: `received`."""

    def __init__(self) -> None:
        self.received = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Record the signal; a second Ctrl-C interrupts at once."""
        if self.received and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = True


@contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """Record SIGTERM and Ctrl-C during the block instead of ending the process."""
    stop = StopSignal()
    if threading.current_thread() is not threading.main_thread():  # Only it receives signals.
        yield stop
        return
    before = [signal.signal(number, stop) for number in SIGNALS]
    try:
        yield stop
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
