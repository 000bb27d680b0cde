import os
import signal
import threading
import time

import pytest

from common import signals
from common.signals import blocked_signals, stop_signal


def test_a_command_that_does_not_end_after_a_signal_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signals, "GRACE_SECONDS", 0.05)
    with stop_signal() as stop:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # A sweep repeats it.
        assert stop.received
        with pytest.raises(KeyboardInterrupt):
            time.sleep(10)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_signal_that_another_thread_receives_waits_for_the_end_of_the_block() -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    with stop_signal() as stop:
        with blocked_signals():
            os.kill(os.getpid(), signal.SIGTERM)
            release.set()
            thread.join()
            assert not stop.received
        assert stop.received
