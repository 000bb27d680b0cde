"""Whether a file meets the specification of stores."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from common.json_text import parse_object
from embeddings.results import ProjectionQuality
from workbench.store.contents import HEADINGS, SPLITS
from workbench.store.hdf5 import is_external
from workbench.store.schema import (
    ATTRIBUTES,
    ENTRIES,
    FILE_KEYS,
    MAP_NAME,
    RANGES,
    SINCE_VERSION_2,
    Entry,
)

Axes = dict[str, int]


LARGE = ("/feature", "/view/feature", "/view/logit")
"""Datasets of gigabytes, which `deviations` does not read."""
MAY_BE_NAN = ("/location/latitude", "/location/longitude")
BATCH_ROWS = 4096


def nonfinite_datasets(file: h5py.File) -> Iterator[str]:
    """Yield a message for each large dataset with values that are not finite."""
    for name in LARGE:
        rows = file[name] if name in file else np.empty((0, 1))
        bar = tqdm(range(0, len(rows), BATCH_ROWS), f"Reading {name}", unit="block", delay=2)
        if not all(np.isfinite(rows[first : first + BATCH_ROWS]).all() for first in bar):
            yield f"{name} holds values that are not finite"


def deviations(file: h5py.File) -> Iterator[str]:
    """Yield the deviations of a file from the specification; each starts with a name in the file.

    Features, view logits, image paths and hashes are not read: they may be gigabytes, and
    `writing` refuses values that are not finite.
    """
    axes: Axes = {}
    valid = True
    for name in ("projection", *(f"projection/{name}" for name in map_names(file))):
        if is_external(file, name):
            yield f"/{name} is a link, which is not followed"
            return
    for entry in _entries(file):
        for deviation in _dataset_deviations(file, entry, axes):
            valid = False
            yield deviation
    for deviation in _attribute_deviations(file):
        valid = False
        yield deviation
    if valid:
        yield from _value_deviations(file)


def unknown_datasets(file: h5py.File) -> list[str]:
    """Return the names of datasets that are not in the specification; they are harmless."""
    known = {entry.name for entry in _entries(file)}
    names: list[str] = []

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and f"/{name}" not in known:
            names.append(f"/{name}")

    file.visititems(visit)
    return names


def map_names(file: h5py.File) -> list[str]:
    """Return the names of the projections in a file, valid or not."""
    if is_external(file, "projection") or "projection" not in file:
        return []
    group = file["projection"]
    return sorted(group) if isinstance(group, h5py.Group) else []


def _entries(file: h5py.File) -> list[Entry]:
    """Return the entries of the schema for this file, with the name of each projection."""
    result = []
    for entry in ENTRIES:
        if "<map>" not in entry.name:
            group_exists = bool(entry.group) and entry.group in file
            result.append(replace(entry, needed=entry.needed or group_exists))
            continue
        for name in map_names(file):
            needed = entry.name.endswith("coordinate")
            full_name = entry.name.replace("<map>", name)
            result.append(replace(entry, name=full_name, needed=needed))
    return result


def _dataset_deviations(file: h5py.File, entry: Entry, axes: Axes) -> Iterator[str]:
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
        expected = axis if isinstance(axis, int) else axes.setdefault(axis, length)
        if length != expected:
            where = f", where {axis} is {expected}" if isinstance(axis, str) else ""
            yield f"{entry.name} is {dataset.shape} and should be {wanted}{where}"
            return


def _kind(dataset: h5py.Dataset) -> str:
    return "string" if h5py.check_string_dtype(dataset.dtype) is not None else str(dataset.dtype)


def _attribute_deviations(file: h5py.File) -> Iterator[str]:
    for place, attributes in ATTRIBUTES.items():
        if "<map>" in place:
            groups = [place.replace("<map>", name) for name in map_names(file)]
        else:
            groups = [place] if place in file else []
        for group in groups:
            for name, kind in attributes.items():
                if name in SINCE_VERSION_2 and int(file.attrs["version"]) < 2:
                    continue
                if not _has_type(file[group].attrs.get(name), kind):
                    yield f"{group} has no attribute {name} that is {_ARTICLE[kind]}"
    for name in map_names(file):
        if not MAP_NAME.fullmatch(name):
            yield f"/projection/{name!r} is not a name of a projection"
        elif not _has_valid_quality(file, name):
            yield f"/projection/{name} has an attribute quality without the required figures"


_ARTICLE = {
    "JSON": "a JSON object",
    "string": "a string",
    "integer": "an integer",
    "boolean": "true or false",
}


def _has_type(value: Any, kind: str) -> bool:
    match kind:
        case "JSON":
            return parse_object(value) is not None
        case "integer":
            return isinstance(value, (int, np.integer))
        case "boolean":
            return isinstance(value, (bool, np.bool_))
        case _:
            return isinstance(value, str)


def _has_valid_quality(file: h5py.File, name: str) -> bool:
    """Return whether a projection has all figures of `ProjectionQuality`, or none."""
    value = file[f"/projection/{name}"].attrs.get("quality")
    if value is None:
        return True
    names = {field.name for field in dataclasses.fields(ProjectionQuality)} - {"preservation"}
    required = {FILE_KEYS.get(name, name) for name in names}
    figures = parse_object(value) or {}
    numbers = all(
        isinstance(figure, (int, float)) or (key == "stability" and figure is None)
        for key, figure in figures.items()
    )
    return figures.keys() == required and numbers and f"/projection/{name}/preservation" in file


def _value_deviations(file: h5py.File) -> Iterator[str]:
    rows, classes = file["/prediction/logit"].shape
    for name in ("/location/id", "/class/name"):
        values = file[name][:]
        if len(np.unique(values)) != len(values):
            yield f"{name} is not unique"
    if rows:
        yield from _index_deviations(file, "/location/label", classes)
        if "/location/split" in file:
            yield from _index_deviations(file, "/location/split", len(SPLITS))
        if "/neighbour/index" in file:
            yield from _index_deviations(file, "/neighbour/index", rows)
    if list(_strings(file["/location/image"].attrs.get("heading", ()))) != list(HEADINGS):
        yield "/location/image has no attribute heading of N, E, S, W"
    for entry in _entries(file):
        number = entry.dtype in ("float32", "float64")
        if number and entry.name in file and entry.name not in LARGE:
            yield from _number_deviations(entry.name, file[entry.name][:])


def _number_deviations(name: str, values: NDArray[np.floating[Any]]) -> Iterator[str]:
    known = values[~np.isnan(values)] if name in MAY_BE_NAN else values
    if not np.isfinite(known).all():
        yield f"{name} holds values that are not finite"
        return
    low, high = RANGES.get(re.sub("/projection/[^/]+", "/projection/<map>", name), (None, None))
    if low is not None and known.size and not low <= known.min() <= known.max() <= high:
        yield f"{name} should lie in [{low:g}, {high:g}]"


def _index_deviations(file: h5py.File, name: str, end: int) -> Iterator[str]:
    values = file[name][:]
    if values.size and not 0 <= values.min() <= values.max() < end:
        yield f"{name} should lie in [0, {end})"


def _strings(values: Any) -> list[str]:
    if isinstance(values, (str, bytes)):
        values = [values]
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]
