"""Which locations of a folder are meant, and what the checkpoint knew of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import InputError
from trainer.checkpoint import Checkpoint
from trainer.data.layout import Index, Location, pano_id
from workbench.store import SPLITS

PARTS = {"train": "training", "validation": "validation", "all": ""}
"""What `--split` may say, and the name of that part in a checkpoint."""


@dataclass(frozen=True)
class Selection:
    """Locations to extract, (N,) int8 indices into `SPLITS`, and the ids that are left out."""

    location: tuple[Location, ...]
    split: NDArray[np.int8]
    skipped: tuple[tuple[str, str], ...]


def select(index: Index, run: Path, checkpoint: Checkpoint, part: str) -> Selection:
    """Return the locations of a part, "train", "validation" or "all", in the index's order.

    Raises InputError when there are none, or a class is unknown to the checkpoint.
    """
    known = _known(index, checkpoint, part)
    location, skipped = index.locations, [(item.id, item.reason) for item in index.skipped]
    if part != "all":
        wanted = dict.fromkeys(checkpoint.split[PARTS[part]])
        location = tuple(place for place in location if place.id in wanted)
        skipped = [(name, why) for name, why in skipped if name in wanted]
        found = {place.id for place in location} | {name for name, _ in skipped}
        skipped += [(name, "is not in the folder") for name in wanted if name not in found]
        if not location:
            raise InputError(
                f"{index.root}: holds none of the {len(wanted)} locations of the {PARTS[part]} "
                f"part of {run}; name their folder with --data."
            )
    unknown = sorted({place.class_name for place in location} - set(checkpoint.class_names))
    if unknown:
        raise InputError(
            f"{index.root / unknown[0]}: the checkpoint in {run} does not know this class; "
            "remove the folder or train with it."
        )
    split = np.array([known.get(place.id, 0) for place in location], dtype=np.int8)
    return Selection(location, split, tuple(skipped))


def _known(index: Index, checkpoint: Checkpoint, part: str) -> dict[str, int]:
    """Return which locations of a folder the checkpoint knew, by id, as an index into `SPLITS`.

    A pano id is the same place wherever its photographs lie, but the numbers of a table's samples
    begin anew in each folder: there an id says something in the folder that was trained on, or
    where somebody asks for a part by name.
    """
    known = {
        name: SPLITS.index(kind)
        for kind in ("training", "validation")
        for name in checkpoint.split[kind]
    }
    if part != "all" or str(index.root.resolve()) == checkpoint.data_root:
        return known
    lasting = {place.id for place in index.locations if pano_id(place.images[0])}
    return {name: kind for name, kind in known.items() if name in lasting}
