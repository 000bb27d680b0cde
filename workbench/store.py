"""Read and write the store, one HDF5 file per extraction; `docs/store.md` specifies it.

This is the only module that speaks HDF5.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.files import replacing

FORMAT = "resnetbolt-store"
VERSION = 1
HEADINGS = ("N", "E", "S", "W")
METHOD_TITLES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}


@dataclass(frozen=True)
class Projection:
    """A two-dimensional map of the features and how it was made.

    `coordinate` is (N, 2) float32, without unit; `parameter` what the method was given.
    """

    method: str
    coordinate: NDArray[np.float32]
    parameter: Mapping[str, Any]
    seed: int
    library: str


@dataclass(frozen=True)
class Store:
    """What a store says of N locations and S classes, without the features.

    Row i of every array is one location. `class_name` has S names, `location_id` N unique
    ids, `label` is (N,) int64 in [0, S), `latitude` and `longitude` (N,) float64 in degrees
    (NaN: unknown), `image` (N, 4) relative paths in the order of `HEADINGS`, `logit` (N, S)
    float32. `provenance` says what it was made from; `projection` maps a method to its map.
    """

    class_name: tuple[str, ...]
    location_id: tuple[str, ...]
    label: NDArray[np.int64]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    image: NDArray[np.str_]
    logit: NDArray[np.float32]
    provenance: Mapping[str, Any]
    projection: Mapping[str, Projection] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return N, the number of locations."""
        return len(self.location_id)


def write(path: Path, store: Store, feature: NDArray[np.float32]) -> None:
    """Write a whole store, features (N, D) float32 included; the old file stays until it is done.

    Raises InputError when the arrays disagree about N or S or hold values that are not finite.
    """
    _check(path, store, feature)
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["version"] = VERSION
        file.attrs["provenance"] = json.dumps(dict(store.provenance), sort_keys=True)
        text = h5py.string_dtype()
        file.create_dataset("class/name", data=list(store.class_name), dtype=text)
        file.create_dataset("location/id", data=list(store.location_id), dtype=text)
        file.create_dataset("location/label", data=store.label.astype(np.int64))
        file.create_dataset("location/latitude", data=store.latitude.astype(np.float64))
        file.create_dataset("location/longitude", data=store.longitude.astype(np.float64))
        file["location/latitude"].attrs["unit"] = "degree"
        file["location/longitude"].attrs["unit"] = "degree"
        file.create_dataset("location/image", data=store.image.astype(object), dtype=text)
        file["location/image"].attrs["heading"] = HEADINGS
        file.create_dataset("prediction/logit", data=store.logit.astype(np.float32))
        file.create_dataset("feature", data=feature.astype(np.float32))
        for projection in store.projection.values():
            _write_projection(file, projection)


def read(path: Path) -> Store:
    """Read a store, leaving the features on disk.

    Raises InputError when the file is missing, is no store, is of a newer version, lacks a
    dataset or contradicts itself.
    """
    with _opened(path) as file:
        projections = (
            _read_projection(file[f"projection/{method}"], method)
            for method in file.get("projection", ())
        )
        store = Store(
            class_name=_text(file["class/name"]),
            location_id=_text(file["location/id"]),
            label=file["location/label"][:],
            latitude=file["location/latitude"][:],
            longitude=file["location/longitude"][:],
            image=np.array(file["location/image"].asstr()[:], dtype=np.str_),
            logit=file["prediction/logit"][:],
            provenance=json.loads(file.attrs["provenance"]),
            projection={projection.method: projection for projection in projections},
        )
        _check(path, store, file["feature"])
    return store


def read_feature(path: Path) -> NDArray[np.float32]:
    """Read the penultimate features, (N, D) float32; raises as `read` does."""
    with _opened(path) as file:
        return cast(NDArray[np.float32], file["feature"][:])


def write_projections(path: Path, projections: Sequence[Projection]) -> None:
    """Put maps into an existing store, replacing those of the same method.

    The store is copied beside, changed and renamed: a reader sees the old file or the new one.
    Raises as `read` does, and InputError when a map has another number of rows.
    """
    rows = len(read(path))
    for projection in projections:
        if projection.coordinate.shape != (rows, 2):
            raise InputError(
                f"{path}: the {projection.method} map is {projection.coordinate.shape}, "
                f"the store has {rows} locations; project this store again."
            )
    with replacing(path) as partial:
        shutil.copyfile(path, partial)
        with h5py.File(partial, "r+") as file:
            for projection in projections:
                _write_projection(file, projection)


