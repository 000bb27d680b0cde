"""Text of users in Matplotlib figures: never markup, in fonts that have it, as wide as fits."""

import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.textpath import TextToPath

from common.text import printable, shorten

FONT = "DejaVu Sans"
MILLIMETRES_PER_POINT = 25.4 / 72
_LITERAL: Mapping[str, Any] = {"text.parse_math": False, "text.usetex": False}
# Fonts that have a picture of a box for every character, or nothing.
_NO_FONTS = ("last resort", "lastresort", "adobe blank", "tofu")
_REGULAR = (400, "normal", "regular", "book")
_MOST_LISTED = 20
_reported: set[str] = set()
_logger = logging.getLogger(__name__)


@contextmanager
def literal_text(
    texts: Iterable[str] = (), style: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Draw and save figures with `texts` as they are, under a style of Matplotlib (rcParams).

    "$" begins no mathematics. The fonts are those of the style, then `FONT`; characters that it
    lacks are taken from other fonts of this machine. Characters that no font has are drawn as boxes
    and logged in one warning.
    """
    families = _families("".join(map(printable, texts)))
    preferred = (style or {}).get("font.family", [])
    preferred = [preferred] if isinstance(preferred, str) else list(preferred)
    families = list(dict.fromkeys([*preferred, *families]))
    settings: Any = {**(style or {}), **_LITERAL, "font.family": families}
    with warnings.catch_warnings(), mpl.rc_context(settings):
        # One for each character and each drawing.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        yield


def fit(names: Sequence[str], width: float, size: float) -> list[str]:
    """Return names that fit into `width` mm at `size` points, in one line; see `shorten`.

    Call it within `literal_text`, whose fonts it measures.
    """
    return shorten([printable(name) for name in names], width, lambda text: text_width(text, size))


def wrap(text: str, width: float, size: float) -> str:
    """Return text with line ends between its words, for lines of at most `width` mm."""
    first, *words = text.split(" ")
    lines = [first]
    for word in words:
        longer = f"{lines[-1]} {word}"
        if text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def text_width(text: str, size: float) -> float:
    """Return the width of text in mm at `size` points, within `literal_text`."""
    points, _, _ = TextToPath().get_text_width_height_descent(
        text, FontProperties(size=size), ismath=False
    )
    return float(points) * MILLIMETRES_PER_POINT


def legend(
    parent: Axes | Figure, handles: Sequence[Any], labels: Sequence[str], **options: Any
) -> Legend:
    """Add a legend; Matplotlib's own would leave out labels that begin with an underscore."""
    result = parent.legend(handles, [f"entry {i}" for i in range(len(labels))], **options)
    for text, label in zip(result.get_texts(), labels, strict=True):
        text.set_text(label)
    return result


def _families(text: str) -> list[str]:
    """Return font families that have the characters of a text, `FONT` first."""
    missing = frozenset(text) - {" "}
    missing -= _covered(FONT, missing)
    families, uncovered = _fallback(missing) if missing else ((), frozenset())
    if new := [item for item in dict.fromkeys(text) if item in uncovered - _reported]:
        _reported.update(new)
        more = f" and {len(new) - _MOST_LISTED} more" if len(new) > _MOST_LISTED else ""
        _logger.warning(
            "No font of this machine has the characters %s%s; figures show boxes in their place. "
            "Install a font that has them, such as Noto Sans (CJK), and draw the figures again.",
            "".join(new[:_MOST_LISTED]),
            more,
        )
    return [FONT, *families]


@lru_cache
def _fallback(missing: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the families that have the missing characters, and the characters that none has."""
    _find_new_fonts()
    regular = {
        entry.name
        for entry in font_manager.fontManager.ttflist
        if entry.style == "normal" and entry.weight in _REGULAR
    }
    has = {
        name: _covered(name, missing)
        for name in sorted(regular)
        if not any(part in name.lower() for part in _NO_FONTS)
    }
    families = []
    while missing:
        # Sans serif, as the rest, if there is a choice.
        best = max(has, key=lambda name: (len(has[name] & missing), "sans" in name.lower()))
        if not has[best] & missing:
            break
        families.append(best)
        missing -= has[best]
    return tuple(families), missing


def _find_new_fonts() -> None:
    """Add fonts that were installed after Matplotlib had written its list."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError, ValueError):  # Damaged, or of a kind that cannot be drawn.
            continue


def _covered(family: str, characters: frozenset[str]) -> frozenset[str]:
    """Return those of the characters that a font family has as outlines."""
    try:
        font = font_manager.get_font(font_manager.findfont(FontProperties(family=[family])))
    except (OSError, RuntimeError, ValueError):
        return frozenset()
    if not font.scalable:  # Of pictures, such as those of emoji.
        return frozenset()
    return frozenset(item for item in characters if font.get_char_index(ord(item)))
