"""A file of answers about many locations of one store; `docs/attributions.md` specifies it."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from common.errors import InputError
from common.files import atomic_write
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.attribution.serialization import Fingerprint, from_arrays, request_to_json, to_arrays
from workbench.store import hdf5
from workbench.store.column import text
from workbench.store.hdf5 import create_hdf5, is_external
from workbench.store.schema import Entry
from workbench.store.tree import size

FORMAT = "resnetbolt-attributions"
VERSION = 1
AGAIN = "make it again with `python -m workbench.attribution`"

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
"""The datasets; those that are not needed come together."""
MAP = "/map"
ATTRIBUTES = ("checkpoint_sha256", "data_sha256", "asked", "provenance")
KIND = hdf5.FileFormat(FORMAT, VERSION, "file of explanations", AGAIN)


class AttributionFile:
    """The answers in a file, which are read where somebody asks for one.

    `fingerprint` says what they are about, `asked` what the command was asked for, `provenance` is the
    store's, `location_id` has the N ids and `failures` the ids without an answer, with the reason.
    The file is kept open, so that the rows stay those of one file when another takes its name.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        """Take a file that meets the specification."""
        self.path = path
        self._file = file
        self.fingerprint = Fingerprint(
            str(file.attrs["checkpoint_sha256"]), str(file.attrs["data_sha256"])
        )
        self.asked: Mapping[str, Any] = json.loads(file.attrs["asked"])
        self.provenance: Mapping[str, Any] = json.loads(file.attrs["provenance"])
        self.location_id: tuple[str, ...] = tuple(self.column("/location/id").tolist())
        self._row = {name: row for row, name in enumerate(self.location_id)}
        reasons = self.column("/failure/reason").tolist()
        self.failures = tuple(zip(self.column("/failure/id").tolist(), reasons, strict=True))

    def __len__(self) -> int:
        """Return N, the number of answers."""
        return len(self.location_id)

    def __iter__(self) -> Iterator[Attribution]:
        """Read one answer after the other."""
        return map(self.at, self.location_id)

    def column(self, name: str) -> NDArray[Any]:
        """Return a whole dataset; raises InputError where it is damaged."""
        with hdf5.hdf5_errors(self.path, KIND):
            return _values(self._file[name], slice(None))

    def at(self, location_id: str) -> Attribution:
        """Return the answer about a location.

        Raises KeyError for one that is not in the file, InputError where it is damaged.
        """
        row = self._row[location_id]
        with hdf5.hdf5_errors(self.path, KIND):
            return from_arrays(
                {
                    entry.name: _values(
                        self._file[entry.name], row if entry.axes[0] == "N" else slice(None)
                    )
                    for entry in _there(self._file)
                }
            )

    def get(self, location_id: str, question: AttributionRequest) -> Attribution | None:
        """Return the answer to this very question, its classes by name; None where there is none.

        Raises as `at` does.
        """
        if location_id not in self._row:
            return None
        with hdf5.hdf5_errors(self.path, KIND):
            asked = _values(self._file["/question"], self._row[location_id])
        return self.at(location_id) if str(asked) == request_to_json(question) else None


def read(path: Path) -> AttributionFile:
    """Open a file of answers; raises InputError when it is missing, another one, or damaged."""
    file = hdf5.open_hdf5(path, KIND)
    with hdf5.hdf5_errors(path, KIND):
        for phrase in _deviations(file):
            raise InputError(f"{path}: {phrase}; {AGAIN}.")
        return AttributionFile(path, file)


