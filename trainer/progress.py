"""How every stage shows how far it has come."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress(batches: Iterable[Any], what: str) -> "tqdm[Any]":
    """Return the batches under a bar with rate and time left."""
    return tqdm(batches, desc=what, unit="batch", dynamic_ncols=True, mininterval=0.5)
