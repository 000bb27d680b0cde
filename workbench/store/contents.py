"""What a store holds: N locations, S classes, D features of a location, W of a view."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.results import NeighborGraph, PrincipalComponents, Projection

HEADINGS = ("N", "E", "S", "W")
SPLITS = ("test", "training", "validation")
"""What the checkpoint knew of a location; `/location/split` counts from 0 in this order."""


class Rows(Protocol):
    """An array whose rows may still lie in a file: reading takes place where it is indexed."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the length of each axis, N first."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the kind of its numbers."""
        ...

    def __len__(self) -> int:
        """Return N."""
        ...

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Return some rows, by number, slice or rising numbers."""
        ...


@dataclass(frozen=True)
class Store:
    """What a store says of N locations and S classes; row i of every array is one location.

    `class_names` has S names, `location_ids` N unique ids, `labels` is (N,) int64 in [0, S),
    `latitudes` and `longitudes` (N,) float64 in degrees (NaN: unknown), `logits` (N, S) float32,
    `splits` (N,) int8 an index into `SPLITS`. `provenance` says what it was made from.

    `image_paths` (N, 4) relative paths and `image_sha256` (N, 4, 32) uint8, N, E, S, W, `features` (N, D)
    float32, `view_features` (N, 4, W) float32 and `view_logits` (N, 4, S) float32 stay on disk until
    they are indexed; the last two are None where the fusion has none.

    `components` and `neighbors` are those of `workbench.project`, None before;
    `knn_accuracy` is the share of locations, in [0, 1], whose true class k neighbours vote
    for, by k; `projections` has the maps by name.
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
