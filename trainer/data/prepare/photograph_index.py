"""The index of a data folder: create or update it, and compute channel statistics from it."""

import hashlib
import math
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from common.photographs import unusable_message
from trainer.data import layout
from trainer.data.layout import Index, Location, SkippedLocation
from trainer.data.prepare import database, scan
from trainer.data.prepare.database import PhotographTable

MIN_STD = 1e-3


@dataclass(frozen=True)
class PreparedData:
    """A data folder of which every photograph was read once.

    `index` has the complete locations whose photographs can all be read; its `skipped` are all
    other locations with the reason. `photographs` includes those of skipped locations. `num_read`
    counts the photographs that were read now rather than found in the index.
    """

    index: Index
    photographs: PhotographTable
    num_read: int

    def statistics(
        self, locations: Sequence[Location]
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the mean and standard deviation (3,) of R, G, B over all pixels in [0, 1].

        The pixels are those of the locations, of which there must be one, at full resolution. A
        standard deviation is at least 0.001, so that dividing by it is safe.
        """
        rows = self._rows(locations)
        count = int((self.photographs.widths[rows] * self.photographs.heights[rows]).sum())
        mean, std = [], []
        for channel in range(3):
            # Python integers: nothing is rounded before the division.
            total = int(self.photographs.channel_sums[rows, channel].sum())
            square = int(self.photographs.channel_square_sums[rows, channel].sum())
            mean.append(total / (255 * count))
            variance = (count * square - total**2) / (255 * count) ** 2
            std.append(max(math.sqrt(variance), MIN_STD))
        return tuple(mean), tuple(std)

    def fingerprint(self, locations: Sequence[Location]) -> str:
        """Return a SHA-256, in hexadecimal, over ids and photographs, in any order."""
        return layout.data_fingerprint(
            (location.id, self.photographs.sha256[self._rows([location])].tobytes())
            for location in locations
        )

    def _rows(self, locations: Iterable[Location]) -> list[int]:
        return [self.photographs.rows[path] for location in locations for path in location.images]


def prepare(data: Path, index_path: Path, num_workers: int) -> PreparedData:
    """Read the photographs of a folder that are new or changed since the index was written.

    `num_workers` processes read; with 0 or 1 this one does. After a kill, the next call continues.
    Raises InputError for a folder without locations, and for an index that is of another folder,
    damaged or not writable.
    """
    index = layout.index_folder(data)
    paths = photograph_paths(index)
    with database.open_database(index_path) as connection:
        num_read = _update(connection, index_path, index.root, paths, num_workers)
        table = database.read_table(connection)
    return PreparedData(_without_unreadable(index, table), table, num_read)


def index_file(folder: Path, data: Path) -> Path:
    """Return the path in `folder` of the index of a data folder."""
    path = data.resolve()
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()
    return folder / f"{path.name}-{digest[:8]}.index.sqlite"


def photograph_paths(index: Index) -> list[str]:
    """Return the paths of all photographs, including those of skipped locations."""
    locations: list[Location | SkippedLocation] = [*index.locations, *index.skipped]
    return [path for location in locations for path in location.images]


def _update(
    connection: sqlite3.Connection,
    index_path: Path,
    root: Path,
    paths: Sequence[str],
    num_workers: int,
) -> int:
    """Update the index and return how many photographs were read."""
    database.delete_others(connection, index_path, paths)
    stamps = database.file_stamps(connection)
    candidates = tqdm(paths, "Looking for changes", unit="photograph", delay=2, leave=False)
    new = [path for path in candidates if path not in stamps or stamps[path] != _stamp(root / path)]
    if not new:
        return 0
    with (
        scan.scan_photographs(root, new, num_workers) as chunks,
        tqdm(
            desc="Reading photographs",
            unit="photograph",
            initial=len(paths) - len(new),
            total=len(paths),
            dynamic_ncols=True,
        ) as bar,
    ):
        for records in chunks:
            database.insert(connection, records)
            bar.update(len(records))
    return len(new)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return size and modification time of a file, which reveal a change; None if unreachable."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _without_unreadable(index: Index, table: PhotographTable) -> Index:
    """Move locations with an unreadable photograph to the skipped ones."""
    locations: list[Location] = []
    skipped = list(index.skipped)
    for location in index.locations:
        problems = [(path, table.problems[table.rows[path]]) for path in location.images]
        reason = next(
            (unusable_message(index.root / path, problem) for path, problem in problems if problem),
            "",
        )
        if reason:
            skipped.append(SkippedLocation(location.id, reason, location.images))
        else:
            locations.append(location)
    return replace(index, locations=tuple(locations), skipped=tuple(skipped))
