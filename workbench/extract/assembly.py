"""The store of a complete resume buffer."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.resume_buffer import Results
from trainer.data.layout import data_fingerprint
from workbench.extract.selection import Selection
from workbench.store import Store

BATCH = 1
"""Kind of the buffer's records: the rows of a batch; the keys are the numbers of the batches."""


class LazyRows:
    """An array of rows that are computed when they are indexed."""

    def __init__(
        self,
        read: Callable[[NDArray[np.int64]], NDArray[Any]],
        rows: NDArray[np.int64],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        """Row i is `read(rows[i])`; `shape` and `dtype` are those of one row."""
        self._read, self._rows = read, rows
        self.shape = (len(rows), *shape)
        self.dtype = dtype

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Return the rows of an index: an integer, a slice or an array of integers."""
        rows = self._rows[index]
        result = self._read(np.atleast_1d(rows))
        return result if rows.ndim else result[0]


class ExtractedRows:
    """The rows of all batches in a buffer, by their number in the selection.

    `rows` (R,) are the numbers that exist, sorted.
    """

    def __init__(self, results: Results, row_dtype: np.dtype[Any]) -> None:
        self._dtype = row_dtype
        self._batches = [
            np.frombuffer(results.payload(key, BATCH), row_dtype) for key in results.keys(BATCH)
        ]
        # Batches hold ascending rows, and their keys ascend: so do all rows.
        self._starts = np.array([batch["row"][0] for batch in self._batches], dtype=np.int64)
        empty = np.empty(0, np.uint32)
        rows = np.concatenate([empty, *(batch["row"] for batch in self._batches)])
        self.rows: NDArray[np.int64] = rows.astype(np.int64)

    def field(self, name: str) -> LazyRows:
        """Return a field of all rows, which are read when they are indexed."""
        dtype = self._dtype[name]
        return LazyRows(lambda rows: self._read(name, rows), self.rows, dtype.shape, dtype.base)

    def optional_field(self, name: str) -> LazyRows | None:
        """Return a field, None if the rows do not have it."""
        return self.field(name) if name in (self._dtype.names or ()) else None

    def _read(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        dtype = self._dtype[name]
        result = np.empty((len(rows), *dtype.shape), dtype.base)
        numbers = np.searchsorted(self._starts, rows, side="right") - 1
        order = np.argsort(numbers, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
            if len(group):
                batch = self._batches[numbers[group[0]]]
                result[group] = batch[name][np.searchsorted(batch["row"], rows[group])]
        return result


def assemble(
    extracted_rows: ExtractedRows,
    selection: Selection,
    class_names: tuple[str, ...],
    provenance: Mapping[str, Any],
) -> Store:
    """Return the store of the extracted rows; large arrays are read when they are written."""
    locations = [selection.locations[row] for row in extracted_rows.rows]
    label_of = {name: label for label, name in enumerate(class_names)}
    ids = tuple(location.id for location in locations)
    sha256 = extracted_rows.field("sha256")

    def image_paths(rows: NDArray[np.int64]) -> NDArray[Any]:
        return np.array([selection.locations[row].images for row in rows], dtype=np.str_)

    fingerprint = data_fingerprint(
        (name, digests.tobytes()) for name, digests in zip(ids, sha256[:], strict=True)
    )
    return Store(
        class_names=class_names,
        location_ids=ids,
        labels=np.array([label_of[location.class_name] for location in locations], dtype=np.int64),
        latitudes=np.array([location.latitude for location in locations]),
        longitudes=np.array([location.longitude for location in locations]),
        image_paths=LazyRows(image_paths, extracted_rows.rows, (4,), np.dtype(np.str_)),
        image_sha256=sha256,
        splits=selection.splits[extracted_rows.rows],
        logits=extracted_rows.field("logits")[:],
        features=extracted_rows.field("features"),
        view_features=extracted_rows.optional_field("view_features"),
        view_logits=extracted_rows.optional_field("view_logits"),
        provenance={**provenance, "data_sha256": fingerprint},
    )
