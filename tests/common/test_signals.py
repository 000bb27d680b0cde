import signal
import time

import pytest

from common import signals
from common.signals import stop_signal


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
