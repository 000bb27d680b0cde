"""The report on a data set: a Markdown page, and CSV tables with all rows."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from common.files import atomic_write_text, csv_text
from common.tables import escape_markdown, to_markdown
from trainer.data.prepare.duplicates import BITS, MAX_PAIRS, THRESHOLD
from trainer.data.prepare.findings import (
    DuplicatePair,
    Findings,
    Part,
    PhotographIssue,
    collect_findings,
)

MAX_ROWS = 20
"""Largest number of rows of a list on the page."""
BAR_LENGTH = 20
"""Length of the longest bar, characters."""
Row = Sequence[object]


def write_report(index_path: Path, parts: Sequence[Part]) -> Path:
    """Write the report and its tables beside the index of the first part; return its path."""
    findings = collect_findings(parts)
    stem = index_path.name.removesuffix(".sqlite").removesuffix(".index")
    tables: dict[str, list[Row]] = {
        "skipped": [("part", "id", "reason"), *_skipped(parts)],
        "photographs": [
            ("part", "path", "width", "height", "problem"),
            *map(_issue_row, findings.unreadable + _odd_sizes(findings)),
        ],
        "panos": [
            ("pano", "relation", "part", "id"),
            *(
                (item.pano_id, item.relation, part, id_)
                for item in findings.shared_panos
                for part, id_ in item.locations
            ),
        ],
        "duplicates": [
            ("relation", "same_bytes", "distance", "part", "path", "other_part", "other_path"),
            *map(_duplicate_row, findings.duplicates),
        ],
    }
    for name, rows in tables.items():
        atomic_write_text(index_path.with_name(f"{stem}.{name}.csv"), csv_text(rows))
    report = index_path.with_name(f"{stem}.report.md")
    atomic_write_text(report, report_page(stem, parts, findings))
    return report


def report_page(stem: str, parts: Sequence[Part], findings: Findings) -> str:
    """Return the report as Markdown; `stem` is the common start of the tables' names."""
    name = escape_markdown(parts[0].data.resolve().name)
    sections = {
        f"# Photographs in {name}": _overview(parts, findings),
        "## Locations of each class": _classes(parts),
        "## Warnings": _warnings(parts),
        "## Channels": _statistics(parts),
        "## Skipped locations": _skipped_section(stem, parts),
        "## Photographs that cannot be read": _issues(stem, findings.unreadable, _UNREADABLE),
        "## Photographs of another size, or not square": _issues(
            stem, _odd_sizes(findings), _size(findings)
        ),
        "## Pano ids shared by locations": _panos(stem, findings),
        "## Duplicate photographs": _duplicates(stem, findings),
    }
    return "\n\n".join("\n".join([title, "", *body]) for title, body in sections.items()) + "\n"


_UNREADABLE = "Their locations are skipped, because training cannot read them."


def _size(findings: Findings) -> str:
    if findings.common_size is None:
        return ""
    return (
        f"Most are {findings.common_size[0]}x{findings.common_size[1]} pixels, upright. Training "
        "stretches the others, and those that are not square, to a square of `--image-size`."
    )


def _odd_sizes(findings: Findings) -> tuple[PhotographIssue, ...]:
    """Return the photographs of another size and those that are not square, each once."""
    return tuple(dict.fromkeys(findings.other_size + findings.not_square))


def _warnings(parts: Sequence[Part]) -> list[str]:
    lines = [
        f"- {escape_markdown(line)}" for part in parts for line in part.prepared.index.warnings
    ]
    return lines or ["None."]


def _overview(parts: Sequence[Part], findings: Findings) -> list[str]:
    def count(name: str, items: Sequence[PhotographIssue]) -> list[object]:
        return [name, *(sum(item.photograph.part == part.name for item in items) for part in parts)]

    locations = [part.prepared.index.locations for part in parts]
    tables = [part.prepared.photographs for part in parts]
    rows: list[Row] = [
        ["folder", *(part.data for part in parts)],
        ["usable locations", *map(len, locations)],
        [
            "of these, without coordinates",
            *(sum(math.isnan(item.latitude) for item in items) for items in locations),
        ],
        ["skipped locations", *(len(part.prepared.index.skipped) for part in parts)],
        ["photographs", *(len(item.rows) for item in tables)],
        count("of these, unreadable", findings.unreadable),
        count("of these, of another size", findings.other_size),
        count("of these, not square", findings.not_square),
        ["size, MB", *(f"{item.sizes.sum() / 1e6:,.1f}" for item in tables)],
    ]
    return _markdown(["", *(part.name for part in parts)], rows)


