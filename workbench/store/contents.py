"""The contents of a store: N locations, S classes, D features of a location, W of a view."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.results import NeighborGraph, PrincipalComponents, Projection

HEADINGS = ("N", "E", "S", "W")
SPLITS = ("test", "training", "validation")
"""The split of the training that a location was in; `/location/split` indexes this tuple."""


class Rows(Protocol):
    """An array, or a part of a file that is read when it is indexed."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape, N first."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the dtype."""
        ...

    def __len__(self) -> int:
        """Return N."""
        ...

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Return rows by integer, slice or integer array."""
        ...


@dataclass(frozen=True)
class Store:
    """N locations, S classes, and what was computed from them; row i of each array is location i.

    `class_names` has S names, `location_ids` N unique ids. `labels` is (N,) int64 in [0, S),
    `latitudes` and `longitudes` (N,) float64 in degrees (NaN: unknown), `logits` (N, S) float32,
    `splits` (N,) int8 indices into `SPLITS`. `provenance` describes the extraction.

    `image_paths` (N, 4) are relative paths and `image_sha256` (N, 4, 32) uint8 hashes, N, E, S, W.
    `features` is (N, D), `view_features` (N, 4, W) and `view_logits` (N, 4, S), all float32; the
    last two are None if the fusion has none. These are read from the file when they are indexed.

    `components` and `neighbors` are None before `workbench.project` has run. `knn_accuracy` is the
    leave-one-out accuracy of k-nearest-neighbour classification, in [0, 1], by k. `projections` is
    by name.
    """

    class_names: tuple[str, ...]
    location_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]
    image_paths: Rows
    logits: NDArray[np.float32]
    features: Rows
    provenance: Mapping[str, Any]
    image_sha256: Rows | None = None
    splits: NDArray[np.int8] | None = None
    view_features: Rows | None = None
    view_logits: Rows | None = None
    components: PrincipalComponents | None = None
    neighbors: NeighborGraph | None = None
    knn_accuracy: Mapping[int, float] = field(default_factory=dict)
    projections: Mapping[str, Projection] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return N, the number of locations."""
        return len(self.location_ids)
