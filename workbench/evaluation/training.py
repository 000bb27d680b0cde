"""The training locations of a model, the photographs of a store, and what ties the two.

Alone in this package it reads photographs and run folders. What it finds about photographs comes
from the indexes of `resnetbolt prepare`, which are updated first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import InputError
from common.files import is_folder
from common.names import canonical_name
from trainer.data.file_names import pano_id
from trainer.data.layout import Location, index_folder
from trainer.data.prepare.duplicates import has_near
from trainer.data.prepare.photograph_index import PreparedData, index_file, prepare
from workbench import store as stores
from workbench.evaluation.columns import unit_vectors
from workbench.evaluation.split import TrainingLinks, nearest_kilometers
from workbench.store import SPLITS, Store
from workbench.store.query import years

_TRAINING = SPLITS.index("training")

Hashes = NDArray[np.uint8]


@dataclass(frozen=True)
class TrainingSet:
    """M locations that a model was trained on.

    `ids` are theirs, `panos` their panorama ids, None where there is none. `latitudes` and
    `longitudes` (M,) are in degrees, NaN if unknown. `sha256` and `difference_hashes` are those of
    their photographs, (P, 32), and empty if not known.
    """

    ids: tuple[str, ...]
    panos: tuple[str | None, ...]
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]
    sha256: Hashes
    difference_hashes: Hashes

    def __len__(self) -> int:
        """Return M."""
        return len(self.ids)


@dataclass(frozen=True)
class PhotographTraits:
    """What the photographs of a store's N locations are like.

    `difference_hashes` is (N, 4, 32), `green` (N,) the share of green in the sum of red, green and
    blue over the four photographs, in [0, 1]. `known` (N,) says which locations have them: all
    photographs are there and, if the store has hashes, are those of the extraction.
    """

    difference_hashes: Hashes
    green: NDArray[np.float64]
    known: NDArray[np.bool_]


def training_record(run: Path, name: str) -> tuple[set[str], Path]:
    """Return the ids of the training locations of a run, and their folder at the time.

    The checkpoint `name`, "best" or "last", records them. Raises InputError if it cannot be read,
    also for want of torch.
    """
    try:
        from trainer import checkpoint as checkpoints  # It imports torch, which takes seconds.
    except ImportError as error:
        raise InputError(
            f"torch cannot be imported ({error}); install the workbench's requirements."
        ) from error
    checkpoint = checkpoints.read(run, name)
    return {canonical_name(name) for name in checkpoint.split["training"]}, Path(
        checkpoint.data_root
    )


def has_index(data: Path, index: Path) -> bool:
    """Return whether the folder `index` has an index of the photographs in the folder `data`."""
    return index_file(index, data).is_file()


def training_of_folder(
    data: Path, index: Path, photographs: bool, num_workers: int, ids: set[str] | None = None
) -> TrainingSet:
    """Return the locations of a folder that have one of the `ids`, all for None.

    With `photographs` these are read into an index in the folder `index`. Raises InputError for a
    folder that cannot be read, and if it has none of the locations.
    """
    if not is_folder(data):
        raise InputError(
            f"{data}: there is no such folder of training photographs; name it, or a store of "
            "them, with --train-data."
        )
    prepared = prepare(data, index_file(index, data), num_workers) if photographs else None
    found = prepared.index if prepared else index_folder(data)
    locations = [item for item in found.locations if ids is None or item.id in ids]
    if ids is not None and not locations:
        raise InputError(
            f"{data}: has none of the {len(ids)} locations that the model was trained on; name "
            "their folder, or a store of them, with --train-data."
        )
    rows = _photograph_rows(prepared, locations) if prepared else np.zeros((0, 4), dtype=np.int64)
    return TrainingSet(
        tuple(item.id for item in locations),
        tuple(pano_id(item.images[0]) for item in locations),
        np.array([item.latitude for item in locations]),
        np.array([item.longitude for item in locations]),
        _hashes(prepared.photographs.sha256[rows.ravel()] if prepared else None),
        _hashes(prepared.photographs.difference_hashes[rows.ravel()] if prepared else None),
    )


def training_of_store(path: Path) -> TrainingSet:
    """Return the training locations in a store; all, if it says of none that it is one.

    Raises InputError as `workbench.store.read` does.
    """
    store = stores.read(path)
    rows = np.arange(len(store))
    if store.splits is not None and (store.splits == _TRAINING).any():
        rows = np.flatnonzero(store.splits == _TRAINING)
    sha256 = None if store.image_sha256 is None else np.asarray(store.image_sha256[rows])
    return TrainingSet(
        tuple(store.location_ids[row] for row in rows.tolist()),
        panos(store, rows),
        store.latitudes[rows],
        store.longitudes[rows],
        _hashes(sha256),
        _hashes(None),
    )


def panos(store: Store, rows: NDArray[np.int64]) -> tuple[str | None, ...]:
    """Return the panorama ids of some rows of a store, None where there is none."""
    return tuple(pano_id(str(name)) for name in np.asarray(store.image_paths[rows])[:, 0].tolist())


def photograph_traits(
    store: Store, rows: NDArray[np.int64], data: Path, index: Path, num_workers: int
) -> PhotographTraits:
    """Return what the photographs of some rows of a store are like.

    They are in the folder `data` and read into an index in the folder `index`. Raises InputError
    for a folder that cannot be read, and if it has none of them.
    """
    prepared = prepare(data, index_file(index, data), num_workers)
    table = prepared.photographs
    paths = np.asarray(store.image_paths[rows]).tolist()
    place = np.array([[table.rows.get(path, -1) for path in four] for four in paths])
    place = place.reshape(-1, 4)
    readable = np.append([not problem for problem in table.problems], False)  # Row -1 is missing.
    known = readable[place].all(axis=1)
    if store.image_sha256 is not None and len(table.sha256):
        known &= (table.sha256[place] == np.asarray(store.image_sha256[rows])).all(axis=(1, 2))
    if not known.any():
        raise InputError(
            f"{data}: has no photograph of the store's locations as it was extracted; name their "
            "folder with --data."
        )
    sums = table.channel_sums[place].sum(axis=1)
    total = np.where(known, sums.sum(axis=1), np.nan)
    # A black photograph has no share.
    green = np.divide(sums[:, 1], total, out=np.full(len(total), np.nan), where=total > 0)
    return PhotographTraits(table.difference_hashes[place], green, known)


def training_links(
    store: Store,
    rows: NDArray[np.int64],
    training: TrainingSet,
    traits: PhotographTraits | None,
) -> TrainingLinks:
    """Return what ties some rows of a store to a training set."""
    seen_panos = set(training.panos) - {None}
    seen_years = years(training.ids)
    here = years([store.location_ids[row] for row in rows.tolist()])
    same_photograph = similar = None
    if store.image_sha256 is not None and len(training.sha256):
        seen = {row.tobytes() for row in training.sha256}
        same_photograph = np.array(
            [any(view.tobytes() in seen for view in four) for four in store.image_sha256[rows]]
        )
    if traits is not None and len(training.difference_hashes):
        near = has_near(traits.difference_hashes.reshape(-1, 32), training.difference_hashes)
        similar = near.reshape(-1, 4).any(axis=1) & traits.known
    return TrainingLinks(
        nearest_kilometers(
            unit_vectors(store.latitudes[rows], store.longitudes[rows]),
            unit_vectors(training.latitudes, training.longitudes),
        ),
        None if store.splits is None else store.splits[rows] == _TRAINING,
        np.array([pano in seen_panos for pano in panos(store, rows)]) if seen_panos else None,
        same_photograph,
        similar,
        np.isfinite(here) & ~np.isin(here, seen_years) if np.isfinite(seen_years).any() else None,
    )


def _photograph_rows(prepared: PreparedData, locations: Sequence[Location]) -> NDArray[np.int64]:
    rows = [[prepared.photographs.rows[name] for name in item.images] for item in locations]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _hashes(rows: Hashes | None) -> Hashes:
    return np.zeros((0, 32), np.uint8) if rows is None else rows.reshape(-1, 32)
