"""A signal before a command handles it, while its libraries are imported, which takes seconds.

Imports only the standard library.
"""

import os
import signal
import sys
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def exit_on_signals(program: str) -> None:
    """Let SIGINT and SIGTERM end this process at once, with a sentence and status 130 or 143.

    An exception could be lost in the import of a library. `common.cli.cli_errors` takes over.
    """

    def end(number: int, frame: FrameType | None) -> None:
        os.write(2, f"\n{program}: interrupted.\n".encode())
        os._exit(128 + number)

    for number in SIGNALS:
        signal.signal(number, end)


def exit_module_on_signals() -> None:
    """Call `exit_on_signals` if Python is just looking for the module of `python -m`."""
    if sys.argv[:1] == ["-m"]:  # Only then: a program that imports the packages stays as it is.
        words = sys.orig_argv
        module = words[words.index("-m") :][:2] if "-m" in words else []
        exit_on_signals(" ".join(["python", *module]))
