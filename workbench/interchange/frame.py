"""A store as a pandas table with a row for each location, and a projection from a table."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from common.errors import InputError
from common.names import match_name
from embeddings.results import Projection
from workbench.evaluation import metrics
from workbench.store import HEADINGS, SPLITS, Store

METHOD = "imported"
"""The method of projections of other programs."""

BATCH_ROWS = 8192
_MAX_LISTED = 12  # Column names in a message.


def to_frame(
    store: Store, *, logits: bool = False, neighbors: bool = False, features: bool = False
) -> pd.DataFrame:
    """Return a store as a table, indexed by `id`, with a row for each location in order.

    `docs/how-to/interchange.md` lists the columns. `logits` adds `logit_<class>` (float32, nat),
    `neighbors` adds `neighbor_id` and `neighbor_distance` (lists, nearest first), `features` adds
    `feature_<d>` (float32) for each of the D features, read into memory. Raises InputError if the
    store has no neighbours, and for classes and projections that would share a column.
    """
    columns = [frame_rows(store, slice(0, len(store)), logits=logits)]
    index = columns[0].index
    if neighbors:
        columns.append(_neighbor_columns(store, index))
    if features:
        values = np.asarray(store.features[:], dtype=np.float32)
        names = [f"feature_{number}" for number in range(values.shape[1])]
        columns.append(pd.DataFrame(values, index=index, columns=names))
    return pd.concat(columns, axis=1)


def frame_rows(store: Store, rows: slice, *, logits: bool = False) -> pd.DataFrame:
    """Return some rows of the table of `to_frame`, without neighbours and features."""
    logit = store.logits[rows]
    label = store.labels[rows]
    ranking = metrics.rank_classes(logit)
    image = np.asarray(store.image_paths[rows])
    coordinate = {
        f"{name}_{axis}": projection.coordinates[rows, number]
        for name, projection in store.projections.items()
        for number, axis in enumerate("xy")
    }
    preservation = {
        f"{name}_preservation": projection.quality.preservation[rows]
        for name, projection in store.projections.items()
        if projection.quality
    }
    columns = [
        {
            "split": _splits(store, rows),
            "state": _classes(label, store),
            "predicted": _classes(ranking[:, 0], store),
            "correct": ranking[:, 0] == label,
            "confidence": metrics.probabilities(logit).max(axis=1, initial=0).astype(np.float32),
            "rank": (ranking == label[:, None]).argmax(axis=1) + 1,
            "latitude": store.latitudes[rows],
            "longitude": store.longitudes[rows],
        },
        {f"image_{heading}": image[:, view].tolist() for view, heading in enumerate(HEADINGS)},
        coordinate,
        preservation,
        {f"logit_{name}": logit[:, at] for at, name in enumerate(store.class_names) if logits},
    ]
    index = pd.Index(list(store.location_ids[rows]), name="id", dtype="str")
    frame = pd.concat([pd.DataFrame(group, index=index) for group in columns], axis=1)
    for name in frame.columns[frame.columns.duplicated()]:
        raise InputError(f"{name!r} would be two columns; remove the projection of that name.")
    return frame


def row_batches(store: Store, description: str) -> Iterator[slice]:
    """Yield slices that cover the locations of a store, at least one, with a progress bar."""
    with tqdm(
        total=len(store), desc=description, unit="location", delay=2, dynamic_ncols=True
    ) as bar:
        for first in range(0, max(1, len(store)), BATCH_ROWS):
            rows = slice(first, min(first + BATCH_ROWS, len(store)))
            yield rows
            bar.update(rows.stop - rows.start)


def projection_from_frame(
    frame: pd.DataFrame, store: Store, x: str, y: str, source: str
) -> Projection:
    """Return two columns of a table, indexed by `id`, as a projection of a store's locations.

    Rows are matched by id, in any order; `source` is the name of the table. Raises InputError
    when a column is missing, an id is missing, unknown or a duplicate, or a coordinate is not
    finite.
    """
    for name in (x, y):
        if name not in frame.columns:
            raise InputError(f"{source}: has no column {name!r}, but {_listed(frame.columns)}.")
    known = frozenset(store.location_ids)
    frame = frame.set_axis(
        frame.index.map(lambda name: match_name(name, known) if isinstance(name, str) else name)
    )
    _check_ids(frame.index, store, source)
    rows = frame.index.get_indexer(pd.Index(list(store.location_ids), dtype=frame.index.dtype))
    xy = np.column_stack([_numbers(frame, name, source)[rows] for name in (x, y)])
    return Projection(
        method=METHOD,
        coordinates=xy,
        parameters={"table": source, "x": x, "y": y},
        seed=0,
        library="unknown",
    )


def _classes(index: NDArray[np.int64], store: Store) -> pd.Categorical:
    return pd.Categorical.from_codes(index, pd.Index(store.class_names, dtype="str"))


def _splits(store: Store, rows: slice) -> pd.Categorical:
    """Return the names of the splits, missing if the store has none."""
    unknown = np.full(rows.stop - rows.start, -1)
    codes = unknown if store.splits is None else store.splits[rows]
    return pd.Categorical.from_codes(codes, pd.Index(SPLITS, dtype="str"))


def _neighbor_columns(store: Store, index: "pd.Index[str]") -> pd.DataFrame:
    if store.neighbors is None:
        raise InputError("the store has no neighbours; run `resnetbolt project`.")
    location = np.array(store.location_ids, dtype=object)
    return pd.DataFrame(
        {
            "neighbor_id": location[store.neighbors.indices].tolist(),
            "neighbor_distance": store.neighbors.distances.tolist(),
        },
        index=index,
    )


def _check_ids(index: "pd.Index[str]", store: Store, source: str) -> None:
    for name in index[index.duplicated()]:
        raise InputError(f"{source}: has {name!r} twice; keep one row for each location.")
    ids, known = set(index), set(store.location_ids)
    for name in sorted(known - ids):
        raise InputError(
            f"{source}: {len(known - ids)} of {len(known)} locations are missing, among them "
            f"{name!r}; a projection needs all of them."
        )
    for name in sorted(map(str, ids - known)):
        raise InputError(
            f"{source}: {len(ids - known)} rows are not of the store, among them "
            f"{name!r}; remove them or choose the store that they are of."
        )


def _numbers(frame: pd.DataFrame, name: str, source: str) -> NDArray[np.float32]:
    """Return a column as finite float32; raises InputError."""
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    with np.errstate(over="ignore"):
        result = values.astype(np.float32)
    for row in np.flatnonzero(~np.isfinite(result)).tolist():
        raise InputError(
            f"{source}: {name} of {frame.index[row]!r} is {str(frame[name].iloc[row])[:40]!r}, "
            "which is not a finite number; a projection needs all coordinates."
        )
    return result


def _listed(columns: "pd.Index[str]") -> str:
    shown = ", ".join(repr(str(name)) for name in columns[:_MAX_LISTED])
    return f"{shown} and {len(columns) - _MAX_LISTED} more" if len(columns) > _MAX_LISTED else shown
