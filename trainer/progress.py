"""How every stage shows how far it has come."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress(
    batches: Iterable[Any], what: str, *, total: int | None = None, silent: bool = False
) -> "tqdm[Any]":
    """Return the batches under a bar with rate and time left."""
    return tqdm(
        batches,
        desc=what,
        total=total,
        unit="batch",
        dynamic_ncols=True,
        mininterval=0.5,
        disable=silent,
    )
