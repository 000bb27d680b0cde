"""Files that are whole or absent, and written by one process at a time."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from workbench.errors import InputError

_NUMBER = re.compile(r"errno = (\d+)")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file to write beside `path`, with the same ending.

    When the block ends well, it is flushed to the disk and takes the name of `path`; else it is
    removed and `path` stays as it was. Raises InputError when the folder is missing or the disk
    refuses.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: there is no such folder; create it or choose another.")
    target = resolved(path)  # What a link leads to is replaced, not the link.
    partial = _partial(target, str(os.getpid()))
    try:
        yield partial
        if target.exists():
            partial.chmod(target.stat().st_mode)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}; make room or name another place.") from error
    finally:
        partial.unlink(missing_ok=True)


def resolved(path: Path) -> Path:
    """Return what a path leads to; raises InputError for a link that leads to itself."""
    try:
        return path.resolve()
    except (RuntimeError, OSError) as error:
        raise InputError(f"{path}: is a link that leads nowhere; name a file.") from error


def _partial(target: Path, process: str) -> Path:
    return target.with_name(f".{target.stem}.partial-{process}{target.suffix}")


def reason(error: OSError) -> str:
    """Say in a few words why the disk refused; HDF5 puts a long text of its own around it."""
    number = _NUMBER.search(str(error))
    code = error.errno or (int(number[1]) if number else 0)
    return os.strerror(code) if code else str(error).partition("\n")[0]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other processes from writing `path`; the lock goes when this process does.

    It is a file of its own beside it, since HDF5 locks the store for its readers. Raises InputError
    where another process holds it, and where the folder is missing or cannot be written to.
    """
    target = resolved(path)
    lock = target.with_name(f".{target.name}.lock")
    while True:
        try:
            file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise InputError(
                f"{path}: {reason(error)}; name a file in a folder of yours."
            ) from error
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f"{path}: another process writes this file; wait for it or name another."
                ) from error
            # Who held it before may have removed it since it was opened.
            if not _is(file, lock):
                continue
            try:
                # What others have left that were killed: nobody else writes here now.
                for left in target.parent.glob(_partial(Path(escape(str(target))), "*").name):
                    left.unlink(missing_ok=True)
                yield
            finally:
                lock.unlink(missing_ok=True)
            return
        finally:
            os.close(file)


def _is(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Raise InputError unless a file can be written to `path`, before hours go into it."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: cannot be written here; name a file in a folder of yours.")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: is there already; name another file or say --overwrite.")
