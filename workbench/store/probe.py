"""Read an HDF5 file to its end: `python probe.py FILE SECONDS`, in a process of its own.

HDF5 may crash on a damaged file, or never end. Nothing is printed, and errors that h5py raises are
ignored: whoever opens the file afterwards reports them. It imports nothing local, to start quickly.
"""

import resource
import sys
from collections.abc import Iterator
from contextlib import suppress

import h5py

_WHOLE = 2**26
"""Bytes up to which a dataset is read; of a larger one, the index of its chunks."""
_TEXT_ROWS = 2**14


def main(path: str, seconds: int) -> None:
    """Read a file in so many seconds of this process, which ends it otherwise."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    with suppress(Exception), h5py.File(path, "r") as file:
        for item in _items(file):
            for name in _names(item.attrs):
                with suppress(Exception):
                    item.attrs[name]
            if isinstance(item, h5py.Dataset):
                with suppress(Exception):
                    _read(item)


def _items(file: h5py.File) -> Iterator[h5py.Group | h5py.Dataset]:
    """Yield all groups and datasets once, without following links."""
    waiting, seen = [file], set()
    while waiting:
        item = waiting.pop()
        yield item
        for name in _names(item) if isinstance(item, h5py.Group) else ():
            with suppress(Exception):
                if isinstance(item.get(name, getlink=True), h5py.HardLink):
                    member = item[name]
                    address = h5py.h5o.get_info(member.id).addr
                    if address not in seen:
                        seen.add(address)
                        waiting.append(member)


def _names(mapping: h5py.Group | h5py.AttributeManager) -> Iterator[str]:
    with suppress(Exception):
        yield from mapping


def _read(dataset: h5py.Dataset) -> None:
    if dataset.is_virtual or dataset.external:
        return
    if dataset.dtype.hasobject:  # Of variable length, each with a place of its own in the file.
        for first in range(0, dataset.shape[0] if dataset.shape else 1, _TEXT_ROWS):
            dataset[first : first + _TEXT_ROWS] if dataset.shape else dataset[()]
    elif dataset.nbytes <= _WHOLE:
        dataset[()]
    elif dataset.chunks:
        dataset.id.chunk_iter(lambda chunk: None)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