def write(
    path: Path,
    made: Iterable[Attribution],
    count: int,
    fingerprint: Fingerprint,
    asked: Mapping[str, Any],
    provenance: Mapping[str, Any],
    failures: Sequence[tuple[str, str]] = (),
) -> None:
    """Write `count` answers, whole or not at all; only one of their maps is in memory at a time.

    All have maps of one size, and all have evidence or none has. `asked` says what was asked for,
    `provenance` is that of the store, `failures` has ids without an answer and the reasons. Raises
    InputError when the disk refuses or the answers do not fit together.
    """
    rows: dict[str, list[NDArray[Any]]] = {"/failure/id": [], "/failure/reason": []}
    with atomic_write(path) as partial, create_hdf5(partial) as file:
        for row, one in enumerate(tqdm(made, f"Writing {path.name}", count, delay=2)):
            arrays = to_arrays(one)
            if not row:
                _check_room(path, count * sum(value.nbytes for value in arrays.values()))
            for name, value in arrays.items():
                if name == MAP:
                    # In one piece and as it is: noise like this does not become smaller.
                    shape = (count, *value.shape)
                    file.require_dataset(name, shape, value.dtype, exact=True)[row] = value
                else:
                    rows.setdefault(name, []).append(value)
        for location_id, why in failures:
            rows["/failure/id"].append(np.array(location_id))
            rows["/failure/reason"].append(np.array(why))
        for entry in ENTRIES:
            if entry.name in rows:
                _put(file, entry, rows[entry.name])
        file.attrs["format"] = FORMAT
        file.attrs["version"] = VERSION
        file.attrs["checkpoint_sha256"] = fingerprint.checkpoint_sha256
        file.attrs["data_sha256"] = fingerprint.data_sha256
        file.attrs["asked"] = json.dumps(dict(asked), sort_keys=True)
        file.attrs["provenance"] = json.dumps(dict(provenance), sort_keys=True)
        for phrase in _deviations(file):
            raise InputError(f"{path}: {phrase}; nothing was written.")


def _check_room(path: Path, needed: int) -> None:
    """Refuse a disk that is too full, which HDF5 would leave in the middle of much to be said."""
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise InputError(
            f"{path}: needs {size(needed)}, and there are {size(free)} on this disk; make room and "
            "run the same command again."
        )


def _put(file: h5py.File, entry: Entry, rows: Sequence[NDArray[Any]]) -> None:
    """Write what each answer has of a dataset: its row, or names that are the same for all."""
    if entry.axes[0] in ("N", "F"):
        values = np.stack(rows) if rows else np.empty(0, np.str_)
    else:
        values = rows[0]
        if not all(np.array_equal(values, other) for other in rows):
            raise InputError(f"{entry.name} differs between answers; write those into two files.")
    if entry.dtype != "string":
        file[entry.name] = values.astype(entry.dtype)
        return
    encoded = np.char.encode(values, "utf-8")
    kind = h5py.string_dtype("utf-8", max(1, encoded.dtype.itemsize))
    file.create_dataset(entry.name, data=encoded.astype(kind), compression="gzip")


def _there(file: h5py.File) -> list[Entry]:
    """Return the datasets that make up the answers of a file."""
    examined = "/evidence/fraction" in file
    return [entry for entry in ENTRIES if entry.axes[0] != "F" and (entry.needed or examined)]


def _deviations(file: h5py.File) -> Iterator[str]:
    """Yield what keeps a file from meeting the specification, a phrase each."""
    axes: dict[str | int, int] = {}
    for entry in [*_there(file), *(entry for entry in ENTRIES if entry.axes[0] == "F")]:
        if is_external(file, entry.name):
            yield f"{entry.name} is a link or lies in another file, which is not followed"
            return
        dataset = file.get(entry.name)
        if not isinstance(dataset, h5py.Dataset):
            yield f"{entry.name} is missing"
            return
        is_text = h5py.check_string_dtype(dataset.dtype) is not None
        kind = "string" if is_text else str(dataset.dtype)
        lengths = zip(entry.axes, dataset.shape, strict=False)
        due = tuple(
            axis if isinstance(axis, int) else axes.setdefault(axis, length)
            for axis, length in lengths
        )
        if kind != entry.dtype or dataset.ndim != len(entry.axes) or dataset.shape != due:
            wanted = ", ".join(map(str, entry.axes))
            yield f"{entry.name} is {dataset.shape} of {kind}, not ({wanted}) of {entry.dtype}"
    names = file["/location/id"][:].tolist()
    if len(set(names)) != len(names):
        yield "/location/id is not unique"
    if not all(isinstance(file.attrs.get(name), str) for name in ATTRIBUTES):
        yield f"/ has not all of the attributes {', '.join(ATTRIBUTES)}"


def _values(dataset: h5py.Dataset, rows: int | slice) -> NDArray[Any]:
    values = dataset[rows]
    return (
        text(values) if h5py.check_string_dtype(dataset.dtype) is not None else np.asarray(values)
    )
