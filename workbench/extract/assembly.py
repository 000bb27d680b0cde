"""From a whole spool to the store."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.layout import Location
from workbench.extract.resume_buffer import Field, Gathered
from workbench.extract.selection import Selection
from workbench.store import Store

ROWS_AT_ONCE = 8192


def assemble(
    gathered: Gathered,
    selection: Selection,
    class_name: tuple[str, ...],
    provenance: Mapping[str, Any],
) -> Store:
    """Return the store of the rows that were gathered; what is large is read when it is written."""
    row = gathered.row
    location = [selection.location[number] for number in row]
    number = {name: label for label, name in enumerate(class_name)}

    def image(rows: NDArray[np.int64]) -> NDArray[Any]:
        return np.array([selection.location[row].images for row in rows], dtype=np.str_)

    return Store(
        class_names=class_name,
        location_ids=tuple(place.id for place in location),
        labels=np.array([number[place.class_name] for place in location], dtype=np.int64),
        latitudes=np.array([place.latitude for place in location]),
        longitudes=np.array([place.longitude for place in location]),
        image_paths=Field(image, row, (4,), np.dtype(np.str_)),
        image_sha256=gathered.field("sha256", row),
        splits=selection.split[row],
        logits=gathered.field("logits", row)[:],
        features=gathered.field("features", row),
        view_features=_if_there(gathered, "view_features", row),
        view_logits=_if_there(gathered, "view_logits", row),
        provenance={**provenance, "data_sha256": _fingerprint(gathered, row, location)},
    )


def _if_there(gathered: Gathered, name: str, row: NDArray[np.int64]) -> Field | None:
    return gathered.field(name, row) if name in gathered.names else None


def _fingerprint(gathered: Gathered, row: NDArray[np.int64], location: list[Location]) -> str:
    """Return a SHA-256, in hexadecimal, over ids and photographs.

    It is made as that of a training (`trainer.data.prepare.PreparedData.fingerprint`): equal
    locations have an equal one.
    """
    result = hashlib.sha256()
    order = sorted(range(len(row)), key=lambda number: location[number].id)
    hashes = gathered.field("sha256", row[order])
    for first in range(0, len(order), ROWS_AT_ONCE):
        block = hashes[first : first + ROWS_AT_ONCE]
        for number, digests in zip(order[first : first + ROWS_AT_ONCE], block, strict=True):
            result.update(f"{location[number].id}\n".encode())
            result.update(digests.tobytes())
    return result.hexdigest()
