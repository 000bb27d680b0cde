"""Files that are whole or absent."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file to write beside `path`, with the same ending.

    When the block ends well, it is flushed to the disk and takes the name of `path`; else it is
    removed and `path` stays as it was. Raises InputError when the folder is missing or the disk
    refuses.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: there is no such folder; create it or choose another.")
    partial = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        # A full disk is reported without a name by most libraries.
        reason = error.strerror or str(error).partition("\n")[0]
        raise InputError(f"{path}: {reason}; make room or name another place.") from error
    finally:
        partial.unlink(missing_ok=True)


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Raise InputError unless a file can be written to `path`, before hours go into it."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: cannot be written here; name a file in a folder of yours.")
    if path.exists() and not overwrite:
        raise InputError(f"{path}: is there already; name another file or say --overwrite.")
