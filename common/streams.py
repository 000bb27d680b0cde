"""Standard output and error whose reader has ended, as in `| head`."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from common.text import print_text


@contextmanager
def end_with_reader() -> Iterator[None]:
    """End silently, with the status of SIGPIPE, when nobody reads stdout or stderr any more."""
    try:
        try:
            yield
        except SystemExit:  # After --help.
            _flush_stdout()
            raise
        _flush_stdout()
    except BrokenPipeError:
        if not _drop_unread_streams():  # Another pipe: a process of this command has ended.
            raise
        raise SystemExit(128 + signal.SIGPIPE) from None


def print_error(text: str) -> None:
    """Print to stderr, if it can be written: the exit status says the same."""
    _drop_unread_streams()
    with suppress(OSError):
        if sys.stderr is not None:  # Otherwise `print` would take stdout.
            print_text(text, file=sys.stderr, flush=True)
    for stream in _streams():
        with suppress(OSError, ValueError):  # A stream without a file, as in a notebook.
            try:
                stream.flush()
            except OSError:  # As on a full disk: when Python exits, it would end with status 120.
                _discard(stream)


def _flush_stdout() -> None:
    """Write what is buffered: when Python exits, it would report a closed pipe."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _drop_unread_streams() -> bool:
    """Discard what is written to stdout or stderr if nobody reads it; return whether one is so."""
    unread = False
    for stream in _streams():
        with suppress(OSError, ValueError):  # A stream without a file.
            poll = select.poll()
            poll.register(stream.fileno(), 0)
            if poll.poll(0):  # An error or a hang-up, which are always reported.
                _discard(stream)
                unread = True
    return unread


def _streams() -> list[TextIO]:
    """Return stdout and stderr, but those that were closed before Python started (`>&-`)."""
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _discard(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
