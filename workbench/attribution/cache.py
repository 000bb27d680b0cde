"""Answers kept on disk: a file each, whole or absent, for any number of processes."""

import hashlib
import io
import json
import os
import re
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import InputError
from common.files import atomic_write, error_text
from workbench.attribution.request import Attribution, AttributionRequest
from workbench.attribution.serialization import ALGORITHM, Origin, answer, question_text, record

PLAIN, EXAMINED = ".plain", ".examined"
"""Endings of an answer without its evidence and with it: the first never replaces the second."""
OWN = re.compile(r"[0-9a-f]{64}\.(plain|examined)")
PARTIAL = re.compile(r"\.[0-9a-f]{64}\.partial-\d+\.(plain|examined)")
"""Names of such files while `common.files.replacing` has them written."""
ABANDONED = 3600
"""Seconds after which nobody writes such a file any more."""
CHECKSUM = hashlib.sha256().digest_size
KEY = "key"
# What numpy raises for a file that another program wrote.
STRANGE = (
    KeyError,
    ValueError,
    TypeError,
    OSError,
    EOFError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


class Answers:
    """Answers about the locations of one store, in a folder that other stores may share.

    A file's name is the SHA-256 of all that an answer depends on: weights, photographs, location,
    question and version of the algorithm. The file is the SHA-256 of its rest, then an .npz of
    that key and of the arrays of `workbench.attribution.serialization`, without pickles.
    """

    def __init__(self, folder: Path, origin: Origin) -> None:
        """Take the folder; it is made when there is something to put into it."""
        self.folder = folder
        self._origin = origin

    def get(self, location_id: str, question: AttributionRequest) -> Attribution | None:
        """Return the answer, with its evidence where that is known, None where there is none.

        `question` has its classes by name. A file that is damaged, or another answer's, is removed.
        """
        for path in self._paths(location_id, question):
            with suppress(OSError):
                made = _unpacked(path.read_bytes(), self._key(location_id, question))
                if made is None:
                    path.unlink()
                    continue
                with suppress(OSError):  # A folder that can only be read.
                    os.utime(path)
                return made
        return None

    def holds(self, location_id: str, question: AttributionRequest, *, examined: bool) -> bool:
        """Return whether there is an answer, or one with its evidence, without looking inside."""
        known, plain = self._paths(location_id, question)
        return known.is_file() or (not examined and plain.is_file())

    def put(self, made: Attribution) -> int:
        """Keep an answer and return its bytes; raises InputError when the disk refuses."""
        examined, plain = self._paths(made.location_id, made.request)
        content = _packed(made, self._key(made.location_id, made.request))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(examined if made.evidence else plain) as partial:
                partial.write_bytes(content)
            if made.evidence:
                plain.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(
                f"{self.folder}: {error_text(error)}; make room or name another place."
            ) from error
        return len(content)

    def files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield the files of all answers here; those that a kill left half-written are removed."""
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # Another process may remove it just now.
                    status = entry.stat(follow_symlinks=False)
                    if OWN.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        yield Path(entry.path), status
                    elif (
                        PARTIAL.fullmatch(entry.name) and time.time() - status.st_mtime > ABANDONED
                    ):
                        Path(entry.path).unlink()

    def remove(self) -> None:
        """Remove all answers and, where it holds nothing else, the folder; nobody may use it."""
        for path in self.folder.iterdir():
            if OWN.fullmatch(path.name) or PARTIAL.fullmatch(path.name):
                path.unlink()
        with suppress(OSError):  # What somebody else has put there stays.
            self.folder.rmdir()

    def _paths(self, location_id: str, question: AttributionRequest) -> tuple[Path, Path]:
        """Return the file of an answer with its evidence, and of one without."""
        name = hashlib.sha256(self._key(location_id, question).encode()).hexdigest()
        return self.folder / f"{name}{EXAMINED}", self.folder / f"{name}{PLAIN}"

    def _key(self, location_id: str, question: AttributionRequest) -> str:
        return json.dumps(
            {
                "algorithm": ALGORITHM,
                **asdict(self._origin),
                "location": location_id,
                "question": question_text(question),
            },
            sort_keys=True,
        )


SLACK = 0.05
"""Part of a cache's limit that is written before all of it is looked at again."""


class Cache:
    """The most recently used answers, up to some `limit` bytes over the whole folder.

    A disk that is full or cannot be written to hinders nobody: what is not kept is computed again.
    The first refusal is said on stderr.
    """

    def __init__(self, folder: Path, origin: Origin, limit: int) -> None:
        """Take the folder, which several processes may use at once."""
        self._answers = Answers(folder, origin)
        self._limit = limit
        self._unseen = limit  # Bytes since all files were looked at; the first time at once.
        self._refused = False

    def get(self, location_id: str, question: AttributionRequest) -> Attribution | None:
        """Return an answer as `Answers.get` does."""
        return self._answers.get(location_id, question)

    def put(self, made: Attribution) -> None:
        """Keep an answer, and no longer those that were least recently used, for want of room."""
        if made.values.nbytes > self._limit:
            return
        try:
            self._unseen += self._answers.put(made)
            if self._unseen > self._limit * SLACK:
                self._make_room()
                self._unseen = 0
        except (InputError, OSError) as error:
            if not self._refused:
                self._refused = True
                print(f"Explanations are shown, but not all are kept. {error}", file=sys.stderr)

    def _make_room(self) -> None:
        found = sorted(self._answers.files(), key=lambda file: file[1].st_mtime_ns)
        size = sum(status.st_size for _, status in found)
        if size <= self._limit:
            return
        # Looking at all files takes a second where there are many: so much is removed that it need
        # not be done for every answer.
        for index, (path, status) in enumerate(found):
            newest = index == len(found) - 1
            if size <= self._limit * (1 if newest else 1 - SLACK):
                return
            path.unlink(missing_ok=True)
            size -= status.st_size


def _packed(made: Attribution, key: str) -> bytes:
    file = io.BytesIO()
    arrays: dict[str, Any] = {KEY: np.array(key), **record(made)}
    np.savez(file, **arrays)
    content = file.getvalue()
    return hashlib.sha256(content).digest() + content


def _unpacked(content: bytes, key: str) -> Attribution | None:
    """Return the answer in a file, None where it is damaged or has another key."""
    rest = memoryview(content)[CHECKSUM:]
    if hashlib.sha256(rest).digest() != content[:CHECKSUM]:
        return None
    try:
        with np.load(io.BytesIO(rest), allow_pickle=False) as file:
            arrays = dict(file.items())
        return answer(arrays) if str(arrays[KEY]) == key else None
    except STRANGE:
        return None
