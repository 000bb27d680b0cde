"""The index of a data folder, made or brought up to date, and what it answers."""

import hashlib
import math
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from trainer.data import layout
from trainer.data.decode import unusable_message
from trainer.data.layout import Index, Location, SkippedLocation
from trainer.data.prepare import database, scan
from trainer.data.prepare.database import PhotographTable

MIN_STD = 1e-3


@dataclass(frozen=True)
class PreparedData:
    """What is known of a data folder after every photograph was read once.

    `index` holds the complete locations whose photographs can all be read; its `skipped` every
    other location, with the reason. `photographs` are those of all photographs, also of the skipped;
    `num_read` is how many of them were read just now rather than before.
    """

    index: Index
    photographs: PhotographTable
    num_read: int

    def statistics(
        self, location: Sequence[Location]
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return mean and standard deviation of the channels R, G, B, pixels in [0, 1].

        They are those of all pixels of the locations, at least one, at the photographs' own
        resolution. A deviation is at least 0.001, so that it can be divided by.
        """
        rows = self._rows(location)
        count = int((self.photographs.widths[rows] * self.photographs.heights[rows]).sum())
        means, deviations = [], []
        for channel in range(3):
            # Whole numbers of any length: nothing is rounded before the division.
            total = int(self.photographs.channel_sums[rows, channel].sum())
            square = int(self.photographs.channel_square_sums[rows, channel].sum())
            means.append(total / (255 * count))
            variance = (count * square - total**2) / (255 * count) ** 2
            deviations.append(max(math.sqrt(variance), MIN_STD))
        return tuple(means), tuple(deviations)

    def fingerprint(self, location: Sequence[Location]) -> str:
        """Return a SHA-256, in hexadecimal, over ids and photographs, whatever their order."""
        result = hashlib.sha256()
        for place in sorted(location, key=lambda place: place.id):
            result.update(f"{place.id}\n".encode())
            result.update(self.photographs.sha256[self._rows([place])].tobytes())
        return result.hexdigest()

    def _rows(self, location: Iterable[Location]) -> list[int]:
        return [self.photographs.rows[path] for place in location for path in place.images]


def prepare(data: Path, index_path: Path, workers: int) -> PreparedData:
    """Read the photographs of a folder that the index does not know yet, and return all.

    `workers` processes read; with 0 or 1 this one does. Killed, it goes on where it was. Raises
    InputError for a folder without locations and an index that is foreign, damaged or cannot be
    written.
    """
    index = layout.index_folder(data)
    paths = photograph_paths(index)
    with database.open_database(index_path) as connection:
        read = _update(connection, index_path, index.root, paths, workers)
        readings = database.read_table(connection)
    return PreparedData(_without_unreadable(index, readings), readings, read)


def index_file(folder: Path, data: Path) -> Path:
    """Return where in `folder` the index of the data folder is kept."""
    place = data.resolve()
    digest = hashlib.sha256(os.fsencode(place)).hexdigest()
    return folder / f"{place.name}-{digest[:8]}.index.sqlite"


def photograph_paths(index: Index) -> list[str]:
    """Return the paths of all photographs, also those of incomplete locations."""
    complete = [path for place in index.locations for path in place.images]
    return complete + [path for place in index.skipped for path in place.images]


def _update(
    connection: sqlite3.Connection, index_path: Path, root: Path, paths: Sequence[str], workers: int
) -> int:
    """Bring the index up to date and return how many photographs that took."""
    database.delete_others(connection, index_path, paths)
    known = database.file_stamps(connection)
    looking = tqdm(paths, "Looking for changes", unit="photograph", delay=2, leave=False)
    new = [path for path in looking if path not in known or known[path] != _stamp(root / path)]
    if not new:
        return 0
    with tqdm(
        desc="Reading photographs",
        unit="photograph",
        initial=len(paths) - len(new),
        total=len(paths),
        dynamic_ncols=True,
    ) as bar:
        for readings in scan.scan_photographs(root, new, workers):
            database.insert(connection, readings)
            bar.update(len(readings))
    return len(new)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return size and time of a file, by which a change shows; None when it is out of reach."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _without_unreadable(index: Index, readings: PhotographTable) -> Index:
    """Move the locations with a photograph that cannot be read to the skipped."""
    location: list[Location] = []
    skipped = list(index.skipped)
    for place in index.locations:
        problems = [(path, readings.problems[readings.rows[path]]) for path in place.images]
        reason = next(
            (unusable_message(index.root / path, problem) for path, problem in problems if problem),
            "",
        )
        if reason:
            skipped.append(SkippedLocation(place.id, reason, place.images))
        else:
            location.append(place)
    return replace(index, locations=tuple(location), skipped=tuple(skipped))
