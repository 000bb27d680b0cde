"""Atomic writes and file locks."""

import csv
import io
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from filelock import FileLock, Timeout

from common.errors import InputError

PARTIAL = ".*.partial-*"
"""Glob pattern of files being written; a killed process leaves one behind."""

_ERRNO = re.compile(r"errno = (\d+)")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, with the same suffix, to write to.

    After the block the file is flushed to the disk and renamed to `path`; after an error it is
    removed and `path` stays unchanged. The target of a symbolic link is replaced. Raises InputError
    if the directory is missing or the file cannot be written.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such directory; create it or choose another.")
    target = resolve_link(path)
    partial = _partial(target, str(os.getpid()))
    try:
        partial.touch()
        # Some libraries create files that only the owner can read: use the umask instead.
        mode = (target if target.exists() else partial).stat().st_mode
        yield partial
        partial.chmod(mode)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise InputError(f"{path}: {disk_error(error)}") from error
    finally:
        partial.unlink(missing_ok=True)


def atomic_write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with its line ends unchanged, atomically; raises InputError."""
    with atomic_write(path) as partial:
        partial.write_text(text, "utf-8", newline="")


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV text."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary directory beside `path`, which is renamed to `path` on success.

    Its files are flushed to the disk first. An existing directory, allowed to be replaced by
    `check_writable_directory`, is removed last. Raises InputError if it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    previous = path.with_name(f".{path.name}.old-{os.getpid()}")
    try:
        partial.mkdir()
        yield partial
        for entry in partial.iterdir():
            with entry.open("rb+") as file:
                os.fsync(file.fileno())
        if path.exists():
            # A directory cannot be renamed over a non-empty one.
            path.rename(previous)
        partial.rename(path)
    except OSError as error:
        raise InputError(f"{path}: {disk_error(error)}") from error
    finally:
        if previous.exists() and not path.exists():
            previous.rename(path)
        for temporary in (partial, previous):
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def file_lock(path: Path, *, message: str = "") -> Iterator[None]:
    """Hold an exclusive lock for writing `path`; it is released when the process ends.

    The lock is a hidden file beside `path`, because HDF5 locks the file itself for readers. Partial
    files of killed processes are removed. Raises InputError with `message` if another process
    holds the lock, and if the directory is missing or not writable.
    """
    target = resolve_link(path)
    if not target.parent.is_dir():
        raise InputError(f"{path}: {os.strerror(2)}; choose a file in a directory of yours.")
    lock = target.with_name(f".{target.name}.lock")
    try:
        held = FileLock(lock, timeout=0)
        held.acquire()
    except Timeout as error:
        raise InputError(
            message or f"{path}: another process is writing this file; wait or choose another file."
        ) from error
    except OSError as error:
        reason = error_text(error)
        raise InputError(f"{path}: {reason}; choose a file in a directory of yours.") from error
    try:
        for left in target.parent.glob(_partial(Path(escape(str(target))), "*").name):
            left.unlink(missing_ok=True)
        yield
    finally:
        lock.unlink(missing_ok=True)  # While it is held, so that no other process has locked it.
        held.release()


def resolve_link(path: Path) -> Path:
    """Return the target of a path; raises InputError for a link that points to itself."""
    try:
        return path.resolve()
    except (RuntimeError, OSError) as error:
        raise InputError(f"{path}: is a broken link; choose a file.") from error


def error_text(error: OSError) -> str:
    """Return the operating system's message, also from HDF5's longer ones."""
    if error.strerror:
        return error.strerror
    number = _ERRNO.search(str(error))
    code = error.errno or (int(number[1]) if number else 0)
    return os.strerror(code) if code else str(error).partition("\n")[0]


def disk_error(error: OSError) -> str:
    """Return the error message with advice, without the file name."""
    return f"{error_text(error)}; free some space or choose another place."


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Raise InputError unless a file can be written to `path`; call it before any long work."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: cannot be written; choose a file in a directory of yours.")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: already exists; choose another file or pass --overwrite.")


def check_writable_directory(path: Path, known: re.Pattern[str], *, overwrite: bool) -> None:
    """Raise InputError unless a directory can be written to `path`.

    With `overwrite`, a directory may exist if it only has files whose names match `known`; anything
    else belongs to the user.
    """
    if not path.name or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: cannot be written; choose a place in a directory of yours.")
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise InputError(f"{path}: is not a directory; choose another place.")
    if not path.exists():
        return
    if not overwrite:
        raise InputError(f"{path}: already exists; choose another directory or pass --overwrite.")
    for entry in sorted(path.iterdir()):
        if entry.is_dir() or not known.fullmatch(entry.name):
            raise InputError(
                f"{entry}: was not written by this command and would be lost; move it or choose "
                "another directory."
            )


def _partial(target: Path, process: str) -> Path:
    return target.with_name(f".{target.stem}.partial-{process}{target.suffix}")
