"""Files that are whole or absent."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

PARTIAL = ".*.partial"
"""Pattern of the names that files bear while they are written; a kill leaves one behind."""


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside `path`, flush it to the disk and rename it: whole or absent.

    An OSError that names no file, as that of a full disk, is raised with the name of `path`.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.touch()
        mode = partial.stat().st_mode
        write(partial)
        partial.chmod(mode)  # As the umask says: some libraries let only the owner read.
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8, its line ends as they are, whole or not at all; raises OSError."""
    write_whole(path, lambda partial: partial.write_text(text, "utf-8", newline=""))
