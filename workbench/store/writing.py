"""From a `Store` to a file, atomically."""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from common.errors import InputError
from common.files import atomic_write, file_lock
from embeddings.results import NeighborGraph, PrincipalComponents, Projection
from workbench.store.contents import HEADINGS, SPLITS, Rows, Store
from workbench.store.hdf5 import check_free_space, create_hdf5, is_external
from workbench.store.reading import open_store, read
from workbench.store.schema import FILE_KEYS, FORMAT, MAP_NAME, VERSION
from workbench.store.validation import deviations

# Text is compressed, numbers are not; `python -m benchmarks.store` measures why.
TEXT: Mapping[str, Any] = {"compression": "gzip", "compression_opts": 1}
TEXT_BATCH = 8192
BATCH_BYTES = 2**25


def write(path: Path, store: Store) -> None:
    """Write a store, reading its rows in batches; an old file is replaced at the end.

    Raises InputError when the arrays do not fit together or are not finite, or the disk is full.
    """
    large = [store.features, store.logits, store.view_features, store.view_logits]
    needed = sum(math.prod(rows.shape) * rows.dtype.itemsize for rows in large if rows is not None)
    with file_lock(path), _new_store(path) as file:
        check_free_space(path, needed)
        file.attrs["format"] = FORMAT
        file.attrs["version"] = VERSION
        file.attrs["provenance"] = json.dumps(dict(store.provenance), sort_keys=True)
        _write_text(file, "/class/name", np.array(store.class_names, dtype=np.str_))
        _write_text(file, "/location/id", np.array(store.location_ids, dtype=np.str_))
        file["/location/label"] = store.labels.astype(np.int64)
        file["/location/latitude"] = store.latitudes.astype(np.float64)
        file["/location/longitude"] = store.longitudes.astype(np.float64)
        _write_text(file, "/location/image", store.image_paths)
        file["/location/image"].attrs["heading"] = HEADINGS
        if store.splits is not None:
            file["/location/split"] = store.splits.astype(np.int8)
            file["/location/split"].attrs["name"] = SPLITS
        file["/prediction/logit"] = store.logits.astype(np.float32)
        for name, rows, dtype in (
            ("/location/image_sha256", store.image_sha256, "uint8"),
            ("/feature", store.features, "float32"),
            ("/view/feature", store.view_features, "float32"),
            ("/view/logit", store.view_logits, "float32"),
        ):
            if rows is not None:
                _write_rows(path, file, name, rows, dtype)
        for place in ("/location/latitude", "/location/longitude"):
            file[place].attrs["unit"] = "degree"
        _write_projections(
            file,
            store.components,
            store.neighbors,
            store.knn_accuracy,
            list(store.projections.values()),
        )


def extend(
    path: Path,
    projections: Sequence[Projection] = (),
    components: PrincipalComponents | None = None,
    neighbors: NeighborGraph | None = None,
    knn_accuracy: Mapping[int, float] | None = None,
    *,
    expected: Store | None = None,
) -> None:
    """Add projections, components and neighbours to a store, or replace those of the same name.

    A new file replaces the old one, so that a reader sees one or the other. `expected` is the store
    that they were computed from: if another one has replaced it meanwhile, InputError is raised.
    Raises as `read` does, and InputError when an array has another number of rows, another process
    is writing this store, or the disk is full.
    """
    for projection in projections:
        if not MAP_NAME.fullmatch(projection.name):
            raise InputError(
                f"{projection.name!r}: is not a name of a projection; use up to 40 "
                "lower-case letters, digits and hyphens."
            )
    with file_lock(path):
        current = read(path)
        if expected is not None and not _is_same(current, expected):
            raise InputError(
                f"{path}: was replaced by another store meanwhile; run the command again."
            )
        with open_store(path) as old, _new_store(path) as file:
            replaced = {f"projection/{projection.name}" for projection in projections}
            replaced |= {"component"} if components else set()
            replaced |= {"neighbour"} if neighbors else set()
            _copy(old, file, replaced)
            file.attrs["version"] = VERSION
            _write_projections(file, components, neighbors, knn_accuracy or {}, projections)


def _is_same(store: Store, other: Store) -> bool:
    return store.provenance == other.provenance and store.location_ids == other.location_ids


def remove(path: Path, name: str) -> None:
    """Remove a projection; raises as `extend` does, and InputError for an unknown name."""
    with file_lock(path):
        if name not in read(path).projections:
            raise InputError(
                f"{path}: has no projection {name!r}; `resnetbolt inspect` lists them."
            )
        with open_store(path) as old, _new_store(path) as file:
            _copy(old, file, {f"projection/{name}"})


