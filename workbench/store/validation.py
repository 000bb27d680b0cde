"""What is wrong with a store, held against the specification, a sentence for each deviation."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from embeddings.results import ProjectionQuality
from workbench.store.contents import HEADINGS, SPLITS
from workbench.store.hdf5 import is_external
from workbench.store.schema import ATTRIBUTES, ENTRIES, FILE_KEYS, MAP_NAME, RANGES, SINCE_2, Entry

Axes = dict[str, int]


UNREAD = ("/feature", "/view/feature", "/view/logit")
"""Datasets of gigabytes, whose numbers `deviations` leaves to `unfinite`."""
MAY_BE_UNKNOWN = ("/location/latitude", "/location/longitude")
ROWS_AT_ONCE = 4096


def unfinite(file: h5py.File) -> Iterator[str]:
    """Yield which of the large datasets hold values that are not finite, a phrase each."""
    for name in UNREAD:
        rows = file[name] if name in file else np.empty((0, 1))
        bar = tqdm(range(0, len(rows), ROWS_AT_ONCE), f"Reading {name}", unit="block", delay=2)
        if not all(np.isfinite(rows[first : first + ROWS_AT_ONCE]).all() for first in bar):
            yield f"{name} holds values that are not finite"


def deviations(file: h5py.File) -> Iterator[str]:
    """Yield what keeps a file from being a store, a phrase each that begins with a dataset's name.

    Everything is read but what views and locations have for features, and photographs' names and
    hashes: these may be gigabytes, and what is not finite among them is refused when it is written.
    """
    axes: Axes = {}
    sound = True
    for name in ("projection", *(f"projection/{made}" for made in map_names(file))):
        if is_external(file, name):
            yield f"/{name} is a link, which is not followed"
            return
    for entry in _entries(file):
        for phrase in _of_dataset(file, entry, axes):
            sound = False
            yield phrase
    for phrase in _of_attributes(file):
        sound = False
        yield phrase
    if sound:
        yield from _of_values(file)


def strangers(file: h5py.File) -> Iterator[str]:
    """Yield what lies in a file and not in the specification; it hinders nobody."""
    known = {entry.name for entry in _entries(file)}
    found: list[str] = []

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and f"/{name}" not in known:
            found.append(f"/{name} is not in the specification")

    file.visititems(visit)
    yield from found


def map_names(file: h5py.File) -> list[str]:
    """Return the names of the maps in a store, whatever else is wrong with them."""
    if is_external(file, "projection") or "projection" not in file:
        return []
    group = file["projection"]
    return sorted(group) if isinstance(group, h5py.Group) else []


def _entries(file: h5py.File) -> list[Entry]:
    """Return the entries that this file has to be held against: `<map>` becomes each map's name."""
    result = []
    for entry in ENTRIES:
        if "<map>" not in entry.name:
            whole = bool(entry.group) and entry.group in file
            result.append(replace(entry, needed=entry.needed or whole))
            continue
        for name in map_names(file):
            made = replace(entry, name=entry.name.replace("<map>", name))
            result.append(replace(made, needed=made.name.endswith("coordinate")))
    return result


def _of_dataset(file: h5py.File, entry: Entry, axes: Axes) -> Iterator[str]:
    if is_external(file, entry.name):
        yield f"{entry.name} is a link or lies in another file, which is not followed"
        return
    if entry.name not in file:
        if entry.needed:
            yield f"{entry.name} is missing"
        return
    dataset = file[entry.name]
    if not isinstance(dataset, h5py.Dataset):
        yield f"{entry.name} is a group and should be a dataset"
        return
    wanted = "(" + ", ".join(map(str, entry.axes)) + ")"
    kind = _kind(dataset)
    if dataset.ndim != len(entry.axes) or kind != entry.dtype:
        yield f"{entry.name} is {dataset.shape} of {kind} and should be {wanted} of {entry.dtype}"
        return
    for axis, length in zip(entry.axes, dataset.shape, strict=True):
        due = axis if isinstance(axis, int) else axes.setdefault(axis, length)
        if length != due:
            where = f", where {axis} is {due}" if isinstance(axis, str) else ""
            yield f"{entry.name} is {dataset.shape} and should be {wanted}{where}"
            return


