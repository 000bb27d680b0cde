"""Rows on their way into a file: appended by several processes, whole after a kill at any moment.

The spool is a folder beside the file that is to be written. `spool.json` says what is being
gathered; each process appends records of one size, a row each with a checksum, to a file of its
own. Rows belong to batches of a fixed size, and a batch counts only when it is there whole.
"""

import json
import os
import re
import shutil
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from common.errors import InputError
from common.files import atomic_write, error_text

FORMAT = "resnetbolt-spool"
VERSION = 2
GO_ON = "run the same command to go on"
MADE = "store.h5"
"""Name of the file that is made of a whole spool, inside its folder, before it takes its place."""
OWN = re.compile(
    r"spool\.json|process-\d+\.records|unreadable-\d+\.json|store\.h5"
    r"|\.(spool|unreadable-\d+|store)\.(partial-\d+\.)?(json|h5)|\.store\.h5\.lock"
)
"""Names of what a spool may hold, also what a kill has left half-written."""
VOID = 2**32 - 1  # The row of a record that does not count.
BYTES_AT_ONCE = 2**25
BYTES_TO_SYNC = 2**26  # At the end, all at once, the disk would have to be waited for.
WAITING = 3  # Batches that may wait to be written while more are computed.

Fields = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class State:
    """What is being gathered.

    `extraction` says so, in words and values that all have to be equal for going on; `folded` is
    what was decided at the start, which was at `created` (UTC).
    """

    extraction: Mapping[str, Any]
    folded: bool
    created: str


class Spool:
    """The records of `rows` rows, in batches of `batch_size`, on their way into the file `out`."""

    def __init__(self, out: Path, record: np.dtype[Any], rows: int, batch_size: int) -> None:
        self.folder = folder_of(out)
        self._record, self._rows, self._batch_size = record, rows, batch_size

    def state(self) -> State | None:
        """Return what an earlier start began, None where there was none.

        Raises InputError for a folder that holds something else.
        """
        path = self.folder / "spool.json"
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise InputError(f"{self.folder}: is no folder of an extraction; move it away.")
        if not path.exists():
            return None
        try:
            document = json.loads(path.read_text("utf-8"))
            if (document.pop("format"), document.pop("version")) != (FORMAT, VERSION):
                raise ValueError("another format")
            state = State(**document)
            kinds = (type(state.extraction), type(state.folded), type(state.created))
            if kinds != (dict, bool, str):
                raise ValueError("values of another type")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(
                f"{path}: cannot be gone on from; remove the folder or say --overwrite."
            ) from error
        return state

    def begin(self, state: State) -> None:
        """Begin anew, whatever was there."""
        self._refuse_strangers()
        remove(self.folder)
        self.folder.mkdir()
        document = {"format": FORMAT, "version": VERSION} | asdict(state)
        with atomic_write(self.folder / "spool.json") as partial:
            partial.write_text(json.dumps(document, indent=1) + "\n", "utf-8")

    def mend(self) -> NDArray[np.bool_]:
        """Cut off or void what a kill has left half-written, and return which batches are whole.

        No process may be writing. What is void, as are batches with a row that could not be read,
        will be gathered again.
        """
        self._refuse_strangers()
        for pattern in (".*", "unreadable-*.json", f"{MADE}*"):
            for path in self.folder.glob(pattern):
                path.unlink()
        found = {path: self._sound_rows(path) for path in self._files()}
        known = np.concatenate([np.empty(0, np.uint32), *found.values()])
        count = np.bincount(known[known < self._rows], minlength=self._rows)
        first_rows = np.arange(0, self._rows, self._batch_size)
        whole: NDArray[np.bool_] = np.logical_and.reduceat(count == 1, first_rows)
        for path, rows in found.items():
            counts = rows < self._rows
            counts[counts] = whole[rows[counts] // self._batch_size]
            if not counts.all():
                np.memmap(path, self._record, "r+")["row"][~counts] = VOID
        return whole

    def _refuse_strangers(self) -> None:
        """Raise InputError for what no spool has: it may be somebody's, or a link to it."""
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise InputError(f"{self.folder}: is no folder of an extraction; move it away.")
        for path in self.folder.iterdir() if self.folder.exists() else ():
            if path.is_symlink() or not path.is_file() or not OWN.fullmatch(path.name):
                raise InputError(f"{path}: is nothing that an extraction has left; move it away.")

    def _sound_rows(self, path: Path) -> NDArray[np.uint32]:
        """Return the row of each record of a file, `VOID` for one that is damaged."""
        size = self._record.itemsize
        count = path.stat().st_size // size
        os.truncate(path, count * size)
        result = np.full(count, VOID, dtype=np.uint32)
        step = max(1, BYTES_AT_ONCE // size)
        for first in tqdm(
            range(0, count, step), f"Checking {path}", unit="block", delay=2, dynamic_ncols=True
        ):
            block = np.fromfile(path, self._record, min(step, count - first), offset=first * size)
            sound = checksums(block) == block["crc32"]
            result[first : first + len(block)][sound] = block["row"][sound]
        return result

    @contextmanager
    def writer(self, process: int) -> Iterator["Writer"]:
        """Give what appends the rows of one process; nothing is lost when the block ends early."""
        writer = Writer(self.folder / f"process-{process}.records", self._record)
        try:
            yield writer
        finally:
            writer.close()

    def note_unreadable(self, process: int, reasons: Mapping[int, str]) -> None:
        """Write down why rows could not be read, for the process that asks `unreadable`."""
        if not reasons:
            return
        with atomic_write(self.folder / f"unreadable-{process}.json") as partial:
            partial.write_text(json.dumps(list(reasons.items())), "utf-8")

    def unreadable(self) -> dict[int, str]:
        """Return the error_text for each row that could not be read, by row, from all processes."""
        noted = [
            (int(row), str(why))
            for path in self.folder.glob("unreadable-*.json")
            for row, why in json.loads(path.read_text("utf-8"))
        ]
        return dict(sorted(noted))

    def empty(self) -> bool:
        """Return whether no process has written a record."""
        return not any(path.stat().st_size for path in self._files())

    def gathered(self) -> "Gathered":
        """Return the records of all processes, once they have all written theirs."""
        return Gathered(self._files(), self._record, self._rows)

    def drop_records(self) -> None:
        """Remove all but `spool.json`, which then says what was finished."""
        for path in [*self._files(), *self.folder.glob("unreadable-*.json")]:
            path.unlink()

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("process-*.records"))


class Writer:
    """Appends batches in a thread of its own, while the next ones are computed."""

    def __init__(self, path: Path, record: np.dtype[Any]) -> None:
        self._path, self._record = path, record
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        self._end = self._synced = path.stat().st_size
        self._thread = ThreadPoolExecutor(1, "spool")
        self._pending: deque[Future[None]] = deque()

    def put(self, fields: Callable[[], Fields]) -> None:
        """Hand over a batch: `fields` gives its arrays when the thread comes to it.

        Waits while several are waiting already. Raises InputError where an earlier one could not
        be written, or was not finite.
        """
        while len(self._pending) >= WAITING:
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._write, fields))

    def finish(self) -> None:
        """Wait until all is on the disk; raises as `put` does."""
        while self._pending:
            self._pending.popleft().result()
        self._sync()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()
        os.close(self._file)

    def _write(self, fields: Callable[[], Fields]) -> None:
        values = fields()
        records = np.zeros(len(values["row"]), dtype=self._record)
        for name, array in values.items():
            records[name] = array
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise InputError(
                    f"The model's {name.replace('_', ' ')} is not finite; the training diverged: "
                    "train with a smaller learning rate."
                )
        records["crc32"] = checksums(records)
        left = memoryview(records.tobytes())
        end = self._end
        try:
            while left:
                written = os.pwrite(self._file, left, end)
                left, end = left[written:], end + written
        except OSError as error:
            raise self._refused(error) from error
        # Only now: what comes after a failure must not follow half a record.
        self._end = end
        if end - self._synced >= BYTES_TO_SYNC:
            self._sync()

    def _sync(self) -> None:
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._refused(error) from error
        self._synced = self._end

    def _refused(self, error: OSError) -> InputError:
        return InputError(f"{self._path}: {error_text(error)}; make room and {GO_ON}.")


