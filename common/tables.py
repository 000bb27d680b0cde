"""Data frames as Markdown, LaTeX and CSV, with all text literal."""

import re
from collections.abc import Collection

import pandas as pd

from common.text import escape_formula, printable

MISSING = "–"

# An underscore within a word is no emphasis, and names are full of them.
_MARKDOWN = re.compile(r"[\\`*\[\]<>|~$]|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_])")
_LATEX = re.compile(r"[\\&%$#_{}~^<>|\"`'−≥≤≈→ρΣ]|-(?=-)")
_LATEX_COMMANDS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    "-": "-{}",  # Two would be a dash.
    "−": r"\ensuremath{-}",
    "≥": r"\ensuremath{\geq}",
    "≤": r"\ensuremath{\leq}",
    "≈": r"\ensuremath{\approx}",
    "→": r"\ensuremath{\rightarrow}",
    "ρ": r"\ensuremath{\rho}",
    "Σ": r"\ensuremath{\Sigma}",
}


def to_markdown(frame: pd.DataFrame, left: Collection[str] = ()) -> str:
    """Return a Markdown table; the columns named in `left` are aligned left, the others right.

    Names and cells are escaped, and missing values are shown as a dash.
    """
    cells = frame.fillna(MISSING).map(lambda cell: escape_markdown(str(cell)))
    table: str = cells.to_markdown(
        index=False,
        headers=[escape_markdown(str(name)) for name in frame.columns],
        disable_numparse=True,
        colalign=["left" if name in left else "right" for name in frame.columns],
    )
    return f"{table}\n"


def to_csv(frame: pd.DataFrame) -> str:
    """Return a table as CSV text, safe to open in a spreadsheet (`escape_formula`)."""
    rows = [
        [escape_formula(cell) if isinstance(cell, str) else cell for cell in row]
        for row in frame.itertuples(index=False, name=None)
    ]
    # As objects: a column of integers with a gap would become one of floats.
    cells = pd.DataFrame(rows, columns=frame.columns, dtype=object)
    return cells.to_csv(index=False, lineterminator="\n")


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, in one line, also in a table."""
    return _MARKDOWN.sub(r"\\\g<0>", printable(text))


def escape_latex(text: str) -> str:
    r"""Return text that LaTeX sets as it is, in one line; `"` needs `\usepackage[T1]{fontenc}`."""
    return _LATEX.sub(lambda sign: _LATEX_COMMANDS.get(sign[0], rf"\{sign[0]}"), printable(text))
