"""Crash-safe append buffer: results of a long job, one file per process, until the output is whole.

The buffer is a hidden directory beside the output file. `state.json` says which request the results
belong to. Each process appends records to its own file; a record has a key, a kind, a payload and
checksums of both, so that after a kill at any moment the whole records count and the rest is cut
off. One process calls `recover` before any of them writes.
"""

import json
import mmap
import os
import re
import shutil
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from common.earlier_result import differences
from common.errors import InputError
from common.files import atomic_write_text
from common.system_errors import explain
from common.text import printable

FORMAT = "resnetbolt-resume-buffer"
VERSION = 1
RESUME = "run the same command to resume"
OUTPUT = "output.h5"
"""Name of the output while it is written inside the directory."""

FAILURE = 0
"""Kind of a record whose payload says why its key has no result; `recover` drops it."""
_VOID = 2**32 - 1  # Kind of a record that no longer counts.
_HEADER = struct.Struct("<IIQI")  # Key, kind, length and CRC-32 of the payload,
_CHECKSUM = struct.Struct("<I")  # and the CRC-32 of these.
_NAMES = re.compile(
    r"state\.json|process-\d+\.records|output\.h5"
    r"|\.state\.partial-\d+\.json|\.output\.partial-\d+\.h5|\.output\.h5\.lock"
)
_BYTES_TO_SYNC = 2**26  # Syncing everything at the end would take long.
_QUEUE = 3  # Payloads that may wait for the disk.


class _Record(NamedTuple):
    offset: int
    key: int
    kind: int
    length: int
    crc: int

    @property
    def start(self) -> int:
        """Where the payload starts."""
        return self.offset + _HEADER.size + _CHECKSUM.size

    @property
    def end(self) -> int:
        return self.start + self.length


