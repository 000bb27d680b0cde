"""Opening and creating HDF5 files."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import h5py

from common.errors import InputError
from common.files import check_readable
from common.system_errors import error_number, error_text, explain, is_system_error
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


@dataclass(frozen=True)
class FileFormat:
    """A file format: its name and version, its title in messages, and how to make a file anew."""

    format: str
    version: int
    title: str
    remedy: str


def open_hdf5(path: Path, file_format: FileFormat) -> h5py.File:
    """Open a file of a format, of any known version, for reading.

    Raises InputError when it is missing, cannot be read, is locked by a program that writes it, is
    of another format or of a newer version.
    """
    check_readable(path, f"there is no such {file_format.title}; check the path")
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
