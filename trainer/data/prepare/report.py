"""What was found in the photographs, as a page to read and tables to work on."""

import csv
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from common.files import atomic_write
from trainer.data.layout import Location
from trainer.data.prepare.duplicates import BITS, MAX_PAIRS, THRESHOLD
from trainer.data.prepare.findings import (
    DuplicatePair,
    Findings,
    Part,
    PhotographIssue,
    SharedPano,
    collect_findings,
)

MAX_ROWS = 20
"""Rows of a long list on the page; its table has all."""
BAR_LENGTH = 20
"""Characters of the longest bar."""
Row = Sequence[object]


def write_report(index_path: Path, parts: Sequence[Part]) -> Path:
    """Write the report and its tables beside the index of the first part; return the report."""
    found = collect_findings(parts)
    stem = index_path.name.removesuffix(".sqlite").removesuffix(".index")
    tables: dict[str, list[Row]] = {
        "skipped": [("part", "id", "reason"), *_skipped(parts)],
        "photographs": [
            ("part", "path", "width", "height", "problem"),
            *map(_issue_row, found.unreadable + found.other_size),
        ],
        "panos": [("pano", "relation", "part", "id"), *_pano_rows(found.shared_panos)],
        "duplicates": [
            ("relation", "same_bytes", "distance", "part", "path", "other_part", "other_path"),
            *map(_duplicate_row, found.duplicates),
        ],
    }
    for name, rows in tables.items():
        with atomic_write(index_path.with_name(f"{stem}.{name}.csv")) as partial:
            _table_writer(rows)(partial)
    report = index_path.with_name(f"{stem}.report.md")
    text = report_page(stem, parts, found)
    with atomic_write(report) as partial:
        partial.write_text(text, "utf-8", "backslashreplace")
    return report


