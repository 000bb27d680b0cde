"""From a file to a `Store`; what is large stays in the file."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import h5py

from common.errors import InputError
from embeddings.results import Components, Map, Neighbours, Quality
from workbench.store import hdf5
from workbench.store.column import Column, text
from workbench.store.contents import Projection, Store
from workbench.store.schema import FORMAT, VERSION
from workbench.store.tree import printable
from workbench.store.validation import deviations, map_names

AGAIN = "run `python -m workbench.extract` again"
KIND = hdf5.FileFormat(FORMAT, VERSION, "store", AGAIN)


def read(path: Path) -> Store:
    """Read a store, leaving features, views and photographs' names on disk.

    The file is kept open for them as long as the store is used. Raises InputError when it is
    missing, is no store, is of a newer version, or deviates from the specification.
    """
    file = opened(path)
    with complaining(path):
        for phrase in deviations(file):
            raise InputError(f"{path}: {printable(phrase)}; {_way_out(phrase)}.")
        return Store(
            class_name=tuple(text(file["/class/name"][:]).tolist()),
            location_id=tuple(text(file["/location/id"][:]).tolist()),
            label=file["/location/label"][:],
            latitude=file["/location/latitude"][:],
            longitude=file["/location/longitude"][:],
            image=Column(path, file["/location/image"]),
            logit=file["/prediction/logit"][:],
            feature=Column(path, file["/feature"]),
            provenance=json.loads(file.attrs["provenance"]),
            image_sha256=_column(path, file, "/location/image_sha256"),
            split=file["/location/split"][:] if "/location/split" in file else None,
            view_feature=_column(path, file, "/view/feature"),
            view_logit=_column(path, file, "/view/logit"),
            components=_components(file["/component"]) if "/component" in file else None,
            neighbours=_neighbours(file["/neighbour"]) if "/neighbour" in file else None,
            neighbour_accuracy=_accuracy(file["/neighbour"]) if "/neighbour" in file else {},
            projection={
                name: _projection(name, file[f"/projection/{name}"]) for name in map_names(file)
            },
        )


def opened(path: Path) -> h5py.File:
    """Open a store of a version that this workbench knows, as `hdf5.open_hdf5` does."""
    return hdf5.open_hdf5(path, KIND)


def complaining(path: Path) -> AbstractContextManager[None]:
    """Turn what h5py raises for a damaged store into an InputError."""
    return hdf5.hdf5_errors(path, KIND)


def _way_out(phrase: str) -> str:
    if phrase.startswith("/projection"):
        return "project the store again"
    if "not finite" in phrase:
        return "the training diverged: train with a smaller learning rate"
    return "extract it again"


def _column(path: Path, file: h5py.File, name: str) -> Column | None:
    return Column(path, file[name]) if name in file else None


def _components(group: h5py.Group) -> Components:
    return Components(
        mean=group["mean"][:],
        loading=group["loading"][:],
        variance=group["variance"][:],
        variance_ratio=group["variance_ratio"][:],
        score=group["score"][:],
        parameter=json.loads(group.attrs["parameter"]),
        seed=int(group.attrs["seed"]),
        library=str(group.attrs["library"]),
    )


def _neighbours(group: h5py.Group) -> Neighbours:
    return Neighbours(
        index=group["index"][:],
        distance=group["distance"][:],
        metric=str(group.attrs["metric"]),
        exact=bool(group.attrs["exact"]),
        seed=int(group.attrs["seed"]),
        library=str(group.attrs["library"]),
    )


def _accuracy(group: h5py.Group) -> dict[int, float]:
    given: dict[str, Any] = json.loads(group.attrs["accuracy"])
    return {int(count): float(share) for count, share in given.items()}


def _projection(name: str, group: h5py.Group) -> Projection:
    made = Map(
        method=str(group.attrs.get("method", name)),  # Version 1 knew one map a method.
        coordinate=group["coordinate"][:],
        parameter=json.loads(group.attrs["parameter"]),
        seed=int(group.attrs["seed"]),
        library=str(group.attrs["library"]),
    )
    quality = None
    if "quality" in group.attrs:
        figures = json.loads(group.attrs["quality"])
        quality = Quality(**figures, preservation=group["preservation"][:])
    return Projection(name, made, quality)
