"""What is odd about photographs that were read: numbers and lists, before any report."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.data.layout import Location, SkippedLocation, pano_id
from trainer.data.prepare import duplicates
from trainer.data.prepare.photograph_index import PreparedData


@dataclass(frozen=True)
class Part:
    """A data folder that was read, under the name that the report gives it."""

    name: str
    data: Path
    prepared: PreparedData


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph: the name of its part, its location's id, its path and its row there."""

    part: str
    location_id: str
    path: str
    row: int


@dataclass(frozen=True)
class PhotographIssue:
    """A photograph that cannot be read or is of another size; width and height in pixels."""

    photograph: Photograph
    width: int
    height: int
    problem: str


@dataclass(frozen=True, order=True)
class Relation:
    """In what places differ that should share nothing; what matters most compares as greatest."""

    parts: bool
    classes: bool
    locations: bool

    def __str__(self) -> str:
        """Say so in words."""
        within = "one class" if self.locations else "one location"
        where = "several classes" if self.classes else within
        return f"{where}, train and test" if self.parts else where


@dataclass(frozen=True)
class SharedPano:
    """A pano id that more than one location has: their parts and ids, and how they differ."""

    pano_id: str
    locations: tuple[tuple[str, str], ...]
    relation: Relation


@dataclass(frozen=True)
class DuplicatePair:
    """Two photographs with the same bytes or nearly the same picture; `distance` in bits."""

    first: Photograph
    second: Photograph
    distance: int
    same_bytes: bool
    relation: Relation


@dataclass(frozen=True)
class Findings:
    """All that is odd; `common_size` is the most common width and height, None without photographs.

    `shared_panos` and `duplicates` begin with what matters most: across parts, then across classes. `duplicates` is
    not all, and `duplicates_complete` False, where the search for nearly the same pictures ended early.
    """

    common_size: tuple[int, int] | None
    unreadable: tuple[PhotographIssue, ...]
    other_size: tuple[PhotographIssue, ...]
    shared_panos: tuple[SharedPano, ...]
    duplicates: tuple[DuplicatePair, ...]
    duplicates_complete: bool


def collect_findings(parts: Sequence[Part]) -> Findings:
    """Look through the readings of all parts."""
    everything = [photograph for part in parts for photograph in _photographs(part)]
    readings_of = {part.name: part.prepared.photographs for part in parts}
    unreadable: list[PhotographIssue] = []
    sizes: dict[Photograph, tuple[int, int]] = {}
    for photograph in everything:
        readings = readings_of[photograph.part]
        problem = readings.problems[photograph.row]
        if problem:
            unreadable.append(PhotographIssue(photograph, 0, 0, problem))
        else:
            width, height = readings.widths[photograph.row], readings.heights[photograph.row]
            sizes[photograph] = (int(width), int(height))
    # Of sizes as common as each other the first photograph's counts.
    common = Counter(sizes.values()).most_common(1)
    side = common[0][0] if common else None
    other_size = [
        PhotographIssue(photograph, *size, _size_problem(size, side))
        for photograph, size in sizes.items()
        if size != side or size[0] != size[1]
    ]
    twice, all_twice = _duplicate_pairs(list(sizes), parts)
    return Findings(
        side,
        tuple(unreadable),
        tuple(other_size),
        tuple(_shared_panos(parts)),
        tuple(twice),
        all_twice,
    )


def _relation(places: Sequence[tuple[str, str]]) -> Relation:
    """Return how places differ, each given by its part and location id."""
    classes = {identity.partition("/")[0] for _, identity in places}
    parts = {part for part, _ in places}
    return Relation(len(parts) > 1, len(classes) > 1, len(set(places)) > 1)


def _photographs(part: Part) -> Iterator[Photograph]:
    for place in _locations(part):
        for path in place.images:
            yield Photograph(part.name, place.id, path, part.prepared.photographs.rows[path])


def _locations(part: Part) -> list[Location | SkippedLocation]:
    return [*part.prepared.index.locations, *part.prepared.index.skipped]


def _size_problem(size: tuple[int, int], side: tuple[int, int] | None) -> str:
    what = []
    if side is not None and size != side:
        what.append(f"not {side[0]}x{side[1]}")
    if size[0] != size[1]:
        what.append("not square")
    return ", ".join(what)


def _shared_panos(parts: Sequence[Part]) -> list[SharedPano]:
    places: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for part in parts:
        for place in _locations(part):
            pano = pano_id(place.images[0]) if place.images else None
            if pano:
                places[pano].append((part.name, place.id))
    shared = [
        SharedPano(pano, tuple(found), _relation(found))
        for pano, found in sorted(places.items())
        if len(found) > 1
    ]
    return sorted(shared, key=lambda item: item.relation, reverse=True)


def _duplicate_pairs(
    readable: Sequence[Photograph], parts: Sequence[Part]
) -> tuple[list[DuplicatePair], bool]:
    sha256, difference_hash = [], []
    for part in parts:
        readings = part.prepared.photographs
        rows = np.array(
            [photograph.row for photograph in readable if photograph.part == part.name], dtype=int
        )
        sha256.append(readings.sha256[rows])
        difference_hash.append(readings.difference_hashes[rows])
    found = duplicates.find_duplicates(np.concatenate(sha256), np.concatenate(difference_hash))
    result = []
    for first, second, distance, same_bytes in zip(
        found.first.tolist(),
        found.second.tolist(),
        found.distance.tolist(),
        found.same_bytes.tolist(),
        strict=True,
    ):
        one, other = readable[first], readable[second]
        how = _relation([(one.part, one.location_id), (other.part, other.location_id)])
        result.append(DuplicatePair(one, other, distance, same_bytes, how))
    result.sort(key=lambda item: (not item.same_bytes, item.distance))
    result.sort(key=lambda item: item.relation, reverse=True)
    return result, found.complete
