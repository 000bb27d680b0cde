"""How the workbench's commands end when something is wrong: one sentence, exit status 2."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from workbench.errors import InputError
from workbench.files import reason


@contextmanager
def refusing(program: str) -> Iterator[None]:
    """Turn an unusable input or a failing disk into a sentence on stderr and exit status 2.

    SIGTERM ends the block as Ctrl-C does, so that nothing half-written is left behind.
    """
    try:
        with _terminable():
            yield
    except InputError as error:
        print(f"{program}: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(
            f"{program}: {where}{reason(error)}; make room or name another place.", file=sys.stderr
        )
        raise SystemExit(2) from error
    except KeyboardInterrupt:
        print(f"\n{program}: stopped; nothing was written.", file=sys.stderr)
        raise SystemExit(130) from None


@contextmanager
def _terminable() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # Signals reach only that one.
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
