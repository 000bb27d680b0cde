"""Problems of a data set: unreadable photographs, odd sizes, shared pano ids, duplicates."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer.data.file_names import pano_id
from trainer.data.layout import Location, SkippedLocation
from trainer.data.prepare import duplicates
from trainer.data.prepare.photograph_index import PreparedData


@dataclass(frozen=True)
class Part:
    """A data folder and its name in the report, such as "train" or "test"."""

    name: str
    data: Path
    prepared: PreparedData


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph: the name of its part, its location, its path and its row in the index."""

    part: str
    location_id: str
    path: str
    row: int


@dataclass(frozen=True)
class PhotographIssue:
    """A photograph that is unreadable or of another size; width and height in pixels."""

    photograph: Photograph
    width: int
    height: int
    problem: str


@dataclass(frozen=True, order=True)
class Relation:
    """How locations that share a photograph or pano id differ; the worst compares as greatest."""

    parts: bool
    classes: bool
    locations: bool

    def __str__(self) -> str:
        """Return the relation in words."""
        within = "one class" if self.locations else "one location"
        where = "several classes" if self.classes else within
        return f"{where}, train and test" if self.parts else where


@dataclass(frozen=True)
class SharedPano:
    """A pano id of several `locations`, each a part and an id."""

    pano_id: str
    locations: tuple[tuple[str, str], ...]
    relation: Relation


@dataclass(frozen=True)
class DuplicatePair:
    """Two photographs with the same bytes or nearly the same image; `distance` in bits."""

    first: Photograph
    second: Photograph
    distance: int
    same_bytes: bool
    relation: Relation


@dataclass(frozen=True)
class Findings:
    """The problems of a data set.

    `common_size` is the most common width and height, None without readable photographs. A
    photograph of another size that is not square is in `other_size` and in `not_square`.
    `shared_panos` and `duplicates` start with the worst: across parts, then across classes.
    `duplicates_complete` is False if the search for duplicates stopped early.
    """

    common_size: tuple[int, int] | None
    unreadable: tuple[PhotographIssue, ...]
    other_size: tuple[PhotographIssue, ...]
    not_square: tuple[PhotographIssue, ...]
    shared_panos: tuple[SharedPano, ...]
    duplicates: tuple[DuplicatePair, ...]
    duplicates_complete: bool


def collect_findings(parts: Sequence[Part]) -> Findings:
    """Find the problems in the indexes of all parts."""
    photographs = [photograph for part in parts for photograph in _photographs(part)]
    tables = {part.name: part.prepared.photographs for part in parts}
    unreadable: list[PhotographIssue] = []
    sizes: dict[Photograph, tuple[int, int]] = {}
    for photograph in photographs:
        table = tables[photograph.part]
        problem = table.problems[photograph.row]
        if problem:
            unreadable.append(PhotographIssue(photograph, 0, 0, problem))
        else:
            width, height = table.widths[photograph.row], table.heights[photograph.row]
            sizes[photograph] = (int(width), int(height))
    # Of equally common sizes, the first one counts.
    common = Counter(sizes.values()).most_common(1)
    common_size = common[0][0] if common else None
    odd = [
        PhotographIssue(photograph, *size, _size_problem(size, common_size))
        for photograph, size in sizes.items()
        if size != common_size or size[0] != size[1]
    ]
    duplicates, complete = _duplicate_pairs(list(sizes), parts)
    return Findings(
        common_size,
        tuple(unreadable),
        tuple(item for item in odd if (item.width, item.height) != common_size),
        tuple(item for item in odd if item.width != item.height),
        tuple(_shared_panos(parts)),
        tuple(duplicates),
        complete,
    )


def _relation(locations: Sequence[tuple[str, str]]) -> Relation:
    """Return how locations, each a part and an id, differ."""
    classes = {id_.partition("/")[0] for _, id_ in locations}
    parts = {part for part, _ in locations}
    return Relation(len(parts) > 1, len(classes) > 1, len(set(locations)) > 1)


def _photographs(part: Part) -> Iterator[Photograph]:
    for location in _locations(part):
        for path in location.images:
            yield Photograph(part.name, location.id, path, part.prepared.photographs.rows[path])


def _locations(part: Part) -> list[Location | SkippedLocation]:
    return [*part.prepared.index.locations, *part.prepared.index.skipped]


def _size_problem(size: tuple[int, int], common_size: tuple[int, int] | None) -> str:
    problems = []
    if common_size is not None and size != common_size:
        problems.append(f"not {common_size[0]}x{common_size[1]}")
    if size[0] != size[1]:
        problems.append("not square")
    return ", ".join(problems)


def _shared_panos(parts: Sequence[Part]) -> list[SharedPano]:
    locations: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for part in parts:
        for location in _locations(part):
            pano = pano_id(location.images[0]) if location.images else None
            if pano:
                locations[pano].append((part.name, location.id))
    shared = [
        SharedPano(pano, tuple(sharing), _relation(sharing))
        for pano, sharing in sorted(locations.items())
        if len(sharing) > 1
    ]
    return sorted(shared, key=lambda item: item.relation, reverse=True)


def _duplicate_pairs(
    readable: Sequence[Photograph], parts: Sequence[Part]
) -> tuple[list[DuplicatePair], bool]:
    sha256, difference_hashes = [], []
    for part in parts:
        table = part.prepared.photographs
        rows = np.array(
            [photograph.row for photograph in readable if photograph.part == part.name], dtype=int
        )
        sha256.append(table.sha256[rows])
        difference_hashes.append(table.difference_hashes[rows])
    found = duplicates.find_duplicates(np.concatenate(sha256), np.concatenate(difference_hashes))
    result = []
    for first_row, second_row, distance, same_bytes in zip(
        found.first.tolist(),
        found.second.tolist(),
        found.distance.tolist(),
        found.same_bytes.tolist(),
        strict=True,
    ):
        first, second = readable[first_row], readable[second_row]
        relation = _relation([(item.part, item.location_id) for item in (first, second)])
        result.append(DuplicatePair(first, second, distance, same_bytes, relation))
    result.sort(key=lambda item: (not item.same_bytes, item.distance))
    result.sort(key=lambda item: item.relation, reverse=True)
    return result, found.complete
