"""Data frames as Markdown tables."""

from collections.abc import Collection

import pandas as pd

MISSING = "–"


def to_markdown(frame: pd.DataFrame, left: Collection[str] = ()) -> str:
    """Return a Markdown table; the columns named in `left` are aligned left, the others right.

    Pipes in names and cells are escaped, and missing values are shown as a dash.
    """
    cells = frame.fillna(MISSING).map(lambda cell: _escape(str(cell)))
    table: str = cells.to_markdown(
        index=False,
        headers=[_escape(str(name)) for name in frame.columns],
        disable_numparse=True,
        colalign=["left" if name in left else "right" for name in frame.columns],
    )
    return f"{table}\n"


def _escape(text: str) -> str:
    return text.replace("|", r"\|")
