"""What every HDF5 file needs that is read or written here."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import h5py


@contextmanager
def created(path: Path) -> Iterator[h5py.File]:
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


def lies_elsewhere(file: h5py.File, name: str) -> bool:
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
