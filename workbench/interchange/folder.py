"""Folders that are whole or absent."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import InputError
from workbench.files import reason


def check_folder(path: Path, own: re.Pattern[str], *, overwrite: bool) -> None:
    """Raise InputError unless a folder can be written to `path`, before hours go into it.

    With `overwrite` a folder may be there that has nothing but files of names like `own`: what
    else lies in a folder is somebody's, and stays.
    """
    if not path.name or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: cannot be written here; name a folder in a folder of yours.")
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise InputError(f"{path}: this is no folder; name another place.")
    if not path.exists():
        return
    if not overwrite:
        raise InputError(f"{path}: is there already; name another folder or say --overwrite.")
    for entry in sorted(path.iterdir()):
        if entry.is_dir() or not own.fullmatch(entry.name):
            raise InputError(
                f"{entry}: was not written by this command, so that --overwrite would lose it; "
                "move it or name another folder."
            )


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Give a folder to write files into, which takes the name of `path` when the block ends well.

    It lies beside, and its files are flushed to the disk before. An older folder of that name,
    which `check_folder` has allowed to be replaced, makes way at the last moment. Raises InputError
    when the disk refuses.
    """
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    old = path.with_name(f".{path.name}.old-{os.getpid()}")
    try:
        partial.mkdir()
        yield partial
        for entry in partial.iterdir():
            with entry.open("rb+") as file:
                os.fsync(file.fileno())
        if path.exists():
            # A folder cannot take the place of one that has files in it.
            path.rename(old)
        partial.rename(path)
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}; make room or name another place.") from error
    finally:
        if old.exists() and not path.exists():
            old.rename(path)
        for left in (partial, old):
            shutil.rmtree(left, ignore_errors=True)
