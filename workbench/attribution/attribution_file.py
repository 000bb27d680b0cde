"""Attribution files: maps of many locations (docs/reference/attribution-file.md)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from common.errors import InputError
from common.files import atomic_write
from common.names import canonical_names
from common.text import printable
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import (
    Fingerprint,
    from_arrays,
    request_from_json,
    to_arrays,
)
from workbench.store import hdf5
from workbench.store.column import decode_text
from workbench.store.hdf5 import check_free_space, create_hdf5, is_external
from workbench.store.schema import Entry

FORMAT = "resnetbolt-attributions"
VERSION = 3
AGAIN = "write it again with `resnetbolt attribute`"

ENTRIES = (
    Entry("/location/id", ("N",), "string"),
    Entry("/question", ("N",), "string"),
    Entry("/map", ("N", 4, "H", "W"), "float32", "of the output"),
    Entry("/output", ("N",), "float64", "nat, or none"),
    Entry("/baseline_output", ("N",), "float64", "of the output"),
    Entry("/probability", ("N",), "float64"),
    Entry("/converged", ("N",), "int8"),
    Entry("/reason", ("N",), "string"),
    Entry("/map_error", ("N",), "float64"),
    Entry("/completeness_error", ("N",), "float64", "of the output"),
    Entry("/view_share", ("N", 4), "float64"),
    Entry("/cost/gradients", ("N",), "int64"),
    Entry("/cost/forwards", ("N",), "int64"),
    Entry("/cost/seconds", ("N",), "float64", "second"),
    Entry("/evidence/fraction", ("N", "P"), "float64", needed=False),
    Entry("/evidence/order", ("O",), "string", needed=False),
    Entry("/evidence/deletion", ("N", "O", "P"), "float64", needed=False),
    Entry("/evidence/insertion", ("N", "O", "P"), "float64", needed=False),
    Entry("/evidence/inpainted_deletion", ("N", "O", "P"), "float64", needed=False),
    Entry("/evidence/inpainted_insertion", ("N", "O", "P"), "float64", needed=False),
    Entry("/evidence/baseline", ("B",), "string", needed=False),
    Entry("/evidence/agreement", ("N", "B"), "float64", needed=False),
    Entry("/evidence/stability", ("N", "K"), "float64", needed=False),
    Entry("/evidence/layer", ("L",), "string", needed=False),
    Entry("/evidence/randomised", ("N", "L"), "float64", needed=False),
    Entry("/evidence/prior", ("N",), "float64", needed=False),
    Entry("/evidence/view_effect", ("N", 4), "float64", needed=False),
    Entry("/evidence/turn_effect", ("N", 3), "float64", needed=False),
    Entry("/evidence/cost/gradients", ("N",), "int64", needed=False),
    Entry("/evidence/cost/forwards", ("N",), "int64", needed=False),
    Entry("/evidence/cost/seconds", ("N",), "float64", "second", needed=False),
    Entry("/failure/id", ("F",), "string"),
    Entry("/failure/reason", ("F",), "string"),
)
"""The datasets; either all or none of those that are not needed are present.

Before version 3, the inpainted curves are absent.
"""
MAP, CHECKS, INPAINTED = "/map", "/evidence/fraction", "/evidence/inpainted_"
ATTRIBUTES = ("checkpoint_sha256", "data_sha256", "asked", "provenance")
KIND = hdf5.FileFormat(FORMAT, VERSION, "file of attributions", AGAIN)


class AttributionFile:
    """An open attribution file; attributions are read one at a time.

    `location_ids` are the N ids, `failures` the ids without an attribution and the reasons,
    `options` those of the command, `provenance` is the store's. The file is kept open, so that its
    rows stay the same when another file takes its name.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        """Take an open file that meets the specification."""
        self.path = path
        self._file = file
        self.fingerprint = Fingerprint(
            str(file.attrs["checkpoint_sha256"]), str(file.attrs["data_sha256"])
        )
        self.options: Mapping[str, Any] = json.loads(file.attrs["asked"])
        self.provenance: Mapping[str, Any] = json.loads(file.attrs["provenance"])
        self.location_ids = canonical_names(self.dataset("/location/id").tolist())
        self._rows = {name: row for row, name in enumerate(self.location_ids)}
        reasons = self.dataset("/failure/reason").tolist()
        failed = canonical_names(self.dataset("/failure/id").tolist())
        self.failures = tuple(zip(failed, reasons, strict=True))

    def __len__(self) -> int:
        """Return N, the number of attributions."""
        return len(self.location_ids)

    def __iter__(self) -> Iterator[Attribution]:
        """Read the attributions one after the other."""
        return map(self.at, self.location_ids)

    @property
    def checked(self) -> bool:
        """Whether the attributions have checks."""
        return CHECKS in self._file

    def dataset(self, name: str) -> NDArray[Any]:
        """Return a whole dataset; raises InputError if it is damaged."""
        with hdf5.hdf5_errors(self.path, KIND):
            return _values(self._file[name], slice(None))

    def at(self, location_id: str) -> Attribution:
        """Return the attribution of a location.

        Raises KeyError for a location that is not in the file, InputError for a damaged file.
        """
        row = self._rows[location_id]
        with hdf5.hdf5_errors(self.path, KIND):
            attribution = from_arrays(
                {
                    entry.name: _values(
                        self._file[entry.name], row if entry.axes[0] == "N" else slice(None)
                    )
                    for entry in _attribution_entries(self._file)
                }
            )
        request = attribution.request.match_names((), ())
        return replace(attribution, location_id=location_id, request=request)

    def get(self, location_id: str, request: AttributionRequest) -> Attribution | None:
        """Return the attribution for exactly this resolved request, None where there is none.

        Raises as `at` does.
        """
        if location_id not in self._rows:
            return None
        with hdf5.hdf5_errors(self.path, KIND):
            stored = _values(self._file["/question"], self._rows[location_id])
            stored_request = request_from_json(str(stored))
        if request not in (stored_request, stored_request.match_names((), ())):
            return None
        return replace(self.at(location_id), request=request)