@contextmanager
def _new_store(path: Path) -> Iterator[h5py.File]:
    """Yield a new file, which replaces `path` if it meets the specification."""
    with atomic_write(path) as partial, create_hdf5(partial) as file:
        yield file
        for deviation in deviations(file):
            raise InputError(f"{path}: {deviation}; nothing was written.")


def _copy(old: h5py.File, new: h5py.File, without: set[str]) -> None:
    """Copy a store except the groups `without`; HDF5 does not free the space of deleted ones."""
    for name, value in old.attrs.items():
        new.attrs[name] = value
    for name in old:
        if is_external(old, name):
            continue
        if name == "projection":
            group = new.create_group(name)
            for map_name in old[name]:
                if f"{name}/{map_name}" not in without:
                    old.copy(old[f"{name}/{map_name}"], group, name=map_name)
                    if "method" not in group[map_name].attrs:  # Version 1: the name.
                        group[map_name].attrs["method"] = map_name
        elif name not in without:
            old.copy(old[name], new, name=name)


def _write_rows(path: Path, file: h5py.File, name: str, rows: Rows, dtype: str) -> None:
    dataset = file.create_dataset(name, shape=rows.shape, dtype=dtype)
    step = max(1, BATCH_BYTES // max(1, int(np.prod(rows.shape[1:])) * dataset.dtype.itemsize))
    with tqdm(
        total=len(rows), desc=f"Writing {name}", unit="row", delay=2, mininterval=0.5, leave=False
    ) as bar:
        for first in range(0, len(rows), step):
            block = np.asarray(rows[first : first + step])
            if not np.isfinite(block).all():
                raise InputError(
                    f"{path}: {name} holds values that are not finite; "
                    "the training diverged: train with a smaller learning rate."
                )
            dataset[first : first + len(block)] = block
            bar.update(len(block))


def _write_text(file: h5py.File, name: str, rows: Rows) -> None:
    """Write text as UTF-8 of fixed length, which reads ten times as fast as variable length."""
    encoded = [
        np.char.encode(np.asarray(rows[first : first + TEXT_BATCH]), "utf-8")
        for first in range(0, len(rows), TEXT_BATCH)
    ]
    length = max((block.dtype.itemsize for block in encoded), default=1)
    kind = h5py.string_dtype("utf-8", max(1, length))
    chunks = (min(TEXT_BATCH, max(1, len(rows))), *rows.shape[1:])
    dataset = file.create_dataset(name, rows.shape, kind, chunks=chunks, **TEXT)
    for number, block in enumerate(encoded):
        first = number * TEXT_BATCH
        dataset[first : first + len(block)] = block.astype(kind)


def _write_projections(
    file: h5py.File,
    components: PrincipalComponents | None,
    neighbors: NeighborGraph | None,
    knn_accuracy: Mapping[int, float],
    projections: Sequence[Projection],
) -> None:
    if components:
        arrays = {
            "mean": components.mean,
            "loading": components.loadings,
            "variance": components.explained_variance,
            "variance_ratio": components.explained_variance_ratio,
            "score": components.scores,
        }
        group = _group(file, "component", arrays)
        _describe(group, components.parameters, components.seed, components.library)
    if neighbors:
        group = _group(file, "neighbour", {"distance": neighbors.distances})
        group["index"] = neighbors.indices.astype(np.int32)
        group.attrs["metric"] = neighbors.metric
        group.attrs["exact"] = neighbors.exact
        group.attrs["seed"] = neighbors.seed
        group.attrs["library"] = neighbors.library
        accuracy = {str(count): float(share) for count, share in knn_accuracy.items()}
        group.attrs["accuracy"] = json.dumps(accuracy)
    for projection in projections:
        group = _group(
            file, f"projection/{projection.name}", {"coordinate": projection.coordinates}
        )
        group.attrs["method"] = projection.method
        _describe(group, projection.parameters, projection.seed, projection.library)
        if projection.quality:
            group["preservation"] = projection.quality.preservation.astype(np.float32)
            figures = dataclasses.asdict(projection.quality)
            del figures["preservation"]
            group.attrs["quality"] = json.dumps(_with_file_keys(figures))


def _group(file: h5py.File, name: str, arrays: Mapping[str, NDArray[Any]]) -> Any:
    group = file.create_group(name)
    for key, values in arrays.items():
        group[key] = values.astype(np.float32)
    return group


def _describe(group: Any, parameters: Mapping[str, Any], seed: int, library: str) -> None:
    group.attrs["parameter"] = json.dumps(_with_file_keys(parameters), sort_keys=True)
    group.attrs["seed"] = seed
    group.attrs["library"] = library


def _with_file_keys(document: Mapping[str, Any]) -> dict[str, Any]:
    return {FILE_KEYS.get(key, key): value for key, value in document.items()}
