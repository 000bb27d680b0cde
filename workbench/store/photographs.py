"""The photographs of a store's locations, by location id and heading."""

import hashlib
import re
from pathlib import Path

from common.errors import InputError
from common.files import check_readable, is_folder
from common.photographs import read_bytes
from common.system_errors import explain
from workbench.store import HEADINGS, Store

# A store may come from others: only names of the two layouts are opened.
LAYOUT = re.compile(
    r"[^/\\\0]+/[^/\\\0]+_(0|90|180|270)\.jpe?g"
    r"|([^/\\\0]+/)?[^/\\\0]+_(north|east|south|west)\.jpe?g",
    re.IGNORECASE,
)
MISSING = "the photograph is missing; give its folder with --data"
WRAPPER = "test_data"  # The folder that the 50States2K archive puts around its classes.


class Photographs:
    """The photographs of a store's locations below one folder."""

    def __init__(self, root: Path, store: Store) -> None:
        """Take the folder that the image paths of the store are relative to.

        Raises InputError when the folder is missing or may not be entered.
        """
        if not is_folder(root):
            raise InputError(
                f"{str(root)[:200]!r}: there is no such folder of photographs; give it with --data."
            )
        self.root = (root / WRAPPER if is_folder(root / WRAPPER) else root).resolve()
        self._image_paths = store.image_paths
        self._sha256 = store.image_sha256
        self._rows = {location: row for row, location in enumerate(store.location_ids)}

    def path(self, location_id: str, heading: str) -> Path:
        """Return the file of a view; `heading` is N, E, S or W.

        Raises KeyError for an unknown location or heading, and InputError when the file is missing,
        cannot be read or is outside the folder.
        """
        view = dict(zip(HEADINGS, range(4), strict=True))[heading]
        path = self._inside(str(self._image_paths[self._rows[location_id]][view]))
        check_readable(path, MISSING)
        return path

    def paths(self, location_id: str) -> tuple[Path, ...]:
        """Return the four files of a location, N, E, S, W; raises as `path` does."""
        return tuple(self.path(location_id, heading) for heading in HEADINGS)

    def changed(self, location_id: str) -> tuple[Path, ...]:
        """Return the files of a location that have changed since the extraction.

        Empty if the store has no hashes, as in version 1. Raises as `path` does.
        """
        return tuple(path for path, unchanged in self.compare(location_id).items() if not unchanged)

    def compare(self, location_id: str, *, missing_ok: bool = False) -> dict[Path, bool | None]:
        """Return whether each file of a location is unchanged since the extraction.

        A file that cannot be read is None with `missing_ok`; otherwise InputError is raised.
        """
        if self._sha256 is None:
            return {}
        row = self._rows[location_id]
        result: dict[Path, bool | None] = {}
        for name, digest in zip(self._image_paths[row], self._sha256[row], strict=True):
            path = self._inside(str(name))
            try:
                result[path] = hashlib.sha256(read_bytes(path)).digest() == digest.tobytes()
            except OSError as error:
                if not missing_ok:
                    check_readable(path, MISSING)
                    raise InputError(f"{path}: {explain(error)}.") from error
                result[path] = None
        return result

    def _inside(self, name: str) -> Path:
        """Return the path of a file; raises InputError if its name is of neither layout."""
        path = self.root / name
        if not LAYOUT.fullmatch(name) or ".." in path.parts:
            raise InputError(
                f"{name}: the store names a photograph outside {self.root}; extract it again."
            )
        return path
