"""A store as a table with a row for each location, and a map from a table made elsewhere."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from common.errors import InputError
from embeddings.results import Projection
from workbench.evaluation import metrics
from workbench.store import HEADINGS, SPLITS, Store

METHOD = "imported"
"""The method of a map that was made elsewhere."""

ROWS_AT_ONCE = 8192
_SHOWN = 12  # As many columns' names still make one sentence.


def to_frame(
    store: Store, *, logits: bool = False, neighbours: bool = False, features: bool = False
) -> pd.DataFrame:
    """Return a store as a table, indexed by `id`, a row for each location in the store's order.

    Columns: `split`, `state` (the true class), `predicted` and the like, as
    `docs/interchange.md` lists them; `logits` adds `logit_<class>` (float32, nat), `neighbours`
    `neighbour_id` and `neighbour_distance` (lists, the nearest first), `features` `feature_<d>`
    (float32) for each of the D features, which are read whole. Raises InputError for neighbours
    that the store does not have, and for classes and maps that would share a column.
    """
    columns = [part(store, slice(0, len(store)), logits=logits)]
    index = columns[0].index
    if neighbours:
        columns.append(_neighbours(store, index))
    if features:
        values = np.asarray(store.features[:], dtype=np.float32)
        names = [f"feature_{number}" for number in range(values.shape[1])]
        columns.append(pd.DataFrame(values, index=index, columns=names))
    return pd.concat(columns, axis=1)


def part(store: Store, rows: slice, *, logits: bool = False) -> pd.DataFrame:
    """Return some rows of the table that `to_frame` returns, without neighbours and features."""
    logit = store.logits[rows]
    label = store.labels[rows]
    ranking = metrics.rank_classes(logit)
    image = np.asarray(store.image_paths[rows])
    coordinate = {
        f"{name}_{axis}": made.coordinates[rows, number]
        for name, made in store.projections.items()
        for number, axis in enumerate("xy")
    }
    preservation = {
        f"{name}_preservation": made.quality.preservation[rows]
        for name, made in store.projections.items()
        if made.quality
    }
    columns = [
        {
            "split": _split(store, rows),
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
        raise InputError(f"{name!r} would be two columns; remove the map of that name.")
    return frame


def blocks(store: Store, what: str) -> Iterator[slice]:
    """Yield slices that cover the locations of a store, one at least, under a bar."""
    with tqdm(total=len(store), desc=what, unit="location", delay=2, dynamic_ncols=True) as bar:
        for first in range(0, max(1, len(store)), ROWS_AT_ONCE):
            rows = slice(first, min(first + ROWS_AT_ONCE, len(store)))
            yield rows
            bar.update(rows.stop - rows.start)


def coordinates(frame: pd.DataFrame, store: Store, x: str, y: str, source: str) -> Projection:
    """Return two columns of a table that is indexed by `id` as a map of a store's locations.

    Rows are matched by id and may stand in any order; `source` names the table. Raises InputError
    when a column is missing, an id is missing, unknown or given twice, or a coordinate is no
    finite number.
    """
    for name in (x, y):
        if name not in frame.columns:
            raise InputError(f"{source}: has no column {name!r}, but {_listed(frame.columns)}.")
    _check_ids(frame.index, store, source)
    place = frame.index.get_indexer(pd.Index(list(store.location_ids), dtype=frame.index.dtype))
    coordinate = np.column_stack([_numbers(frame, name, source)[place] for name in (x, y)])
    return Projection(
        method=METHOD,
        coordinates=coordinate,
        parameters={"table": source, "x": x, "y": y},
        seed=0,
        library="unknown",
    )


def _classes(index: NDArray[np.int64], store: Store) -> pd.Categorical:
    return pd.Categorical.from_codes(index, pd.Index(store.class_names, dtype="str"))


def _split(store: Store, rows: slice) -> pd.Categorical:
    """Return the names of the splits, missing where an older store does not say."""
    unknown = np.full(rows.stop - rows.start, -1)
    codes = unknown if store.splits is None else store.splits[rows]
    return pd.Categorical.from_codes(codes, pd.Index(SPLITS, dtype="str"))


def _neighbours(store: Store, index: "pd.Index[str]") -> pd.DataFrame:
    if store.neighbors is None:
        raise InputError("the store has no neighbours yet; run `python -m workbench.project`.")
    location = np.array(store.location_ids, dtype=object)
    return pd.DataFrame(
        {
            "neighbour_id": location[store.neighbors.indices].tolist(),
            "neighbour_distance": store.neighbors.distances.tolist(),
        },
        index=index,
    )


def _check_ids(index: "pd.Index[str]", store: Store, source: str) -> None:
    for name in index[index.duplicated()]:
        raise InputError(f"{source}: has {name!r} twice; keep one row for each location.")
    given, known = set(index), set(store.location_ids)
    for name in sorted(known - given):
        raise InputError(
            f"{source}: {len(known - given)} of {len(known)} locations are missing, among them "
            f"{name!r}; a map needs all of them."
        )
    for name in sorted(map(str, given - known)):
        raise InputError(
            f"{source}: {len(given - known)} rows are of no location of the store, among them "
            f"{name!r}; leave them out or name the store that they are of."
        )


def _numbers(frame: pd.DataFrame, name: str, source: str) -> NDArray[np.float32]:
    """Return a column as (rows) float32, all of it finite."""
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    with np.errstate(over="ignore"):
        result = values.astype(np.float32)
    for row in np.flatnonzero(~np.isfinite(result)).tolist():
        raise InputError(
            f"{source}: {name} of {frame.index[row]!r} is {str(frame[name].iloc[row])[:40]!r}, "
            "which is no finite number; a map needs a place for every location."
        )
    return result


def _listed(columns: "pd.Index[str]") -> str:
    shown = ", ".join(repr(str(name)) for name in columns[:_SHOWN])
    return f"{shown} and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else shown
