"""Slices of rows, so that features need not be in memory at once."""

from collections.abc import Iterator


def row_batches(length: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` rows that cover `length` rows; none for no rows."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
