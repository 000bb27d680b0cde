"""Text of users, shown literally: in the terminal, in CSV files, and in the room that there is."""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TextIO

ELLIPSIS = "…"
# Zero-width joiners, which some scripts and emoji need.
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
# Control characters, formatting characters (direction marks), surrogates, line ends.
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
# A spreadsheet runs text that starts with these as a formula. A leading apostrophe marks text.
_APOSTROPHE = "'"
_FORMULA = tuple("=+-@＝＋－＠\t\r\n" + _APOSTROPHE)


def printable(text: str) -> str:
    r"""Return text in one line, with control characters as escapes, such as `\n` and `\x1b`.

    They could steer a terminal or hide a part of the text. Undecodable bytes of file names
    (surrogates) are escaped, too.
    """
    return "".join(
        character.encode("unicode_escape").decode() if _is_unprintable(character) else character
        for character in text
    )


def _is_unprintable(character: str) -> bool:
    if unicodedata.category(character) in _UNPRINTABLE:
        return character not in _JOINERS
    return character in "\ufffe\uffff"  # No characters: some parsers refuse them.


def print_text(*lines: object, file: TextIO | None = None, flush: bool = False) -> None:
    """Print lines whose names cannot steer the terminal (`printable`); line ends stay."""
    for line in "\n".join(map(str, lines)).split("\n"):
        print(printable(line), file=file, flush=flush)


def columns(text: str) -> int:
    """Return the width of text in columns of a terminal: 2 for East Asian wide characters."""
    return sum(
        0
        if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def shorten(
    names: Sequence[str], limit: float, width: Callable[[str], float] = columns
) -> list[str]:
    """Return names with "…" in place of the middle of those that are wider than `limit`.

    Different names stay different: of those that would look alike, all but the first get a number.
    """
    shown = {name: name for name in names if width(name) <= limit}
    used, counts = set(shown), Counter[str]()
    for name in names:
        if name in shown:
            continue
        short = first = _cut(name, limit, width, "")
        while short in used:
            counts[first] += 1
            short = _cut(name, limit, width, f" ({counts[first] + 1})")
        used.add(short)
        shown[name] = short
    return [shown[name] for name in names]


def _cut(name: str, limit: float, width: Callable[[str], float], end: str) -> str:
    """Return the longest form of a name with both of its ends that fits; at least "…"."""
    low, high = 0, len(name) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if width(_ends(name, middle) + end) <= limit:
            low = middle
        else:
            high = middle - 1
    return _ends(name, low) + end


def _ends(name: str, count: int) -> str:
    """Return the first and the last characters of a name, `count` in all, around an ellipsis."""
    tail = name[len(name) - count // 2 :]
    while tail and unicodedata.combining(tail[0]):  # An accent without its letter.
        tail = tail[1:]
    return name[: count - count // 2].rstrip() + ELLIPSIS + tail.lstrip()


def number(value: float, form: str) -> str:
    """Return a number for people: `format(value, form)` with a true minus sign.

    A finite number that rounds to zero has no sign. Files for programs keep the ASCII hyphen.
    """
    text = format(value, form)
    if math.isfinite(value) and not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", "\N{MINUS SIGN}")


def escape_formula(text: str) -> str:
    """Return text with an apostrophe before it if a spreadsheet could run it as a formula."""
    return _APOSTROPHE + text if text.startswith(_FORMULA) else text


def unescape_formula(text: str) -> str:
    """Undo `escape_formula`."""
    return text[1:] if text[:1] == _APOSTROPHE and text[1:].startswith(_FORMULA) else text
