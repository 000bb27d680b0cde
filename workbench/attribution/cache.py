"""Attributions on disk, one file each, for any number of processes."""

import hashlib
import json
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from common.errors import InputError
from common.files import atomic_write
from common.system_errors import explain
from common.text import print_text
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import (
    ALGORITHM,
    Fingerprint,
    from_arrays,
    pack,
    request_to_json,
    to_arrays,
    unpack,
)

UNCHECKED, CHECKED = ".unchecked", ".checked"
"""Suffixes without and with checks: a file without checks never replaces one with checks."""
FILE = re.compile(r"[0-9a-f]{64}\.(unchecked|checked|plain|examined)")
"""Names of files here; the last two suffixes are of older versions, which are only removed."""
CHECKSUM = hashlib.sha256().digest_size
KEY = "key"
# What numpy raises for a file of another program.
UNREADABLE = (
    KeyError,
    ValueError,
    TypeError,
    OSError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
SLACK = 0.05
"""Fraction of the limit that is written before the size of the folder is measured again."""


class AttributionCache:
    """The most recently used attributions of a store, in a folder that other stores may share.

    A file is named by the SHA-256 of everything that the attribution depends on: weights,
    photographs, location, request and version of the algorithm. It contains the SHA-256 of its
    rest, then an .npz file with that key and `serialization.to_arrays`, without pickles. All files
    together have at most `limit` bytes. A full or read-only disk is no error: what cannot be
    written is computed again, and the first failure is printed to stderr.
    """

    def __init__(self, folder: Path, fingerprint: Fingerprint, limit: int) -> None:
        """Take the folder, which is created with the first file."""
        self._folder, self._fingerprint, self._limit = folder, fingerprint, limit
        self._unmeasured = limit  # Bytes since the size was measured; the first time at once.
        self._failed = False

    def get(self, location_id: str, request: AttributionRequest) -> Attribution | None:
        """Return the attribution for a resolved request, with checks if possible, else None.

        A damaged file is removed.
        """
        for path in self._paths(location_id, request):
            with suppress(OSError, MemoryError):
                attribution = _unpack(path.read_bytes(), self._key(location_id, request))
                if attribution is None:
                    path.unlink()
                    continue
                with suppress(OSError):  # A read-only folder.
                    os.utime(path)
                return attribution
        return None

    def put(self, attribution: Attribution) -> None:
        """Write an attribution and remove the least recently used ones beyond the limit."""
        if attribution.values.nbytes > self._limit:
            return
        try:
            self._unmeasured += self._write(attribution)
            if self._unmeasured > self._limit * SLACK:
                self._evict()
                self._unmeasured = 0
        except (InputError, OSError) as error:
            if not self._failed:
                self._failed = True
                if isinstance(error, OSError):
                    error = InputError(f"{self._folder}: {explain(error)}.")
                print_text(f"Not all explanations are cached. {error}", file=sys.stderr)

    def _write(self, attribution: Attribution) -> int:
        """Write an attribution and return its size in bytes."""
        checked, unchecked = self._paths(attribution.location_id, attribution.request)
        key = self._key(attribution.location_id, attribution.request)
        arrays = pack({KEY: np.array(key), **to_arrays(attribution)})
        self._folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(checked if attribution.checks else unchecked) as partial:
            partial.write_bytes(hashlib.sha256(arrays).digest() + arrays)
        if attribution.checks:
            unchecked.unlink(missing_ok=True)
        return CHECKSUM + len(arrays)

    def _evict(self) -> None:
        files = sorted(self._files(), key=lambda file: file[1].st_mtime_ns)
        size = sum(status.st_size for _, status in files)
        if size <= self._limit:
            return
        # Measuring takes a second for many files, so more is removed than necessary.
        for index, (path, status) in enumerate(files):
            newest = index == len(files) - 1
            if size <= self._limit * (1 if newest else 1 - SLACK):
                return
            path.unlink(missing_ok=True)
            size -= status.st_size

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Yield all files."""
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # Another process may have removed it.
                    status = entry.stat(follow_symlinks=False)
                    if FILE.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        yield Path(entry.path), status

    def _paths(self, location_id: str, request: AttributionRequest) -> tuple[Path, Path]:
        """Return the file with checks and the one without."""
        name = hashlib.sha256(self._key(location_id, request).encode()).hexdigest()
        return self._folder / f"{name}{CHECKED}", self._folder / f"{name}{UNCHECKED}"

    def _key(self, location_id: str, request: AttributionRequest) -> str:
        return json.dumps(
            {
                "algorithm": ALGORITHM,
                **asdict(self._fingerprint),
                "location": location_id,
                "request": request_to_json(request),
            },
            sort_keys=True,
        )


def _unpack(content: bytes, key: str) -> Attribution | None:
    """Return the attribution in a file, None where it is damaged or has another key."""
    rest = memoryview(content)[CHECKSUM:]
    if hashlib.sha256(rest).digest() != content[:CHECKSUM]:
        return None
    try:
        arrays = unpack(rest)
        return from_arrays(arrays) if str(arrays[KEY]) == key else None
    except UNREADABLE:
        return None
