"""Tables of results for people (Markdown) and for papers (LaTeX)."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from common.files import atomic_write_text
from common.tables import escape_latex, to_csv, to_markdown
from trainer.sweep.overrides import Value, format_value


@dataclass(frozen=True)
class Column:
    """How a column of a frame is shown: its title, its values, and a heading over several.

    A column that is not `in_paper` is left out of the LaTeX.
    """

    title: str
    format: Callable[[Value], str] = format_value
    group: str = ""
    in_paper: bool = True


Columns = Mapping[str, Column]
"""Columns by their names in the frame; others are shown under their own names."""


def percent(value: Value) -> str:
    """Return a share in [0, 1] in percent."""
    return f"{100 * float(value):.2f}"


def write(folder: Path, frame: pd.DataFrame, columns: Columns) -> str:
    """Write `table.md` and `table.csv` and return the first; raises InputError."""
    text = markdown(frame, columns)
    atomic_write_text(folder / "table.md", text)
    atomic_write_text(folder / "table.csv", to_csv(frame))
    return text


def markdown(frame: pd.DataFrame, columns: Columns) -> str:
    """Return a frame as a Markdown table, text on the left and numbers on the right."""
    cells, text = _format(frame, columns), _text_columns(frame)
    titles = {
        name: f"{column.group} {column.title}".strip()
        for name, column in _columns(frame, columns).items()
    }
    return to_markdown(cells.rename(columns=titles), [titles[name] for name in text])


def latex(frame: pd.DataFrame, columns: Columns) -> str:
    """Return a frame as a LaTeX `tabular` with the rules of booktabs; text is escaped.

    Its head has two rows, to be narrow: groups above their columns, and titles without a group
    broken after their comma.
    """
    shown = {name: column for name, column in _columns(frame, columns).items() if column.in_paper}
    cells = _format(frame[list(shown)], columns).map(escape_latex, na_action="ignore").fillna("--")
    heads = [
        (column.group, column.title) if column.group else column.title.rpartition(", ")[::2]
        for column in shown.values()
    ]
    cells.columns = pd.MultiIndex.from_tuples([tuple(map(escape_latex, head)) for head in heads])
    text = _text_columns(frame)
    table: str = cells.to_latex(
        index=False,
        escape=False,
        column_format="".join("l" if name in text else "r" for name in shown),
        multicolumn_format="c",
    )
    rules, first = [], 1
    for group, members in itertools.groupby(column.group for column in shown.values()):
        last = first + len(list(members)) - 1
        if group:
            rules.append(f"\\cmidrule(lr){{{first}-{last}}}")
        first = last + 1
    # pandas draws no rules below the groups, which are in the first row.
    head, end, body = table.partition("\\\\\n")
    rule = f"{' '.join(rules)}\n" if rules else ""
    needs = r"% Needs \usepackage{booktabs} and \usepackage[T1]{fontenc}."
    return f"{needs}\n{head}{end}{rule}{body}"


def _columns(frame: pd.DataFrame, columns: Columns) -> dict[str, Column]:
    return {name: columns.get(name, Column(name)) for name in frame.columns}


def _format(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Return the values as text; missing ones stay missing."""
    shown = _columns(frame, columns)
    text = {
        name: frame[name].map(column.format, na_action="ignore") for name, column in shown.items()
    }
    return pd.DataFrame(text, dtype=object)


def _text_columns(frame: pd.DataFrame) -> list[str]:
    return [
        str(name)
        for name, values in frame.items()
        if any(isinstance(value, str) for value in values)
    ]
