"""Graceful stop on SIGTERM, which clusters send before they kill, and on Ctrl-C."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
GRACE_SECONDS = 5 * 60
"""A command that has not ended so long after the first signal is interrupted; what it saved stays.

A step on a slow CPU and a save on a slow disk need less.
"""


class StopSignal:
    """Whether this process was asked to stop: `received`."""

    def __init__(self) -> None:
        self.received = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Record the signal; a second Ctrl-C interrupts at once, as the end of the grace does."""
        if self.received and number in (signal.SIGINT, signal.SIGALRM):
            raise KeyboardInterrupt
        if not self.received:
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
        self.received = True


@contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """Record SIGTERM and Ctrl-C during the block instead of ending the process."""
    stop = StopSignal()
    if threading.current_thread() is not threading.main_thread():  # Only it receives signals.
        yield stop
        return
    handled = (*SIGNALS, signal.SIGALRM)
    before = [signal.signal(number, stop) for number in handled]
    try:
        yield stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in zip(handled, before, strict=True):
            signal.signal(number, handler)