class ResumeBuffer:
    """The results of `request` on their way into the file `out`, by integer key and kind.

    `request` is JSON: all that the results depend on. Its keys are words that the error message
    for a buffer of another request uses.
    """

    def __init__(self, out: Path, request: Mapping[str, Any]) -> None:
        self.directory = resume_directory(out)
        self._request = json.loads(json.dumps(request))

    def load(self, *, overwrite: bool) -> dict[str, Any] | None:
        """Return what an earlier start passed to `begin`, None if there is nothing to resume.

        Raises InputError for a buffer that is damaged or of another request, unless `overwrite`.
        """
        path = self.directory / "state.json"
        self._check_files()
        if not path.exists():
            return None
        try:
            document = json.loads(path.read_text("utf-8"))
            if (document["format"], document["version"]) != (FORMAT, VERSION):
                raise ValueError("another format")
            request, decisions = dict(document["request"]), dict(document["decisions"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            if overwrite:
                return None
            if isinstance(error, OSError):
                raise InputError(f"{path}: {explain(error)}.") from error
            raise InputError(
                f"{path}: cannot be resumed; remove the directory or pass --overwrite."
            ) from error
        if request == self._request:
            return decisions
        if overwrite:
            return None
        raise InputError(
            f"{self.directory}: belongs to another request (different "
            f"{', '.join(differences(request, self._request))}); finish that one, choose another "
            "file, or pass --overwrite."
        )

    def begin(self, decisions: Mapping[str, Any]) -> None:
        """Start an empty buffer; `decisions` is JSON that `load` returns to a later start."""
        self._check_files()
        self.remove()
        self.directory.mkdir()
        document = {"format": FORMAT, "version": VERSION, "request": self._request}
        text = json.dumps(document | {"decisions": dict(decisions)}, indent=1)
        atomic_write_text(self.directory / "state.json", text + "\n")

    def recover(self) -> set[tuple[int, int]]:
        """Remove what a kill left incomplete and return the keys and kinds of the results.

        Keys with a failure lose all their records, so that they are computed again.
        """
        self._check_files()
        for path in [*self.directory.glob(".*"), self.directory / OUTPUT]:
            path.unlink(missing_ok=True)
        records = {path: self._recover_file(path) for path in self._files()}
        failed_keys = {
            record.key for found in records.values() for record in found if record.kind == FAILURE
        }
        for path, found in records.items():
            _void(path, [record for record in found if record.key in failed_keys])
        return {
            (record.key, record.kind)
            for found in records.values()
            for record in found
            if record.key not in failed_keys
        }

    @contextmanager
    def writer(self, process: int) -> Iterator["Writer"]:
        """Yield the writer of one process; when the block ends early, whole records stay."""
        writer = Writer(self.directory / f"process-{process}.records")
        try:
            yield writer
        finally:
            writer.close()

    def results(self) -> "Results":
        """Return the records of all processes, once no process writes any more."""
        return Results(self._files())

    def remove_finished(self) -> None:
        """Remove what a start of this request left that was killed at its end."""
        with suppress(InputError):  # Of another request.
            if self.load(overwrite=False) is not None:
                self.remove()

    def remove(self) -> None:
        """Remove the buffer if it exists."""
        if self.directory.exists():
            shutil.rmtree(self.directory)

    def _files(self) -> list[Path]:
        return sorted(self.directory.glob("process-*.records"))

    def _check_files(self) -> None:
        """Raise InputError for files that are not a buffer's: they may be the user's, or links."""
        if self.directory.is_symlink() or (self.directory.exists() and not self.directory.is_dir()):
            raise InputError(f"{self.directory}: is not a directory of this command; move it away.")
        for path in self.directory.iterdir() if self.directory.exists() else ():
            if path.is_symlink() or not path.is_file() or not _NAMES.fullmatch(path.name):
                raise InputError(f"{path}: was not written by this command; move it away.")

    def _recover_file(self, path: Path) -> list[_Record]:
        """Cut off an incomplete record at the end, void damaged ones, return the others."""
        intact_records: list[_Record] = []
        damaged_records: list[_Record] = []
        end = 0
        size = path.stat().st_size
        with (
            path.open("rb") as file,
            tqdm(
                total=size, desc=printable(f"Checking {path}"), unit="B", unit_scale=True, delay=2
            ) as bar,
        ):
            for record in _scan(path):
                file.seek(record.start)
                intact = zlib.crc32(file.read(record.length)) == record.crc
                (intact_records if intact else damaged_records).append(record)
                bar.update(record.end - end)
                end = record.end
        os.truncate(path, end)
        _void(path, damaged_records)
        return [record for record in intact_records if record.kind != _VOID]


class Writer:
    """Appends records in a background thread, while the next ones are computed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        self._end = self._synced = path.stat().st_size
        self._thread = ThreadPoolExecutor(1, "resume-buffer")
        self._pending: deque[Future[None]] = deque()

    def put(self, key: int, kind: int, payload: Callable[[], bytes]) -> None:
        """Queue a record; the thread calls `payload`. Waits while the queue is full.

        Raises InputError if an earlier record could not be written, and what its `payload` raised.
        """
        while len(self._pending) >= _QUEUE:
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._write, key, kind, payload))

    def put_failure(self, key: int, reason: str) -> None:
        """Queue the reason why a key has no result, or not a whole one; raises as `put` does."""
        self.put(key, FAILURE, reason.encode)

    def finish(self) -> None:
        """Wait until everything is on the disk; raises as `put` does."""
        while self._pending:
            self._pending.popleft().result()
        self._sync()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()
        os.close(self._file)

    def _write(self, key: int, kind: int, payload: Callable[[], bytes]) -> None:
        content = payload()
        header = _HEADER.pack(key, kind, len(content), zlib.crc32(content))
        remaining = memoryview(header + _CHECKSUM.pack(zlib.crc32(header)) + content)
        end = self._end
        try:
            while remaining:
                written = os.pwrite(self._file, remaining, end)
                remaining, end = remaining[written:], end + written
        except OSError as error:
            raise self._disk_error(error) from error
        # Only now: after a failure the next record must overwrite the incomplete one.
        self._end = end
        if end - self._synced >= _BYTES_TO_SYNC:
            self._sync()

    def _sync(self) -> None:
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._disk_error(error) from error
        self._synced = self._end

    def _disk_error(self, error: OSError) -> InputError:
        return InputError(f"{self._path}: {explain(error, f'and {RESUME}')}.")


class Results:
    """The records of all processes; payloads are read from the files when they are needed."""

    def __init__(self, files: list[Path]) -> None:
        self._places: dict[tuple[int, int], memoryview] = {}
        for path in files:
            if not path.stat().st_size:
                continue
            with path.open("rb") as file:
                view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            for record in _scan(path):
                self._places[record.key, record.kind] = view[record.start : record.end]

    def keys(self, kind: int) -> list[int]:
        """Return the keys that have a result of a kind, sorted."""
        return sorted(key for key, record_kind in self._places if record_kind == kind)

    def payload(self, key: int, kind: int) -> memoryview:
        """Return a payload; raises KeyError."""
        return self._places[key, kind]

    def failures(self) -> dict[int, str]:
        """Return the reasons why keys have no result, sorted by key."""
        return {key: str(self.payload(key, FAILURE), "utf-8") for key in self.keys(FAILURE)}


def resume_directory(out: Path) -> Path:
    """Return the directory of the buffer for a file.

    Not `.*.partial-*`: files of that name are removed from run directories.
    """
    return out.with_name(f".{out.name}.resume")


def _scan(path: Path) -> Iterator[_Record]:
    """Yield the records of a file up to the first whose header is damaged or that is cut off."""
    size, offset = path.stat().st_size, 0
    with path.open("rb") as file:
        while offset + _HEADER.size + _CHECKSUM.size <= size:
            file.seek(offset)
            header, checksum = file.read(_HEADER.size), file.read(_CHECKSUM.size)
            record = _Record(offset, *_HEADER.unpack(header))
            if _CHECKSUM.unpack(checksum)[0] != zlib.crc32(header) or record.end > size:
                return
            yield record
            offset = record.end


def _void(path: Path, records: list[_Record]) -> None:
    """Mark records as no longer counting; a kill in between leaves a damaged header."""
    with path.open("r+b") as file:
        for record in records:
            header = _HEADER.pack(record.key, _VOID, record.length, record.crc)
            file.seek(record.offset)
            file.write(header + _CHECKSUM.pack(zlib.crc32(header)))