def report_page(stem: str, parts: Sequence[Part], found: Findings) -> str:
    """Return the report as Markdown; `stem` begins the names of the tables beside it."""
    sections = [
        [f"# Photographs in {_escape(parts[0].data.resolve().name)}", "", *_overview(parts, found)],
        ["## Locations of each class", "", *_classes(parts)],
        ["## Channels", "", *_statistics(parts)],
        ["## Locations left out", "", *_left_out(stem, parts)],
        ["## Photographs that cannot be read", "", *_issues(stem, found.unreadable, _UNREADABLE)],
        ["## Photographs of another size", "", *_issues(stem, found.other_size, _size(found))],
        ["## Pano ids of several locations", "", *_panos(stem, found)],
        ["## Photographs that are there twice", "", *_duplicates(stem, found)],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


_UNREADABLE = "Their locations are left out, for training would stop at them."


def _size(found: Findings) -> str:
    if found.common_size is None:
        return ""
    return (
        f"Most are {found.common_size[0]}x{found.common_size[1]} pixels, upright. The others, and those that "
        "are not square, are stretched to the size that training asks for."
    )


def _overview(parts: Sequence[Part], found: Findings) -> list[str]:
    def odd(name: str, items: Sequence[PhotographIssue]) -> list[object]:
        return [name, *(sum(item.photograph.part == part.name for item in items) for part in parts)]

    places = [part.prepared.index.locations for part in parts]
    readings = [part.prepared.photographs for part in parts]
    rows: list[Row] = [
        ["folder", *(_escape(part.data) for part in parts)],
        ["locations that can be used", *map(len, places)],
        ["of these, without coordinates", *map(_without_coordinates, places)],
        ["locations left out", *(len(part.prepared.index.skipped) for part in parts)],
        ["photographs", *(len(item.rows) for item in readings)],
        odd("of these, unreadable", found.unreadable),
        odd("of these, of another size", found.other_size),
        ["size, MB", *(f"{item.sizes.sum() / 1e6:,.1f}" for item in readings)],
    ]
    return _markdown(["", *(part.name for part in parts)], rows)


def _classes(parts: Sequence[Part]) -> list[str]:
    counts = [
        Counter(place.class_name for place in part.prepared.index.locations) for part in parts
    ]
    left_out = Counter(
        skipped.id.partition("/")[0] for part in parts for skipped in part.prepared.index.skipped
    )
    names = sorted(set(left_out).union(*counts))
    rows: list[Row] = [
        [
            _escape(name),
            *(cell for count in counts for cell in (count[name], _bar(count, name))),
            left_out[name],
        ]
        for name in names
    ]
    header = ["class", *(cell for part in parts for cell in (part.name, "")), "left out"]
    return [
        f"{len(names):,} classes; the bars compare the classes of one column.",
        "",
        *_markdown(header, rows),
    ]


def _bar(count: Counter[str], name: str) -> str:
    """Return a bar for a class, as long as its share of the largest class is high."""
    return "█" * round(BAR_LENGTH * count[name] / max(count.values(), default=1))


def _statistics(parts: Sequence[Part]) -> list[str]:
    rows: list[Row] = []
    for part in parts:
        location = part.prepared.index.locations
        if location:
            mean, deviation = part.prepared.statistics(location)
            for name, values in (("mean", mean), ("deviation", deviation)):
                rows.append([part.name, name, *(f"{value:.6f}" for value in values)])
    return [
        "Of all pixels of the locations that can be used, black being 0 and white 1. A training "
        "measures them anew over the part that it trains on.",
        "",
        *_markdown(["part", "", "red", "green", "blue"], rows),
    ]


def _left_out(stem: str, parts: Sequence[Part]) -> list[str]:
    rows = [(part, _escape(place), _escape(reason)) for part, place, reason in _skipped(parts)]
    return _list_section(f"{stem}.skipped.csv", "", ["part", "location", "reason"], rows)


def _issues(stem: str, items: Sequence[PhotographIssue], about: str) -> list[str]:
    rows = [
        (part, _escape(path), f"{width}x{height}" if width else "", what)
        for part, path, width, height, what in map(_issue_row, items)
    ]
    header = ["part", "photograph", "size", "problem"]
    return _list_section(f"{stem}.photographs.csv", about, header, rows)


def _panos(stem: str, found: Findings) -> list[str]:
    rows = [
        (
            _escape(item.pano_id),
            item.relation,
            ", ".join(f"{part}: {_escape(identity)}" for part, identity in item.locations),
        )
        for item in found.shared_panos
    ]
    about = (
        "One panorama is one place at one time: in several classes it contradicts itself, in "
        "train and test it gives an answer away."
    )
    return _list_section(f"{stem}.panos.csv", about, ["pano id", "found in", "locations"], rows)


def _duplicates(stem: str, found: Findings) -> list[str]:
    about = (
        "The same bytes (SHA-256), or nearly the same picture: difference hashes, whether it gets "
        f"brighter to the right at {BITS} places, that differ in at most {THRESHOLD} bits. "
        "Of several copies each is listed with the first alone."
    )
    if not found.duplicates_complete:
        about += f" The search ended at {MAX_PAIRS:,} pairs of nearly the same picture."
    counts = Counter((str(item.relation), item.same_bytes) for item in found.duplicates)
    summary: list[Row] = [
        (relation, counts[relation, True], counts[relation, False])
        for relation in dict.fromkeys(str(item.relation) for item in found.duplicates)
    ]
    rows = [
        (
            item.relation,
            "same bytes" if item.same_bytes else item.distance,
            *(f"{p.part}: {_escape(p.path)}" for p in (item.first, item.second)),
        )
        for item in found.duplicates
    ]
    header = ["found in", "bits", "photograph", "photograph"]
    listed = _list_section(f"{stem}.duplicates.csv", about, header, rows)
    if not rows:
        return listed
    return [*_markdown(["found in", "same bytes", "nearly the same"], summary), "", *listed]


def _skipped(parts: Sequence[Part]) -> list[tuple[str, str, str]]:
    return [
        (part.name, skipped.id, skipped.reason)
        for part in parts
        for skipped in part.prepared.index.skipped
    ]


def _without_coordinates(places: Sequence[Location]) -> int:
    return sum(math.isnan(place.latitude) for place in places)


def _issue_row(item: PhotographIssue) -> tuple[str, str, int, int, str]:
    return (item.photograph.part, item.photograph.path, item.width, item.height, item.problem)


def _pano_rows(items: Sequence[SharedPano]) -> list[Row]:
    return [
        (item.pano_id, item.relation, part, identity)
        for item in items
        for part, identity in item.locations
    ]


def _duplicate_row(item: DuplicatePair) -> Row:
    return (
        item.relation,
        "yes" if item.same_bytes else "no",
        item.distance,
        item.first.part,
        item.first.path,
        item.second.part,
        item.second.path,
    )


def _list_section(table: str, about: str, header: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Return the first rows under a sentence that says how many there are and where all are."""
    before = [about, ""] if about else []
    if not rows:
        return [*before, "None."]
    here = f"The first {MAX_ROWS} of {len(rows):,}" if len(rows) > MAX_ROWS else f"{len(rows):,}"
    sentence = f"{here}; all are in `{table}`:"
    return [*before, sentence, "", *_markdown(header, rows[:MAX_ROWS])]


def _markdown(header: Sequence[str], rows: Iterable[Row]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _escape(value: object) -> str:
    """Return a name so that Markdown shows it as it is."""
    # An underscore within a word means nothing to Markdown; names are full of them.
    return re.sub(r"[\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", str(value))


def _table_writer(rows: Iterable[Row]) -> Callable[[Path], None]:
    def write_rows(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)

    return write_rows
