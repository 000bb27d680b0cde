"""The locations to extract, and which of them the checkpoint has seen."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import InputError
from common.names import canonical_name
from trainer.checkpoint import Checkpoint
from trainer.data.file_names import pano_id
from trainer.data.layout import Index, Location
from workbench.store import SPLITS

SPLIT_OPTIONS = {"train": "training", "validation": "validation", "all": ""}
"""Values of `--split`, and the name of that split in a checkpoint."""


@dataclass(frozen=True)
class Selection:
    """Locations, their (N,) int8 indices into `SPLITS`, and pairs of id and reason left out."""

    locations: tuple[Location, ...]
    splits: NDArray[np.int8]
    skipped: tuple[tuple[str, str], ...]


def select(index: Index, run: Path, checkpoint: Checkpoint, split: str) -> Selection:
    """Return the locations of a split, a key of `SPLIT_OPTIONS`, in the index's order.

    Classes that the training left out are skipped. Raises InputError when there are no locations,
    or classes are unknown to the checkpoint.
    """
    seen = _known_splits(index, checkpoint, split)
    locations, skipped = index.locations, [(item.id, item.reason) for item in index.skipped]
    excluded = set(checkpoint.excluded_classes)
    reason = "the training left out its class, which is small"
    skipped += [(item.id, reason) for item in locations if item.class_name in excluded]
    locations = tuple(item for item in locations if item.class_name not in excluded)
    if split != "all":
        ids = dict.fromkeys(map(canonical_name, checkpoint.split[SPLIT_OPTIONS[split]]))
        locations = tuple(location for location in locations if location.id in ids)
        skipped = [(name, reason) for name, reason in skipped if name in ids]
        reported_ids = {location.id for location in locations} | {name for name, _ in skipped}
        skipped += [(name, "is not in the folder") for name in ids if name not in reported_ids]
        if not locations:
            raise InputError(
                f"{index.root}: holds none of the {len(ids)} locations of the "
                f"{SPLIT_OPTIONS[split]} split of {run}; name their folder with --data."
            )
    unknown = {location.class_name for location in locations} - set(checkpoint.class_names)
    if unknown:
        raise InputError(
            f"{index.root}: the checkpoint in {run} does not know the classes "
            f"{', '.join(sorted(unknown))}; remove them or train with them."
        )
    if not locations:
        raise InputError(
            f"{index.root}: all classes were left out of the training of {run}; choose others."
        )
    splits = np.array([seen.get(location.id, 0) for location in locations], dtype=np.int8)
    return Selection(locations, splits, tuple(skipped))


def _known_splits(index: Index, checkpoint: Checkpoint, split: str) -> dict[str, int]:
    """Return the locations that the checkpoint has seen, by id, as indices into `SPLITS`.

    A pano id is the same place in every folder. The sample numbers of a table start anew in each
    folder, so there an id counts only in the folder of the training, or if a split is named.
    """
    seen = {
        canonical_name(name): SPLITS.index(kind)
        for kind in ("training", "validation")
        for name in checkpoint.split[kind]
    }
    if split != "all" or str(index.root.resolve()) == checkpoint.data_root:
        return seen
    panos = {location.id for location in index.locations if pano_id(location.images[0])}
    return {name: kind for name, kind in seen.items() if name in panos}