def _classes(parts: Sequence[Part]) -> list[str]:
    counts = [
        Counter(location.class_name for location in part.prepared.index.locations) for part in parts
    ]
    skipped = Counter(
        item.id.partition("/")[0] for part in parts for item in part.prepared.index.skipped
    )
    names = sorted(set(skipped).union(*counts))
    rows: list[Row] = [
        [
            name,
            *(cell for count in counts for cell in (count[name], _bar(count, name))),
            skipped[name],
        ]
        for name in names
    ]
    header = ["class", *(cell for part in parts for cell in (part.name, "")), "skipped"]
    return [
        f"{len(names):,} classes. Bars are relative to the largest class of the column.",
        "",
        *_markdown(header, rows),
    ]


def _bar(count: Counter[str], name: str) -> str:
    """Return a bar whose length is the class's number relative to the largest class."""
    return "█" * round(BAR_LENGTH * count[name] / max(count.values(), default=1))


def _statistics(parts: Sequence[Part]) -> list[str]:
    rows: list[Row] = []
    for part in parts:
        locations = part.prepared.index.locations
        if locations:
            mean, std = part.prepared.statistics(locations)
            for name, values in (("mean", mean), ("std", std)):
                rows.append([part.name, name, *(f"{value:.6f}" for value in values)])
    return [
        "Mean and standard deviation of all pixels of the usable locations, from 0 (black) to 1 "
        "(white). Training computes them over its training part.",
        "",
        *_markdown(["part", "", "red", "green", "blue"], rows),
    ]


def _skipped_section(stem: str, parts: Sequence[Part]) -> list[str]:
    header = ["part", "location", "reason"]
    return _list_section(f"{stem}.skipped.csv", "", header, _skipped(parts))


def _issues(stem: str, items: Sequence[PhotographIssue], about: str) -> list[str]:
    rows = [
        (part, path, f"{width}x{height}" if width else "", problem)
        for part, path, width, height, problem in map(_issue_row, items)
    ]
    header = ["part", "photograph", "size", "problem"]
    return _list_section(f"{stem}.photographs.csv", about, header, rows)


def _panos(stem: str, findings: Findings) -> list[str]:
    rows = [
        (
            item.pano_id,
            item.relation,
            ", ".join(f"{part}: {id_}" for part, id_ in item.locations),
        )
        for item in findings.shared_panos
    ]
    about = (
        "A panorama shows one place at one time. In several classes, at least one label is wrong; "
        "in train and test, the test scores are too high."
    )
    return _list_section(f"{stem}.panos.csv", about, ["pano id", "found in", "locations"], rows)


def _duplicates(stem: str, findings: Findings) -> list[str]:
    about = (
        "The same bytes (SHA-256), or nearly the same image: difference hashes of "
        f"{BITS} bits that differ in at most {THRESHOLD} bits. Of several copies, each is listed "
        "only with the first."
    )
    if not findings.duplicates_complete:
        about += f" The search stopped at {MAX_PAIRS:,} pairs of nearly the same image."
    counts = Counter((str(item.relation), item.same_bytes) for item in findings.duplicates)
    summary: list[Row] = [
        (relation, counts[relation, True], counts[relation, False])
        for relation in dict.fromkeys(str(item.relation) for item in findings.duplicates)
    ]
    rows = [
        (
            item.relation,
            "same bytes" if item.same_bytes else item.distance,
            *(f"{p.part}: {p.path}" for p in (item.first, item.second)),
        )
        for item in findings.duplicates
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


def _issue_row(item: PhotographIssue) -> tuple[str, str, int, int, str]:
    return (item.photograph.part, item.photograph.path, item.width, item.height, item.problem)


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
    """Return the first rows under a sentence with their number and the table that has all."""
    intro = [about, ""] if about else []
    if not rows:
        return [*intro, "None."]
    shown = f"The first {MAX_ROWS} of {len(rows):,}" if len(rows) > MAX_ROWS else f"{len(rows):,}"
    sentence = f"{shown}; all are in {escape_markdown(table)}:"
    return [*intro, sentence, "", *_markdown(header, rows[:MAX_ROWS])]


def _markdown(header: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Return a table as lines, columns with numbers on the right."""
    frame = pd.DataFrame([list(map(_cell, row)) for row in rows], columns=list(header))
    left = [
        name
        for index, name in enumerate(header)
        if not any(isinstance(row[index], int) for row in rows)
    ]
    return to_markdown(frame, left).splitlines()


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
