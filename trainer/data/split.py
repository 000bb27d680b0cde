"""Split of the locations into training and validation."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from common.errors import InputError
from trainer.data.layout import Index, Location


@dataclass(frozen=True)
class Split:
    """Training and validation locations; no location is in both."""

    training: tuple[Location, ...]
    validation: tuple[Location, ...]


def split_by_location(index: Index, validation_fraction: float, seed: int) -> Split:
    """Split each class by location; hold out `validation_fraction` of it, at least one location.

    Raises InputError for a class with fewer than two usable locations, and for a single class.
    """
    generator = np.random.default_rng(seed)
    training: list[Location] = []
    validation: list[Location] = []
    by_class: defaultdict[str, list[Location]] = defaultdict(list)
    for location in index.locations:
        by_class[location.class_name].append(location)
    # Dropped silently, such a class would be missing from the model.
    for skipped in index.skipped:
        name, _, rest = skipped.id.partition("/")
        if rest and name not in by_class:
            raise InputError(
                f"{index.root / name}: none of its locations can be used ({skipped.id}: "
                f"{skipped.reason}); replace the photographs or remove the folder."
            )
    if len(by_class) < 2:
        raise InputError(
            f"{index.root}: training needs at least two classes; add another class folder."
        )
    for name, members in sorted(by_class.items()):
        if len(members) < 2:
            raise InputError(
                f"{index.root / name}: a class needs two complete locations, one to train and "
                "one to validate; add photographs or remove the folder."
            )
        held_out = min(max(1, round(validation_fraction * len(members))), len(members) - 1)
        order = generator.permutation(len(members))
        validation += [members[row] for row in sorted(order[:held_out])]
        training += [members[row] for row in sorted(order[held_out:])]
    return Split(tuple(training), tuple(validation))