def _write_projection(file: h5py.File, projection: Projection) -> None:
    name = f"projection/{projection.method}"
    if name in file:
        del file[name]
    group = file.create_group(name)
    group.create_dataset("coordinate", data=projection.coordinate.astype(np.float32))
    group.attrs["parameter"] = json.dumps(dict(projection.parameter), sort_keys=True)
    group.attrs["seed"] = projection.seed
    group.attrs["library"] = projection.library


def _read_projection(group: h5py.Group, method: str) -> Projection:
    return Projection(
        method=method,
        coordinate=group["coordinate"][:],
        parameter=json.loads(group.attrs["parameter"]),
        seed=int(group.attrs["seed"]),
        library=str(group.attrs["library"]),
    )


def _text(dataset: h5py.Dataset) -> tuple[str, ...]:
    return tuple(dataset.asstr()[:])


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    again = "run `python -m workbench.extract` again"
    if not path.is_file():
        raise InputError(f"{path}: there is no such store; make one with `workbench.extract`.")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(
            f"{path}: this is no HDF5 file, or one that was cut off; {again}."
        ) from error
    with file:
        try:
            if file.attrs.get("format") != FORMAT:
                raise InputError(
                    f"{path}: this HDF5 file is not a store of this workbench; {again}."
                )
            version = int(file.attrs["version"])
            if version > VERSION:
                raise InputError(
                    f"{path}: the store has version {version}, this workbench reads up to "
                    f"{VERSION}; update the workbench."
                )
            yield file
        except InputError:
            raise
        except (KeyError, OSError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise InputError(f"{path}: the store is damaged ({error}); {again}.") from error


def _check(path: Path, store: Store, feature: Any) -> None:
    rows, classes = len(store.location_id), len(store.class_name)
    maps = {
        f"/projection/{name}/coordinate": (projection.coordinate, (rows, 2), "f")
        for name, projection in store.projection.items()
    }
    # Name, array, shape and NumPy's kinds of number: "i" and "u" are integers, "f" is floating.
    for name, (array, shape, kinds) in {
        "/location/label": (store.label, (rows,), "iu"),
        "/location/latitude": (store.latitude, (rows,), "f"),
        "/location/longitude": (store.longitude, (rows,), "f"),
        "/location/image": (store.image, (rows, len(HEADINGS)), "U"),
        "/prediction/logit": (store.logit, (rows, classes), "f"),
        **maps,
    }.items():
        if array.shape != shape or array.dtype.kind not in kinds:
            raise InputError(
                f"{path}: {name} is {array.shape} of {array.dtype} and should be {shape} of kind "
                f"{kinds}; extract it again."
            )
    if feature.ndim != 2 or feature.shape[0] != rows or feature.dtype.kind != "f":
        raise InputError(
            f"{path}: /feature is {feature.shape} of {feature.dtype} for {rows} locations; "
            "extract it again."
        )
    for name, values in (
        ("/location/id", store.location_id),
        ("/class/name", store.class_name),
    ):
        if len(set(values)) != len(values):
            raise InputError(f"{path}: {name} is not unique; extract it again.")
    described = [store.provenance, *(made.parameter for made in store.projection.values())]
    if not all(isinstance(item, Mapping) for item in described):
        raise InputError(f"{path}: an attribute is no JSON object; extract it again.")
    if rows and not 0 <= store.label.min() <= store.label.max() < classes:
        raise InputError(f"{path}: /location/label names no class; extract it again.")
    if not np.isfinite(store.logit).all():
        raise InputError(
            f"{path}: /prediction/logit holds values that are not finite; "
            "the training diverged: train with a smaller learning rate."
        )
    for projection in store.projection.values():
        if not np.isfinite(projection.coordinate).all():
            raise InputError(
                f"{path}: the {projection.method} map holds values that are not finite; "
                "project the store again."
            )
