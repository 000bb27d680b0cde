"""How the trainer's commands end when something is wrong: one sentence, exit status 2."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from trainer.errors import InputError, Stopped


@contextmanager
def refusing(program: str, way_on: str) -> Iterator[None]:
    """Turn an unusable input or a failing disk into a sentence on stderr and exit status 2.

    `way_on` says what the next start does after Ctrl-C, which ends with status 130. Training that
    was asked to end, and saved, ends with the status of SIGTERM.
    """
    try:
        yield
    except InputError as error:
        print(f"{program}: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    except Stopped as stop:
        print(f"{program}: {stop}", file=sys.stderr)
        raise SystemExit(128 + signal.SIGTERM) from None
    except OSError as error:
        reason = error.strerror or str(error).partition("\n")[0]
        where = f"{error.filename}: " if error.filename else ""
        print(f"{program}: {where}{reason}; make room or name another place.", file=sys.stderr)
        raise SystemExit(2) from error
    except KeyboardInterrupt:
        print(f"\n{program}: stopped; {way_on}.", file=sys.stderr)
        raise SystemExit(130) from None
