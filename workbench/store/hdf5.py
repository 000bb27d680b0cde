"""Opening and creating HDF5 files."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import h5py

from common.errors import InputError
from common.files import check_readable
from common.system_errors import error_number, error_text, explain, is_system_error
from workbench.store import probe
from workbench.store.tree import format_size

# What h5py raises for a damaged file.
DAMAGED = (
    KeyError,
    OSError,
    TypeError,
    AttributeError,
    ValueError,
    RuntimeError,
    RecursionError,
    MemoryError,
)

_CRASHES = {
    getattr(signal, name): "HDF5 crashes when it reads it"
    for name in ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE")
} | {signal.SIGXCPU: "HDF5 does not come to its end"}
_PROBE_SECONDS, _PROBE_SPEED = 20, 10**8  # And bytes a second.
# Device, inode, size and time of files that this process wrote, or that were read by another one.
_known_files: set[tuple[int, ...]] = set()


@dataclass(frozen=True)
class FileFormat:
    """A file format: its name and version, its title in messages, and how to make a file anew."""

    format: str
    version: int
    title: str
    remedy: str


def open_hdf5(path: Path, file_format: FileFormat) -> h5py.File:
    """Open a file of a format, of any known version, for reading.

    A file that this process has not written is first read by another one, which HDF5 may crash.
    Raises InputError when it is missing, cannot be read, is damaged, is locked by a program that
    writes it, is of another format or of a newer version.
    """
    check_readable(path, f"there is no such {file_format.title}; check the path")
    if crash := find_crash(path):
        raise InputError(f"{path}: is damaged ({crash}); {file_format.remedy}.")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        if is_system_error(error):
            raise InputError(f"{path}: {explain(error)}.") from error
        raise InputError(
            f"{path}: is not an HDF5 file, or is cut off; {file_format.remedy}."
        ) from error
    with hdf5_errors(path, file_format):
        if file.attrs.get("format") != file_format.format:
            raise InputError(
                f"{path}: this HDF5 file is not a {file_format.title} of this workbench; "
                f"{file_format.remedy}."
            )
        version = int(file.attrs["version"])
        if version > file_format.version:
            raise InputError(
                f"{path}: has version {version}, this workbench reads up to {file_format.version}; "
                "update the workbench."
            )
    return file


@contextmanager
def hdf5_errors(path: Path, file_format: FileFormat, dataset: str = "") -> Iterator[None]:
    """Turn what h5py raises for a file that cannot be read into an InputError naming the cause."""
    try:
        yield
    except (InputError, BrokenPipeError):
        raise
    except DAMAGED as error:
        if is_system_error(error):
            raise InputError(f"{path}: {explain(error)}.") from error
        reason = str(error).partition("\n")[0]
        where = f"{dataset} is" if dataset else "is"
        raise InputError(f"{path}: {where} damaged ({reason}); {file_format.remedy}.") from error


def find_crash(path: Path) -> str:
    """Return how HDF5 fails on a file that no Python error would report; "" if it does not."""
    identity = _identity(path)
    if identity in _known_files:
        return ""
    seconds = _PROBE_SECONDS + path.stat().st_size // _PROBE_SPEED
    command = [sys.executable, "-P", probe.__file__, str(path.absolute()), str(seconds)]
    null = subprocess.DEVNULL
    status = subprocess.run(command, stdin=null, stdout=null, stderr=null, check=False).returncode
    if -status in _CRASHES:
        return _CRASHES[signal.Signals(-status)]
    _known_files.add(identity)
    return ""


def _identity(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def check_free_space(path: Path, needed: int) -> None:
    """Raise OSError if the disk has fewer than `needed` bytes: HDF5 would crash when it is full."""
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        reason = os.strerror(errno.ENOSPC)
        raise OSError(
            errno.ENOSPC, f"{reason} ({format_size(needed)} needed, {format_size(free)} free)"
        )


@contextmanager
def create_hdf5(path: Path) -> Iterator[h5py.File]:
    """Yield a new file; raises OSError, not RuntimeError, if it cannot be written when closed.

    HDF5 does not lock it, because `common.files.atomic_write` does.
    """
    file = h5py.File(path, "w", locking=False)
    try:
        yield file
    except BaseException:
        with suppress(RuntimeError, OSError):
            file.close()
        raise
    try:
        file.close()
    except RuntimeError as error:
        raise OSError(error_number(error), error_text(error)) from error
    _known_files.add(_identity(path))


def is_external(file: h5py.File, name: str) -> bool:
    """Return whether a group or dataset is a link or its data are in another file.

    A file from others could otherwise make the workbench read any file of this machine. Returns
    False for a name that does not exist.
    """
    item = file
    for step in name.strip("/").split("/"):
        if not isinstance(item, h5py.Group):
            return False
        link = item.get(step, getlink=True)
        if link is None:
            return False
        if not isinstance(link, h5py.HardLink):
            return True
        item = item[step]
    return isinstance(item, h5py.Dataset) and bool(item.is_virtual or item.external)
