"""Atomic writes and file locks."""

import csv
import errno
import fcntl
import io
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from common.errors import InputError
from common.system_errors import explain
from common.text import escape_formula

_PARTIAL = re.compile(r"\..+\.partial-\d+(\.[^.]*)?")
"""Names of files and directories being written; a killed process leaves one behind."""
_LOCK = ".lock"
"""Name of the file in a directory being written that its process has locked."""
_SYNC_THREADS = 16

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?(nan|inf)", re.ASCII | re.IGNORECASE)

PLACE = "or choose another place"
"""Advice for an output that cannot be written."""


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, with the same suffix, to write to.

    After the block the file is flushed to the disk and renamed to `path`; after an error it is
    removed and `path` stays unchanged. The target of a symbolic link is replaced. What killed
    processes left in the directory is removed. Write into the file, do not replace it: it is locked
    as long as this process lives. Raises InputError if the directory is missing or the file cannot
    be written.
    """
    target = resolve_link(path)
    try:
        if not target.parent.is_dir():
            check_folder(target.parent)
        with _locked_partial(target) as partial:
            # Some libraries create files that only the owner can read: use the umask instead.
            mode = (target if target.exists() else partial).stat().st_mode
            yield partial
            partial.chmod(mode)
            _sync(partial)
            partial.replace(target)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _write_error(path, error) from error


def atomic_write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with its line ends unchanged, atomically; raises InputError."""
    with atomic_write(path) as partial:
        partial.write_text(text, "utf-8", newline="")


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV text, safe to open in a spreadsheet (`escape_formula`)."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_escape_formulas, rows))
    return text.getvalue()


def _escape_formulas(row: Sequence[object]) -> list[object]:
    return [
        escape_formula(cell) if isinstance(cell, str) and not _NUMBER.fullmatch(cell) else cell
        for cell in row
    ]


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield a temporary directory beside `path`, which is renamed to `path` on success.

    Its files are flushed to the disk first. An existing directory, allowed to be replaced by
    `check_writable_directory`, is removed last. What killed processes left beside it is removed.
    Raises InputError if it cannot be written.
    """
    previous = path.with_name(f".{path.name}.old-{secrets.randbits(32)}")
    try:
        _restore_directory(path)
        with _locked_partial(path, directory=True) as partial:
            yield partial
            with ThreadPoolExecutor(_SYNC_THREADS) as pool:  # The disk takes them together.
                list(pool.map(_sync, (entry for entry in partial.rglob("*") if entry.is_file())))
            if path.exists():
                # A directory cannot be renamed over a non-empty one.
                path.rename(previous)
            partial.rename(path)
            (path / _LOCK).unlink()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _write_error(path, error) from error
    finally:
        _restore_directory(path)


@contextmanager
def file_lock(path: Path, *, message: str = "") -> Iterator[None]:
    """Hold an exclusive lock for writing `path`; it is released when the process ends.

    The lock is a hidden file beside `path`, because HDF5 locks the file itself for readers. Raises
    InputError with `message` if another process holds the lock, and if the directory is missing or
    not writable.
    """
    target = resolve_link(path)
    check_folder(target.parent)
    lock = target.with_name(f".{target.name}.lock")
    try:
        held = FileLock(lock, timeout=0)
        held.acquire()
    except Timeout as error:
        raise InputError(
            message or f"{path}: another process is writing this file; wait or choose another file."
        ) from error
    except OSError as error:
        raise InputError(f"{path}: {explain(error, PLACE)}.") from error
    try:
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


def check_readable(path: Path, missing: str) -> None:
    """Raise InputError unless `path` is a file that can be read; the message names the cause.

    `missing` is the rest of the sentence about a file that does not exist.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise InputError(f"{path}: is neither a file nor a folder; name a file.")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise InputError(f"{path}: {missing}.") from error
    except OSError as error:
        raise InputError(f"{path}: {explain(error)}.") from error


