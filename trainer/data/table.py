"""The table of the course challenge: which photographs show a location, its class and place."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import InputError
from common.names import canonical_name, decode_text, is_valid_name
from trainer.data.coordinates import parse_coordinates
from trainer.data.file_names import DIRECTIONS, parse_sample_name

COLUMNS = (*(f"image_{direction}" for direction in DIRECTIONS), "state", "latitude", "longitude")
SUFFIXES = (".csv", ".tsv", ".txt")
DELIMITERS = (",", ";", "\t", "|")
_REQUIRED = {"image_north", "state"}
"""Columns by which a table is recognised; other tables of the archive lack one of them."""
_HEADER_BYTES = 65_536


@dataclass(frozen=True)
class Sample:
    """A row of a table: location id, class, coordinates and file names N, E, S, W, in NFC."""

    id: str
    class_name: str
    latitude: float
    longitude: float
    image_names: tuple[str, ...]


def find_tables(root: Path) -> list[Path]:
    """Return the text files in a folder that list photographs and their state."""
    return [path for path, header in read_headers(root).items() if set(header) >= _REQUIRED]


def read_headers(root: Path) -> dict[Path, list[str]]:
    """Return the columns of every text file in a folder that could be a table."""
    result = {}
    for path in sorted(root.iterdir()):
        if path.suffix.lower() in SUFFIXES and is_valid_name(path.name) and path.is_file():
            with path.open("rb") as file:
                text = decode_text(file.read(_HEADER_BYTES), "replace")
            _, result[path] = _parse_header(text)
    return result


def read_samples(table: Path) -> list[Sample]:
    """Read a table; raises InputError naming an invalid line."""
    try:
        text = decode_text(table.read_bytes())
    except UnicodeDecodeError:
        raise InputError(f"{table}: not UTF-8 text; save it in UTF-8.") from None
    delimiter, header = _parse_header(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    result: dict[str, Sample] = {}
    try:
        next(reader, None)
        for problem, wrong in (
            ("no", [name for name in COLUMNS if name not in header]),
            ("more than one", [name for name in COLUMNS if header.count(name) > 1]),
        ):
            if wrong:
                raise ValueError(f"has {problem} column {', '.join(wrong)}")
        for cells in filter(None, reader):
            if len(cells) != len(header):
                raise ValueError("has more or fewer columns than the first")
            name, sample = _parse_sample(dict(zip(header, cells, strict=True)))
            if name in result:
                raise ValueError(f"names {name} again")
            result[name] = sample
    except (ValueError, csv.Error) as error:
        raise InputError(f"{table}: line {reader.line_num} {error}; correct the file.") from None
    return list(result.values())


def _parse_header(text: str) -> tuple[str, list[str]]:
    """Return the delimiter of a table and its columns, in lower case and with `_` for spaces."""
    first_line = next(iter(io.StringIO(text, newline="")), "")
    headers = {
        delimiter: [_column_name(cell) for cell in _split(first_line, delimiter)]
        for delimiter in DELIMITERS
    }
    delimiter = max(
        headers, key=lambda key: (len(_REQUIRED.intersection(headers[key])), len(headers[key]))
    )
    return delimiter, headers[delimiter]


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # A cell that is too long: no table.
        return []


def _column_name(cell: str) -> str:
    return re.sub(r"[\s_-]+", "_", canonical_name(cell).strip()).casefold()


def _parse_sample(row: Mapping[str, str]) -> tuple[str, Sample]:
    """Return the name and the sample of a row; raises ValueError with the rest of a sentence."""
    *images, state, latitude, longitude = (canonical_name(row[name]).strip() for name in COLUMNS)
    # File names from a table must not lead out of the folder.
    parts: Sequence[tuple[str, str] | None] = [
        None if "/" in image else parse_sample_name(image) for image in images
    ]
    names = {part[0] for part in parts if part}
    directions = tuple(part[1] for part in parts if part)
    if len(names) != 1 or directions != DIRECTIONS:
        raise ValueError("does not name <sample>_north.jpg and the same for east, south and west")
    if not state or not is_valid_name(state) or "/" in state:
        raise ValueError(f"has an invalid state {state!r}")
    coordinates = parse_coordinates(latitude, longitude)
    (name,) = names
    return name, Sample(f"{state}/{name}", state, *coordinates, tuple(images))
