"""What every HDF5 file needs that is read or written here."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import h5py

from common.errors import InputError

# What h5py raises for a file whose insides contradict each other.
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
    """A kind of file: what it bears, what people call it, and how to have it `again`."""

    format: str
    version: int
    title: str
    again: str


def open_hdf5(path: Path, kind: FileFormat) -> h5py.File:
    """Open a file of a kind and of a version that this workbench knows, whatever else is wrong.

    Raises InputError when it is missing or something else.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such {kind.title}; {kind.again}.")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(
            f"{path}: this is no HDF5 file, or one that was cut off; {kind.again}."
        ) from error
    with hdf5_errors(path, kind):
        if file.attrs.get("format") != kind.format:
            raise InputError(
                f"{path}: this HDF5 file is not a {kind.title} of this workbench; {kind.again}."
            )
        version = int(file.attrs["version"])
        if version > kind.version:
            raise InputError(
                f"{path}: has version {version}, this workbench reads up to {kind.version}; update "
                "the workbench."
            )
    return file


@contextmanager
def hdf5_errors(path: Path, kind: FileFormat) -> Iterator[None]:
    """Turn what h5py raises for a damaged file into an InputError."""
    try:
        yield
    except InputError:
        raise
    except DAMAGED as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: is damaged ({reason}); {kind.again}.") from error


@contextmanager
def create_hdf5(path: Path) -> Iterator[h5py.File]:
    """Give a new file; what HDF5 makes of a disk that is full at the end becomes an OSError."""
    file = h5py.File(path, "w")
    try:
        yield file
    except BaseException:
        with suppress(RuntimeError, OSError):
            file.close()
        raise
    try:
        file.close()
    except RuntimeError as error:
        raise OSError(str(error)) from error


def is_external(file: h5py.File, name: str) -> bool:
    """Return whether a group or dataset is a link, or its numbers lie in another file.

    A file that somebody may have written could otherwise have any file of this machine read.
    What is not there at all lies nowhere.
    """
    place = file
    for step in name.strip("/").split("/"):
        if not isinstance(place, h5py.Group):
            return False
        link = place.get(step, getlink=True)
        if link is None:
            return False
        if not isinstance(link, h5py.HardLink):
            return True
        place = place[step]
    return isinstance(place, h5py.Dataset) and bool(place.is_virtual or place.external)
