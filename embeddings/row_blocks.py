"""Features a block of rows at a time, so that they need not lie in memory, let alone twice."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Features(Protocol):
    """Features (N, D): an array, or a file that gives float32 for a slice of rows."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers of locations and of features."""

    def __getitem__(self, rows: slice, /) -> NDArray[np.float32]:
        """Return the features (n, D) of a slice of rows."""


def blocks(length: int, size: int) -> Iterator[slice]:
    """Return the slices of at most `size` rows that `length` rows fall into, in order."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
