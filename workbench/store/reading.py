"""From a file to a `Store`; large arrays stay in the file."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import h5py

from common.errors import InputError
from common.names import canonical_names
from common.text import printable
from embeddings.results import NeighborGraph, PrincipalComponents, Projection, ProjectionQuality
from workbench.store import hdf5
from workbench.store.column import Column, decode_text
from workbench.store.contents import Store
from workbench.store.schema import FORMAT, PYTHON_KEYS, VERSION
from workbench.store.validation import deviations, map_names

STORE_FORMAT = hdf5.FileFormat(FORMAT, VERSION, "store", "run `resnetbolt extract` again")


def read(path: Path) -> Store:
    """Read a store; the arrays of type `Rows` are read when they are indexed.

    Names of classes and ids are in NFC (`common.names`). The file stays open as long as the store
    is used. Raises InputError when it is missing, is not a store, has a newer version, or deviates
    from the specification.
    """
    file = open_store(path)
    with store_errors(path):
        for phrase in deviations(file):
            raise InputError(f"{path}: {printable(phrase)}; {_remedy(phrase)}.")
        return Store(
            class_names=canonical_names(decode_text(file["/class/name"][:]).tolist()),
            location_ids=canonical_names(decode_text(file["/location/id"][:]).tolist()),
            labels=file["/location/label"][:],
            latitudes=file["/location/latitude"][:],
            longitudes=file["/location/longitude"][:],
            image_paths=Column(path, file["/location/image"], STORE_FORMAT),
            logits=file["/prediction/logit"][:],
            features=Column(path, file["/feature"], STORE_FORMAT),
            provenance=json.loads(file.attrs["provenance"]),
            image_sha256=_column(path, file, "/location/image_sha256"),
            splits=file["/location/split"][:] if "/location/split" in file else None,
            view_features=_column(path, file, "/view/feature"),
            view_logits=_column(path, file, "/view/logit"),
            components=_components(file["/component"]) if "/component" in file else None,
            neighbors=_neighbors(file["/neighbour"]) if "/neighbour" in file else None,
            knn_accuracy=_accuracy(file["/neighbour"]) if "/neighbour" in file else {},
            projections={
                name: _projection(name, file[f"/projection/{name}"]) for name in map_names(file)
            },
        )


def open_store(path: Path) -> h5py.File:
    """Open the file of a store; raises as `hdf5.open_hdf5` does."""
    return hdf5.open_hdf5(path, STORE_FORMAT)


def store_errors(path: Path) -> AbstractContextManager[None]:
    """Turn the errors of h5py for a damaged store into InputError."""
    return hdf5.hdf5_errors(path, STORE_FORMAT)


def _remedy(phrase: str) -> str:
    if phrase.startswith("/projection"):
        return "project the store again"
    if "not finite" in phrase:
        return "the training diverged: train with a smaller learning rate"
    return "extract it again"


def _column(path: Path, file: h5py.File, name: str) -> Column | None:
    return Column(path, file[name], STORE_FORMAT) if name in file else None


def _components(group: h5py.Group) -> PrincipalComponents:
    return PrincipalComponents(
        mean=group["mean"][:],
        loadings=group["loading"][:],
        explained_variance=group["variance"][:],
        explained_variance_ratio=group["variance_ratio"][:],
        scores=group["score"][:],
        parameters=_parsed(group, "parameter"),
        seed=int(group.attrs["seed"]),
        library=str(group.attrs["library"]),
    )


def _neighbors(group: h5py.Group) -> NeighborGraph:
    return NeighborGraph(
        indices=group["index"][:],
        distances=group["distance"][:],
        metric=str(group.attrs["metric"]),
        exact=bool(group.attrs["exact"]),
        seed=int(group.attrs["seed"]),
        library=str(group.attrs["library"]),
    )


def _accuracy(group: h5py.Group) -> dict[int, float]:
    accuracy: dict[str, Any] = json.loads(group.attrs["accuracy"])
    return {int(count): float(share) for count, share in accuracy.items()}


def _projection(name: str, group: h5py.Group) -> Projection:
    quality = None
    if "quality" in group.attrs:
        figures = _parsed(group, "quality")
        quality = ProjectionQuality(**figures, preservation=group["preservation"][:])
    return Projection(
        method=str(group.attrs.get("method", name)),  # Version 1 used the method as the name.
        coordinates=group["coordinate"][:],
        parameters=_parsed(group, "parameter"),
        seed=int(group.attrs["seed"]),
        library=str(group.attrs["library"]),
        name=name,
        quality=quality,
    )


def _parsed(group: h5py.Group, name: str) -> dict[str, Any]:
    """Return a JSON attribute with the keys of the Python objects."""
    document = json.loads(group.attrs[name])
    return {PYTHON_KEYS.get(key, key): value for key, value in document.items()}