class Gathered:
    """The records of all processes, by row."""

    def __init__(self, files: Sequence[Path], record: np.dtype[Any], rows: int) -> None:
        self._record = record
        self._files = [np.memmap(path, record, "r") for path in files if path.stat().st_size]
        self._file = np.full(rows, -1, dtype=np.int32)
        self._place = np.zeros(rows, dtype=np.int64)
        for number, records in enumerate(self._files):
            row = np.array(records["row"])
            (place,) = np.nonzero(row < rows)
            self._file[row[place]], self._place[row[place]] = number, place

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the fields."""
        return self._record.names or ()

    @property
    def row(self) -> NDArray[np.int64]:
        """Return the rows that there are, rising."""
        return np.flatnonzero(self._file >= 0)

    def field(self, name: str, row: NDArray[np.int64]) -> "Field":
        """Return one field of some rows, which are read when it is indexed."""
        kind = self._record[name]
        return Field(lambda wanted: self._read(name, wanted), row, kind.shape, kind.base)

    def _read(self, name: str, row: NDArray[np.int64]) -> NDArray[Any]:
        result = np.empty((len(row), *self._record[name].shape), self._record[name].base)
        for number, records in enumerate(self._files):
            here = self._file[row] == number
            result[here] = records[name][self._place[row[here]]]
        return result


class Field:
    """Rows that are made when they are asked for."""

    def __init__(
        self,
        read: Callable[[NDArray[np.int64]], NDArray[Any]],
        row: NDArray[np.int64],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        """Take what reads rows, the rows that this one counts from 0, and shape and kind of one."""
        self._read, self._row = read, row
        self.shape = (len(row), *shape)
        self.dtype = dtype

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._row)

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Return some rows: a number, a slice or an array of numbers."""
        wanted = self._row[rows]
        result = self._read(np.atleast_1d(wanted))
        return result if wanted.ndim else result[0]


def folder_of(out: Path) -> Path:
    """Return the folder of the spool of a file.

    Not `.*.partial`: of that name the trainer sweeps files out of its run folders.
    """
    return out.with_name(f".{out.name}.spool")


def remove(folder: Path) -> None:
    """Remove a spool, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)


def record_of(fields: Mapping[str, tuple[int, ...]]) -> np.dtype[Any]:
    """Return the type of a record: its row, hashes, float32 fields of these shapes, checksum."""
    numbers = [(name, "<f4", shape) for name, shape in fields.items()]
    return np.dtype([("row", "<u4"), ("sha256", "u1", (4, 32)), *numbers, ("crc32", "<u4")])


def checksums(records: NDArray[Any]) -> NDArray[np.uint32]:
    """Return the CRC-32 of each record (K,), over all that comes before its own."""
    covered = records.view(np.uint8).reshape(len(records), -1)[:, :-4]
    return np.array([zlib.crc32(line) for line in covered], dtype=np.uint32)