def read(path: Path) -> AttributionFile:
    """Open an attribution file; raises InputError if it is missing, damaged or another file."""
    file = hdf5.open_hdf5(path, KIND)
    with hdf5.hdf5_errors(path, KIND):
        for phrase in _deviations(file):
            raise InputError(f"{path}: {phrase}; {AGAIN}.")
        return AttributionFile(path, file)


def write(
    path: Path,
    attributions: Iterable[Attribution],
    count: int,
    fingerprint: Fingerprint,
    options: Mapping[str, Any],
    provenance: Mapping[str, Any],
    failures: Sequence[tuple[str, str]] = (),
) -> None:
    """Write `count` attributions atomically, with only one map in memory at a time.

    All maps must have one size, and all attributions checks or none. `options` are those of the
    command, `provenance` is that of the store, `failures` are ids without an attribution and the
    reasons. Raises InputError for a disk error and for attributions that do not fit together.
    """
    rows: dict[str, list[NDArray[Any]]] = {"/failure/id": [], "/failure/reason": []}
    with atomic_write(path) as partial, create_hdf5(partial) as file:
        progress = tqdm(attributions, printable(f"Writing {path.name}"), count, delay=2)
        for row, attribution in enumerate(progress):
            arrays = to_arrays(attribution)
            if not row:
                check_free_space(path, count * sum(value.nbytes for value in arrays.values()))
            for name, value in arrays.items():
                if name == MAP:
                    # Contiguous and uncompressed: maps are noise, which does not compress.
                    shape = (count, *value.shape)
                    file.require_dataset(name, shape, value.dtype, exact=True)[row] = value
                else:
                    rows.setdefault(name, []).append(value)
        for location_id, reason in failures:
            rows["/failure/id"].append(np.array(location_id))
            rows["/failure/reason"].append(np.array(reason))
        for entry in ENTRIES:
            if entry.name in rows:
                _write_dataset(file, entry, rows[entry.name])
        file.attrs["format"] = FORMAT
        file.attrs["version"] = VERSION
        file.attrs["checkpoint_sha256"] = fingerprint.checkpoint_sha256
        file.attrs["data_sha256"] = fingerprint.data_sha256
        file.attrs["asked"] = json.dumps(dict(options), sort_keys=True)
        file.attrs["provenance"] = json.dumps(dict(provenance), sort_keys=True)
        for phrase in _deviations(file):
            raise InputError(f"{path}: {phrase}; nothing was written.")


def _write_dataset(file: h5py.File, entry: Entry, rows: Sequence[NDArray[Any]]) -> None:
    """Write the rows of all attributions, or names that are the same for all of them."""
    if entry.axes[0] in ("N", "F"):
        values = np.stack(rows) if rows else np.empty(0, np.str_)
    else:
        values = rows[0]
        if not all(np.array_equal(values, other) for other in rows):
            raise InputError(f"{entry.name} differs between attributions; write two files.")
    if entry.dtype != "string":
        file[entry.name] = values.astype(entry.dtype)
        return
    encoded = np.char.encode(values, "utf-8")
    kind = h5py.string_dtype("utf-8", max(1, encoded.dtype.itemsize))
    file.create_dataset(entry.name, data=encoded.astype(kind), compression="gzip")


def _attribution_entries(file: h5py.File) -> list[Entry]:
    """Return the datasets of a file's attributions, with or without checks."""
    checked, inpainted = CHECKS in file, f"{INPAINTED}deletion" in file
    return [
        entry
        for entry in ENTRIES
        if entry.axes[0] != "F"
        and (entry.needed or (checked and (inpainted or not entry.name.startswith(INPAINTED))))
    ]


def _deviations(file: h5py.File) -> Iterator[str]:
    """Yield each deviation of a file from the specification."""
    axes: dict[str | int, int] = {}
    for entry in [*_attribution_entries(file), *(e for e in ENTRIES if e.axes[0] == "F")]:
        if is_external(file, entry.name):
            yield f"{entry.name} is a link or in another file, which is not followed"
            return
        dataset = file.get(entry.name)
        if not isinstance(dataset, h5py.Dataset):
            yield f"{entry.name} is missing"
            return
        is_text = h5py.check_string_dtype(dataset.dtype) is not None
        kind = "string" if is_text else str(dataset.dtype)
        lengths = zip(entry.axes, dataset.shape, strict=False)
        expected = tuple(
            axis if isinstance(axis, int) else axes.setdefault(axis, length)
            for axis, length in lengths
        )
        if kind != entry.dtype or dataset.ndim != len(entry.axes) or dataset.shape != expected:
            shape = ", ".join(map(str, entry.axes))
            yield f"{entry.name} is {dataset.shape} of {kind}, not ({shape}) of {entry.dtype}"
    names = file["/location/id"][:].tolist()
    if len(set(names)) != len(names):
        yield "/location/id is not unique"
    if not all(isinstance(file.attrs.get(name), str) for name in ATTRIBUTES):
        yield f"/ lacks one of the attributes {', '.join(ATTRIBUTES)}"


def _values(dataset: h5py.Dataset, rows: int | slice) -> NDArray[Any]:
    values = dataset[rows]
    return (
        decode_text(values)
        if h5py.check_string_dtype(dataset.dtype) is not None
        else np.asarray(values)
    )
