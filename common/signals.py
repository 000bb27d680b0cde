"""Graceful stop on SIGTERM, which clusters send before they kill, and on Ctrl-C."""

import signal
import threading
from collections.abc import Collection, Iterator
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


@contextmanager
def blocked_signals(numbers: Collection[int] = SIGNALS) -> Iterator[None]:
    """Handle signals at the end of the block; threads and processes started in it block them.

    Interrupted while it starts a process, Python would not know that process.
    """
    received: list[int] = []

    def defer(number: int, frame: FrameType | None) -> None:
        received.append(number)

    is_main = threading.current_thread() is threading.main_thread()
    # The mask is this thread's alone: another thread may receive a signal for the main one.
    before = {number: signal.signal(number, defer) for number in numbers if is_main}
    old_mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old_mask)
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in received:
            signal.raise_signal(number)