def is_folder(path: Path) -> bool:
    """Return whether a folder exists; raises InputError if it may not be entered."""
    try:
        return path.is_dir()
    except PermissionError as error:
        raise InputError(f"{error.filename}: {explain(error)}.") from error
    except (OSError, ValueError):  # A path that is too long, or holds a NUL.
        return False


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Raise InputError unless a file can be written to `path`; call it before any long work."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file.")
    check_folder(path.parent)
    if path.exists() and not overwrite:
        raise InputError(f"{path}: already exists; choose another file or pass --overwrite.")


def check_writable_directory(path: Path, known: re.Pattern[str], *, overwrite: bool) -> None:
    """Raise InputError unless a directory can be written to `path`.

    With `overwrite`, a directory may exist if it only has files whose names match `known`; anything
    else belongs to the user.
    """
    if not path.name:
        raise InputError(f"{path}: cannot be replaced; name a new folder.")
    check_folder(path.parent)
    _restore_directory(path)
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise InputError(f"{path}: is not a directory; choose another place.")
    if not path.exists():
        return
    if not overwrite:
        raise InputError(f"{path}: already exists; choose another directory or pass --overwrite.")
    for entry in sorted(path.iterdir()):
        if entry.is_dir() or not (known.fullmatch(entry.name) or entry.name == _LOCK):
            raise InputError(
                f"{entry}: was not written by this command and would be lost; move it or choose "
                "another directory."
            )


def _sync(path: Path) -> None:
    """Flush a file to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def _locked_partial(target: Path, *, directory: bool = False) -> Iterator[Path]:
    """Yield a new file or directory beside `target`, locked, and remove it if it is still there.

    The kernel releases the lock when the process ends, however it ends, on any machine. The lock is
    shared, so that readers may share it once the file has its name.
    """
    _remove_partials(target.parent)
    descriptor = None
    while descriptor is None:
        number = secrets.randbits(32)
        name = f"{target.stem}.partial-{number}{target.suffix}"
        partial = target.with_name(f".{target.name}.partial-{number}" if directory else f".{name}")
        if directory:
            partial.mkdir()
        descriptor = _lock(partial / _LOCK if directory else partial)
    try:
        yield partial
    finally:
        if directory:
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)
        os.close(descriptor)


def _lock(path: Path) -> int | None:
    """Create and lock a file; return None if another process removed it as one that was left."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except FileNotFoundError:  # With its directory.
        return None
    with suppress(OSError):  # Where the file system has no locks, nobody removes it.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    if path.exists():
        return descriptor
    os.close(descriptor)
    return None


def _remove_partials(folder: Path) -> None:
    """Remove the partial files and directories in a folder that no living process has locked."""
    for path in folder.glob(".*.partial-*"):
        if not _PARTIAL.fullmatch(path.name):
            continue
        is_directory = path.is_dir()
        with suppress(OSError):  # Being written, gone, or not ours.
            if is_directory and not (path / _LOCK).exists():
                path.rmdir()  # Empty: killed before it was locked.
                continue
            descriptor = os.open(
                path / _LOCK if is_directory else path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path) if is_directory else path.unlink()
            finally:
                os.close(descriptor)


def _restore_directory(path: Path) -> None:
    """Put back a directory that a killed process had moved away to replace it, or remove it."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.old-\d+")
    for previous in path.parent.glob(".*.old-*"):
        if pattern.fullmatch(previous.name) and previous.is_dir():
            if path.exists():
                shutil.rmtree(previous, ignore_errors=True)
            else:
                previous.rename(path)


def check_folder(folder: Path) -> None:
    """Raise InputError unless files can be created in `folder`; the message names the cause."""
    if not folder.exists():
        raise InputError(f"{folder}: no such folder; create it {PLACE}.")
    if not folder.is_dir():
        raise InputError(f"{folder}: is not a folder; choose another place.")
    if not os.access(folder, os.W_OK | os.X_OK):
        read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
        raise InputError(f"{folder}: {explain(OSError(number, os.strerror(number)), PLACE)}.")


def _write_error(path: Path, error: OSError) -> InputError:
    """Return the error for `path`, or for another file that was read while it was written."""
    name = Path(error.filename).name if isinstance(error.filename, str) else path.name
    ours = name == path.name or _PARTIAL.fullmatch(name)
    return InputError(f"{path if ours else error.filename}: {explain(error, PLACE)}.")
