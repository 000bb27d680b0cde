"""Coordinates: degrees as text, and the file info.txt of a class."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from common.errors import InputError
from common.names import canonical_name, decode_text

UNKNOWN = (math.nan, math.nan)


def parse_coordinates(latitude: str, longitude: str) -> tuple[float, float]:
    """Return a latitude in [-90, 90] and a longitude in [-180, 180].

    Both are NaN if one of the texts is empty or "nan". Raises ValueError with the rest of a
    sentence for anything else.
    """
    values = []
    for text, limit in ((latitude, 90), (longitude, 180)):
        value = _parse_number(text) if text else math.nan
        if value is None or abs(value) > limit:
            raise ValueError(
                f"has an invalid coordinate {text!r}, expected -{limit} to {limit} degrees"
            )
        values.append(value)
    return UNKNOWN if any(map(math.isnan, values)) else (values[0], values[1])


def read_info(path: Path) -> dict[str, tuple[float, float]]:
    r"""Return name -> (latitude, longitude) of lines `<name> <latitude> <longitude>`.

    Names are in NFC and may contain spaces. Lines end with \n, \r\n or \r. In DeepGeo's files a
    \r follows the name; a name may therefore also be on a line of its own. Raises InputError with
    the number of a line that is not like that, whose coordinates are out of range, or whose name
    has other coordinates in a line before.
    """
    result: dict[str, tuple[float, float]] = {}
    for number, line in _joined_lines(decode_text(path.read_bytes(), "replace")):
        if not _has_coordinates(line, min_words=3):
            raise InputError(
                f"{path}: line {number} is not '<name> <latitude> <longitude>'; "
                "correct or remove the file."
            )
        name, *numbers = line.rsplit(None, 2)
        name = canonical_name(name.strip())
        try:
            coordinates = parse_coordinates(*numbers)
            if name in result and repr(result[name]) != repr(coordinates):  # NaN is NaN.
                raise ValueError(f"names {name} again, with other coordinates")
            result[name] = coordinates
        except ValueError as error:
            raise InputError(f"{path}: line {number} {error}; correct the file.") from None
    return result


def _joined_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the records with the numbers of their first lines.

    A line of two numbers belongs to the line before it, if that has no coordinates.
    """
    first, record = 0, ""
    for number, line in _lines(text):
        is_rest = len(line.split()) == 2 and _has_coordinates(line)
        if record and is_rest and not _has_coordinates(record):
            record += f" {line}"
            continue
        if record:
            yield first, record
        first, record = number, line
    if record:
        yield first, record


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, without empty ones.

    Files that were appended to each other have several line ends and byte order marks.
    """
    for number, line in enumerate(text.split("\n" if "\n" in text else "\r"), start=1):
        for part in line.split("\r"):
            if part := part.removeprefix("\ufeff").strip():
                yield number, part


def _has_coordinates(line: str, min_words: int = 2) -> bool:
    words = line.split()
    return len(words) >= min_words and None not in map(_parse_number, words[-2:])


def _parse_number(text: str) -> float | None:
    """Return a number, also one with a decimal comma; None for other text."""
    try:
        return float(re.sub(r"(?<=\d),(?=\d+$)", ".", text))
    except ValueError:
        return None