def _kind(dataset: h5py.Dataset) -> str:
    return "string" if h5py.check_string_dtype(dataset.dtype) is not None else str(dataset.dtype)


def _of_attributes(file: h5py.File) -> Iterator[str]:
    for place, attributes in ATTRIBUTES.items():
        if "<map>" in place:
            groups = [place.replace("<map>", name) for name in map_names(file)]
        else:
            groups = [place] if place in file else []
        for group in groups:
            for name, kind in attributes.items():
                if name in SINCE_2 and int(file.attrs["version"]) < 2:
                    continue
                if not _is(file[group].attrs.get(name), kind):
                    yield f"{group} has no attribute {name} that is {_ARTICLE[kind]}"
    for name in map_names(file):
        if not MAP_NAME.fullmatch(name):
            yield f"/projection/{name!r} is no name for a map"
        elif not _is_quality(file, name):
            yield f"/projection/{name} has an attribute quality without the figures that are due"


_ARTICLE = {
    "JSON": "a JSON object",
    "string": "a string",
    "integer": "an integer",
    "boolean": "true or false",
}


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "JSON":
            return _object(value) is not None
        case "integer":
            return isinstance(value, (int, np.integer))
        case "boolean":
            return isinstance(value, (bool, np.bool_))
        case _:
            return isinstance(value, str)


def _object(value: Any) -> Mapping[str, Any] | None:
    """Return the JSON object that an attribute is the text of, None for anything else."""
    try:
        result = json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return None
    return result if isinstance(result, Mapping) else None


def _is_quality(file: h5py.File, name: str) -> bool:
    """Return whether a map has the figures of `ProjectionQuality`, or none."""
    value = file[f"/projection/{name}"].attrs.get("quality")
    if value is None:
        return True
    names = {field.name for field in dataclasses.fields(ProjectionQuality)} - {"preservation"}
    due = {FILE_KEYS.get(name, name) for name in names}
    figures = _object(value) or {}
    numbers = all(
        isinstance(figure, (int, float)) or (key == "stability" and figure is None)
        for key, figure in figures.items()
    )
    return figures.keys() == due and numbers and f"/projection/{name}/preservation" in file


def _of_values(file: h5py.File) -> Iterator[str]:
    rows, classes = file["/prediction/logit"].shape
    for name in ("/location/id", "/class/name"):
        values = file[name][:]
        if len(np.unique(values)) != len(values):
            yield f"{name} is not unique"
    if rows:
        yield from _in_range(file, "/location/label", classes)
        if "/location/split" in file:
            yield from _in_range(file, "/location/split", len(SPLITS))
        if "/neighbour/index" in file:
            yield from _in_range(file, "/neighbour/index", rows)
    if list(_words(file["/location/image"].attrs.get("heading", ()))) != list(HEADINGS):
        yield "/location/image has no attribute heading of N, E, S, W"
    for entry in _entries(file):
        number = entry.dtype in ("float32", "float64")
        if number and entry.name in file and entry.name not in UNREAD:
            yield from _of_numbers(entry.name, file[entry.name][:])


def _of_numbers(name: str, values: NDArray[np.floating[Any]]) -> Iterator[str]:
    known = values[~np.isnan(values)] if name in MAY_BE_UNKNOWN else values
    if not np.isfinite(known).all():
        yield f"{name} holds values that are not finite"
        return
    low, high = RANGES.get(re.sub("/projection/[^/]+", "/projection/<map>", name), (None, None))
    if low is not None and known.size and not low <= known.min() <= known.max() <= high:
        yield f"{name} should lie in [{low:g}, {high:g}]"


def _in_range(file: h5py.File, name: str, end: int) -> Iterator[str]:
    values = file[name][:]
    if values.size and not 0 <= values.min() <= values.max() < end:
        yield f"{name} should lie in [0, {end})"


def _words(values: Any) -> list[str]:
    if isinstance(values, (str, bytes)):
        values = [values]
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]
