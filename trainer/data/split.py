"""Split of the locations into training and validation."""

from dataclasses import dataclass, replace

import numpy as np

from common.errors import InputError
from trainer.data.layout import Index, Location, SkippedLocation

MIN_LOCATIONS = 2
"""Locations that a class needs: one to train and one to validate."""


@dataclass(frozen=True)
class Split:
    """Training and validation locations; no location is in both."""

    training: tuple[Location, ...]
    validation: tuple[Location, ...]


def exclude_small_classes(index: Index, min_locations: int) -> Index:
    """Return an index without the classes that have fewer usable locations than `min_locations`.

    Their names are in `excluded_classes` and their locations in `skipped`, with the reason.
    """
    small = {name: len(members) for name, members in _by_class(index).items()}
    small = {name: count for name, count in small.items() if count < min_locations}
    skipped = [
        SkippedLocation(
            location.id,
            f"its class has fewer usable locations ({small[location.class_name]}) than "
            f"--min-locations {min_locations}",
            location.images,
        )
        for location in index.locations
        if location.class_name in small
    ]
    return replace(
        index,
        locations=tuple(item for item in index.locations if item.class_name not in small),
        skipped=(*index.skipped, *skipped),
        excluded_classes=tuple(sorted(small)),
    )


def small_classes(index: Index) -> list[str]:
    """Return phrases with the classes that have too few usable locations to be split."""
    reasons = {
        item.id.partition("/")[0]: f"; {item.id}: {item.reason.rstrip('.')}"
        for item in reversed(index.skipped)
    }
    return [
        f"{name} ({len(members)}{'' if members else reasons[name]})"
        for name, members in sorted(_by_class(index).items())
        if len(members) < MIN_LOCATIONS
    ]


def split_by_location(index: Index, validation_fraction: float, seed: int) -> Split:
    """Split each class by location; hold out `validation_fraction` of it, at least one location.

    Raises InputError for classes with fewer than two usable locations, and for a single class.
    """
    generator = np.random.default_rng(seed)
    training: list[Location] = []
    validation: list[Location] = []
    small = small_classes(index)
    if small:
        raise InputError(
            f"{index.root}: training needs {MIN_LOCATIONS} usable locations of each class, one to "
            f"train and one to validate; these have fewer: {', '.join(small)}. Add or repair "
            f"photographs, or leave these classes out with --min-locations {MIN_LOCATIONS}."
        )
    by_class = _by_class(index)
    if len(by_class) < 2:
        excluded = len(index.excluded_classes)
        advice = f"{excluded} are left out: lower --min-locations" if excluded else "add a folder"
        raise InputError(f"{index.root}: training needs at least two classes; {advice}.")
    for _, members in sorted(by_class.items()):
        held_out = min(max(1, round(validation_fraction * len(members))), len(members) - 1)
        order = generator.permutation(len(members))
        validation += [members[row] for row in sorted(order[:held_out])]
        training += [members[row] for row in sorted(order[held_out:])]
    return Split(tuple(training), tuple(validation))


def _by_class(index: Index) -> dict[str, list[Location]]:
    """Return the usable locations of each class, also of those that have none.

    Excluded classes are left out, and folders without photographs, which are no classes.
    """
    result: dict[str, list[Location]] = {}
    for location in index.locations:
        result.setdefault(location.class_name, []).append(location)
    for skipped in index.skipped:
        name, _, rest = skipped.id.partition("/")
        if rest and name not in index.excluded_classes:
            result.setdefault(name, [])  # Left out silently, it would be missing from the model.
    return result
