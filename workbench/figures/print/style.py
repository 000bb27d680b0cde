"""Size, fonts and formats of printed figures.

Sizes are in millimetres and points as on the page, fonts are embedded (PDF: TrueType, SVG:
outlines, PGF: the document's), and the same numbers give the same file.
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.errors import InputError
from common.figure_text import literal_text
from workbench.figures.print.pgf import save_pgf
from workbench.figures.sizes import DOUBLE_COLUMN, SINGLE_COLUMN, SLIDE

MILLIMETRES_PER_INCH = 25.4
Format = Literal["pdf", "svg", "pgf", "png"]
Preset = Literal["page", "single-column", "double-column", "slide"]
Column = Literal["single", "double"]
"""How wide a figure is on a page of two columns."""
GREY = "#b8bec6"
DARK_GREY = "#4d4d4d"
# Okabe and Ito (2008): told apart by colour-blind readers; blue is darker than orange in grey.
BLUE, ORANGE, GREEN, PURPLE, SKY = "#0072b2", "#d55e00", "#009e73", "#a8508a", "#56b4e9"
COLORS = (BLUE, ORANGE, GREEN, PURPLE, SKY, "#000000")
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1.5, 1.2)),
    (0, (6, 1.5, 1, 1.5)),
    (0, (1, 3)),
    (0, (8, 1.5, 1, 1.5, 1, 1.5)),
)
"""Line styles that tell lines apart in grey."""
FONT_SIZE = 7.0
"""Points, unless a figure says otherwise."""
RASTER_POINTS = 3000
"""Clouds of more points are rasterised inside a vector file."""
DPI = 300
STYLE: dict[Any, Any] = {
    "font.size": FONT_SIZE,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 0.8,
    "patch.linewidth": 0.5,
    "hatch.linewidth": 0.4,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}
# What makes a file the same each time, and of its size; a style file does not change it.
_FIXED: dict[Any, Any] = {
    "pdf.fonttype": 42,
    "pgf.rcfonts": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "resnetbolt",
    "savefig.bbox": "standard",
    "savefig.transparent": False,
    "path.snap": False,
}

_OF_PROGRAMS = ("backend", "figure.hooks", "interactive", "keymap", "savefig.directory", "toolbar")
"""Beginnings of settings of interactive programs."""


@dataclass(frozen=True)
class Page:
    """The page that a figure is drawn for.

    `width` is in mm and `font_size` in points. Dense clouds and photographs have `dpi` dots an inch
    inside a vector file, and so has a PNG. `settings` are Matplotlib's own (a style file).
    """

    width: float = DOUBLE_COLUMN
    font_size: float = FONT_SIZE
    dpi: int = DPI
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def small(self) -> float:
        """The size of the smallest text, points."""
        return 6 / 7 * self.font_size

    @property
    def scale(self) -> float:
        """Lines and marks grow with the text: 1 for 7 points."""
        return self.font_size / FONT_SIZE

    def style(self, texts: Iterable[str] = ()) -> AbstractContextManager[None]:
        """Draw in the page's style, with `texts` of users as they are (`literal_text`)."""
        sizes = {
            key: STYLE[key] * self.scale
            for key in STYLE
            if key.endswith("width") and isinstance(STYLE[key], float)
        }
        size = {"font.size": self.font_size}
        return literal_text(texts, {**STYLE, **sizes, **size, **self.settings, **_FIXED})

    def figure(self, height: float) -> Figure:
        """Return an empty figure of the page's width, `height` mm high."""
        return Figure(figsize=(self.width / MILLIMETRES_PER_INCH, height / MILLIMETRES_PER_INCH))

    def axes(self, height: float) -> tuple[Figure, Axes]:
        """Return a figure with one panel."""
        figure = self.figure(height)
        return figure, figure.add_subplot()


def page(
    preset: Preset,
    column: Column,
    width: float | None = None,
    dpi: int = DPI,
    settings: Mapping[str, Any] | None = None,
) -> Page:
    """Return the page of a preset for a figure that fills one column or two.

    `width` replaces the width, mm. A style file's font size is used where it sets one.
    """
    of_column = {"single": SINGLE_COLUMN, "double": DOUBLE_COLUMN}[column]
    of_preset = {
        "page": of_column,
        "single-column": SINGLE_COLUMN,
        "double-column": DOUBLE_COLUMN,
        "slide": SLIDE,
    }[preset]
    settings = settings or {}
    size = float(settings.get("font.size", 14.0 if preset == "slide" else FONT_SIZE))
    return Page(width or of_preset, size, dpi, settings)


def read_style(path: Path) -> str:
    """Return the text of a style file; raises InputError."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a style file; name a text file.") from error


def parse_style(text: str, name: str) -> dict[str, Any]:
    """Return the settings in the text of a style file of Matplotlib.

    Raises InputError with the line of a setting that there is not or that no figure file needs.
    """
    for line_number, line in enumerate(text.splitlines(), 1):
        key, colon, _ = (part.strip() for part in line.partition("#")[0].partition(":"))
        known = colon and key in mpl.rcParams and not key.startswith(_OF_PROGRAMS)
        if key and not known:
            raise InputError(
                f"{name}, line {line_number}: {key[:60]!r} is not a figure setting of a "
                "Matplotlib style file; write `name: value`."
            )
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "style"
        copy.write_text(text, "utf-8")
        try:
            settings = mpl.rc_params_from_file(copy, fail_on_error=True, use_default_template=False)
        except (ValueError, KeyError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{name}: is not a Matplotlib style file: {reason}.") from error
    return {str(key): value for key, value in settings.items()}


def style(texts: Iterable[str] = ()) -> AbstractContextManager[None]:
    """Draw and save in `STYLE`, with `texts` of users as they are (`literal_text`)."""
    return Page().style(texts)


def save(figure: Figure, path: Path | BinaryIO, page: Page | None = None, suffix: str = "") -> None:
    """Write a figure in the format of the ending of `path`; raises OSError.

    An open file needs the ending, `suffix`.

    A PGF file refers to PNG files beside it, `<stem>-img0.png` and so on.
    """
    page = page or Page()
    metadata: dict[str, dict[str, Any]] = {
        "pdf": {"CreationDate": None},
        "svg": {"Date": None},
        "png": {"Software": None},
    }
    kind = path.suffix[1:] if isinstance(path, Path) else suffix
    with page.style():
        texts = texts_of(figure)  # This makes ticks, which take the style.
    with page.style(texts):
        if isinstance(path, Path) and kind == "pgf":
            save_pgf(figure, path, page.dpi)
        else:
            figure.savefig(path, format=kind, dpi=page.dpi, metadata=metadata[kind])


def texts_of(figure: Figure) -> Sequence[str]:
    """Return all text in a figure."""
    from matplotlib.text import Text

    return sorted({str(text.get_text()) for text in figure.findobj(Text)})
