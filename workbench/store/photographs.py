"""The photographs behind a store, found by location id and heading and by nothing else."""

import hashlib
import re
from pathlib import Path

from common.errors import InputError
from workbench.store import HEADINGS, Store

# A store is a file that somebody may have written: only names of the two layouts are opened.
LAYOUT = re.compile(
    r"[^/\\\0]+/[^/\\\0]+_(0|90|180|270)\.jpe?g"
    r"|([^/\\\0]+/)?[^/\\\0]+_(north|east|south|west)\.jpe?g",
    re.IGNORECASE,
)
WRAPPER = "test_data"  # The folder that the 50States2K archive puts around its classes.


class Photographs:
    """The photographs of a store's locations below one folder."""

    def __init__(self, root: Path, store: Store) -> None:
        """Take the folder that the store's relative image paths start from.

        Raises InputError when the folder is missing.
        """
        try:
            self.root = (root / WRAPPER if (root / WRAPPER).is_dir() else root).resolve()
            found = self.root.is_dir()
        except (OSError, ValueError):  # A path that is too long, or holds a NUL.
            found = False
        if not found:
            raise InputError(
                f"{str(root)[:200]!r}: there is no such folder of photographs; "
                "say where they are with --data."
            )
        self._image = store.image_paths
        self._sha256 = store.image_sha256
        self._row = {location: row for row, location in enumerate(store.location_ids)}

    def path(self, location_id: str, heading: str) -> Path:
        """Return the file of one view (heading N, E, S or W).

        Raises KeyError for an unknown location or heading and InputError when the file is gone, or
        the store's name of it leads out of the folder.
        """
        view = dict(zip(HEADINGS, range(4), strict=True))[heading]
        path = self._inside(str(self._image[self._row[location_id]][view]))
        if not path.is_file():
            raise InputError(f"{path}: the photograph is gone; say where they are with --data.")
        return path

    def paths(self, location_id: str) -> tuple[Path, ...]:
        """Return the four files of a location, N, E, S, W; raises as `path` does."""
        return tuple(self.path(location_id, heading) for heading in HEADINGS)

    def changed(self, location_id: str) -> tuple[Path, ...]:
        """Return those of a location's files that are not what the store was extracted from.

        Empty where the store has no hashes, as those of version 1; raises as `path` does, and
        InputError for a file that cannot be read.
        """
        return tuple(path for path, same in self.compared(location_id).items() if not same)

    def compared(self, location_id: str, *, gone: bool = False) -> dict[Path, bool | None]:
        """Return whether each of a location's files is what the store was extracted from.

        With `gone`, None stands for one that cannot be read; without, InputError is raised.
        """
        if self._sha256 is None:
            return {}
        row = self._row[location_id]
        result: dict[Path, bool | None] = {}
        for name, digest in zip(self._image[row], self._sha256[row], strict=True):
            path = self._inside(str(name))
            try:
                result[path] = hashlib.sha256(path.read_bytes()).digest() == digest.tobytes()
            except OSError as error:
                if not gone:
                    raise InputError(
                        f"{path}: the photograph is gone; say where they are with --data."
                    ) from error
                result[path] = None
        return result

    def _inside(self, name: str) -> Path:
        """Return the file, unless its name is of neither layout."""
        path = self.root / name
        if not LAYOUT.fullmatch(name) or ".." in path.parts:
            raise InputError(
                f"{name}: the store names a photograph outside {self.root}; extract it again."
            )
        return path
