"""What a printed figure or table consists of."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from workbench.evaluation.intervals import Interval, interval_text
from workbench.figures.print.style import Column, Page


@dataclass(frozen=True)
class PrintFigure:
    """A figure: its file name without ending, caption, numbers, and what draws it on a page.

    Its label in LaTeX is `fig:<name>`. `column` says how wide it is on a page of two columns.
    """

    name: str
    caption: str
    numbers: pd.DataFrame
    draw: Callable[[Page], Figure]
    column: Column = "double"


@dataclass(frozen=True)
class PrintTable:
    """A table: its file name without ending, caption and numbers, and its cells as printed.

    `cells` are the printed texts, and `numeric` names the columns that are aligned right. A row
    whose first cell alone is filled is a heading within the table. Its label is `tab:<name>`.
    """

    name: str
    caption: str
    numbers: pd.DataFrame
    cells: pd.DataFrame
    numeric: tuple[str, ...] = ()


def percent(share: float, digits: int = 1) -> str:
    """Return a share in [0, 1] as in print, "–" for NaN."""
    return "–" if share != share else f"{100 * share:.{digits}f}%"


def interval(share: Interval) -> str:
    """Return a share with its interval as in print, in percent, "–" for NaN."""
    return interval_text(share, ".1f", 100)
