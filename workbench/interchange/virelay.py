"""A store as a project of ViRelAy, and a projection from one of its analysis files.

ViRelAy reads HDF5: labels and pictures, attributions, and analyses, which are embeddings and
clusterings of some of the rows.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from common.earlier_result import Request, record_text
from common.errors import InputError
from common.files import atomic_directory, check_readable
from common.system_errors import explain, is_system_error
from common.text import printable
from workbench.attribution.explainer import Explainer
from workbench.attribution.request import AttributionRequest
from workbench.evaluation import metrics
from workbench.interchange.frame import row_batches
from workbench.interchange.pictures import ViewReader, tile
from workbench.store import Store
from workbench.store.hdf5 import DAMAGED, create_hdf5, find_crash, is_external

FILES = re.compile(r"project\.yaml|(label-map|convert)\.json|(dataset|attribution|analysis)\.h5")
"""Names of the files of such a folder."""

ALL_LOCATIONS = "all locations"
"""The category of all locations; the other categories are classes."""

# Without a hyphen or underscore, which the server's URLs do not distinguish.
METHOD = "features"
AXES = ("1", "2")
COMPRESSED: Mapping[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def write(
    path: Path,
    store: Store,
    name: str,
    *,
    read_views: ViewReader | None,
    explainer: Explainer | None,
    request: Request | None = None,
) -> None:
    """Write a project: label map, labels, pictures, attributions, embeddings and clusterings.

    `request` goes into `convert.json`.

    Pictures are the four views at the model's size, N and E above S and W: (2 H, 2 W, 3).
    Attributions are (2 H, 2 W, 2) float32, whose sum over the last axis is the map. Without
    `read_views` or `explainer` these are left out. Raises InputError when the store has no
    projections, the disk is full, or a location cannot be read or explained.
    """
    if not store.projections:
        raise InputError("the store has no projections; run `resnetbolt project` first.")
    with atomic_directory(path) as partial:
        labels = [
            {"index": number, "word_net_id": _category(number), "name": title}
            for number, title in enumerate(store.class_names)
        ]
        (partial / "label-map.json").write_text(json.dumps(labels, indent=1), "utf-8")
        _write_dataset(partial / "dataset.h5", store, read_views)
        if explainer:
            _write_attributions(partial / "attribution.h5", store, explainer)
        _write_analyses(partial / "analysis.h5", store)
        # JSON with printable characters is valid YAML.
        project = _project(printable(name), store, attributions=explainer is not None)
        text = json.dumps(project, indent=2, ensure_ascii=False)
        (partial / "project.yaml").write_text(text + "\n", "utf-8")
        (partial / "convert.json").write_text(record_text(request or {}), "utf-8")


def read_embedding(
    path: Path, dataset: Path, store: Store, category: str, embedding: str | None
) -> pd.DataFrame:
    """Return the first two axes, "1" and "2", of an embedding in an analysis file, by id.

    `dataset` is the `dataset.h5` of `write`, with the ids of the rows. Raises InputError when a
    file is missing, damaged or does not fit, and if `embedding` is None but there are several.
    """
    with _open(dataset) as file:
        if "id" not in file:
            raise InputError(f"{dataset}: has no ids; choose the dataset.h5 that to-virelay wrote.")
        rows = _dataset(dataset, file, "id")
        if rows.shape != (len(store),):
            raise InputError(
                f"{dataset}: has {rows.shape} ids and the store {len(store)} locations; "
                "choose the store that it was written from."
            )
        known = rows.asstr()[:]
    with _open(path) as file:
        if category not in file:
            raise InputError(f"{path}: has no category {category!r}, but {_names(file)}.")
        embeddings = _members(path, file, f"{category}/embedding")
        if embedding not in embeddings and (embedding or len(embeddings) != 1):
            raise InputError(
                f"{path}: name one of its embeddings with --embedding: "
                f"{', '.join(map(repr, embeddings))}."
            )
        values = _dataset(path, file, f"{category}/embedding/{embedding or embeddings[0]}")
        index = _dataset(path, file, f"{category}/index")
        if values.ndim != 2 or values.shape[1] < 2 or index.shape != values.shape[:1]:
            raise InputError(
                f"{path}: an embedding is {values.shape} and its index {index.shape}; "
                "should be (n, 2 or more) and (n)."
            )
        if len(index) > len(known) or index.dtype.kind not in "iu":
            raise InputError(f"{path}: its index does not fit {dataset}.")
        number = index[:].astype(np.int64)
        if len(number) and not 0 <= number.min() <= number.max() < len(known):
            raise InputError(f"{path}: its index names rows that {dataset} does not have.")
        names = pd.Index(known[number], name="id", dtype="str")
        return pd.DataFrame(values[:, :2], index=names, columns=list(AXES))


def _category(number: int) -> str:
    """Return the key of a class; its name might be a path in HDF5."""
    return f"class-{number:04d}"


def _project(name: str, store: Store, *, attributions: bool) -> dict[str, object]:
    project: dict[str, object] = {
        "name": name,
        "model": printable(f"{store.provenance.get('fusion', 'unknown')} fusion"),
        "label_map": "label-map.json",
        "dataset": {"name": name, "type": "hdf5", "path": "dataset.h5"},
        "analyses": [{"analysis_method": METHOD, "sources": ["analysis.h5"]}],
    }
    if attributions:
        project["attributions"] = {
            "attribution_method": "integrated gradients",
            "attribution_strategy": "predicted_label",
            "sources": ["attribution.h5"],
        }
    return {"project": project}


def _write_dataset(path: Path, store: Store, read_views: ViewReader | None) -> None:
    with create_hdf5(path) as file:
        file["label"] = store.labels.astype(np.uint16)
        file.create_dataset("id", data=list(store.location_ids), dtype=h5py.string_dtype())
        if read_views is None:
            return
        # ViRelAy shows all pictures as squares.
        size = _size(store)
        shape = (len(store), 2 * size, 2 * size, 3)
        data = file.create_dataset("data", shape, np.uint8, chunks=(1, *shape[1:]))
        for row, name in _locations(store, "Reading photographs"):
            data[row] = tile(read_views(name, size))


def _write_attributions(path: Path, store: Store, explainer: Explainer) -> None:
    with create_hdf5(path) as file:
        size = _size(store)
        # ViRelAy sums over the channels, and half of its colour maps fail with a single one. Two
        # halves are exact, and cost almost nothing when compressed.
        shape = (len(store), 2 * size, 2 * size, 2)
        data = file.create_dataset(
            "attribution", shape, np.float32, chunks=(1, *shape[1:]), **COMPRESSED
        )
        file["label"] = store.labels.astype(np.uint16)
        file["prediction"] = store.logits
        for row, name in _locations(store, "Explaining predictions"):
            attribution = explainer.explain(name, AttributionRequest())
            half = (attribution.values / 2).astype(np.float32)
            data[row] = tile(np.stack([half, half], axis=-1))


def _write_analyses(path: Path, store: Store) -> None:
    clusterings = _clusterings(store)
    with create_hdf5(path) as file:
        for number in (None, *np.unique(store.labels).tolist()):
            key = ALL_LOCATIONS if number is None else _category(number)
            rows = np.flatnonzero(
                store.labels == number if number is not None else store.labels >= 0
            )
            group = file.create_group(key)
            group["index"] = rows.astype(np.uint32)
            for name, cluster in clusterings.items():
                group[f"cluster/{name}"] = cluster[rows]
            for name, projection in store.projections.items():
                group[f"embedding/{name}"] = projection.coordinates[rows]


def _clusterings(store: Store) -> dict[str, NDArray[np.int32]]:
    """Return clusterings to colour by: (N,) int32."""
    predicted = np.concatenate(
        [
            metrics.rank_classes(store.logits[rows])[:, 0]
            for rows in row_batches(store, "Ranking classes")
        ]
    )
    return {
        "true-class": store.labels.astype(np.int32),
        "predicted-class": predicted.astype(np.int32),
        "correct": (predicted == store.labels).astype(np.int32),
    }


def _size(store: Store) -> int:
    size = store.provenance.get("size")
    if not isinstance(size, int) or not 0 < size <= 4096:
        raise InputError("the store does not record the image size of its model; extract it again.")
    return size


def _locations(store: Store, what: str) -> Iterator[tuple[int, str]]:
    bar = tqdm(store.location_ids, what, unit="location", dynamic_ncols=True)
    yield from enumerate(bar)


@contextmanager
def _open(path: Path) -> Iterator[h5py.File]:
    check_readable(path, "there is no such file; choose an HDF5 file of ViRelAy")
    if crash := find_crash(path):
        raise InputError(f"{path}: cannot be read as ViRelAy's HDF5 ({crash}); write it again.")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (InputError, BrokenPipeError):
        raise
    except DAMAGED as error:
        if is_system_error(error):
            raise InputError(f"{path}: {explain(error)}.") from error
        phrase = str(error).partition("\n")[0]
        raise InputError(f"{path}: cannot be read as ViRelAy's HDF5 ({phrase}).") from error


def _dataset(path: Path, file: h5py.File, name: str) -> h5py.Dataset:
    """Return a dataset whose data are in this file."""
    dataset = _inside(path, file, name)
    if not isinstance(dataset, h5py.Dataset):
        raise InputError(f"{path}: {name!r} is not a dataset.")
    return dataset


def _members(path: Path, file: h5py.File, name: str) -> list[str]:
    group = _inside(path, file, name)
    return sorted(group) if isinstance(group, h5py.Group) else []


def _inside(path: Path, file: h5py.File, name: str) -> h5py.Group | h5py.Dataset:
    """Return a group or dataset; raises InputError for a link."""
    if is_external(file, name):
        raise InputError(f"{path}: {name!r} is a link, which is not followed.")
    if name not in file:
        raise InputError(f"{path}: has no {name!r}; is it an analysis file?")
    return file[name]


def _names(file: h5py.File) -> str:
    return ", ".join(map(repr, sorted(file)[:60])) or "none"
