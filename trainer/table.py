"""Tables of results: for a person (Markdown), for a program (CSV), for a paper (LaTeX)."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trainer.settings import Value, words

MISSING = "–"
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    MISSING: "--",
} | {character: f"\\{character}" for character in "&%$#_{}"}


@dataclass(frozen=True)
class Column:
    """A column's name and how a value of it is shown to a person; texts stand on the left.

    `key` is its name in a CSV, whose values are as they are: shares in [0, 1], times in seconds.
    """

    name: str
    show: Callable[[Value], str] = words
    text: bool = False
    key: str = ""

    @property
    def heading(self) -> str:
        """Return its name in a CSV."""
        return self.key or self.name


@dataclass(frozen=True)
class Table:
    """Rows of as many values as there are columns; None where there is no value."""

    column: Sequence[Column]
    row: Sequence[Sequence[Value | None]]


def share(value: Value) -> str:
    """Show a share in [0, 1] in percent."""
    return f"{100 * float(value):.2f}"


def markdown(table: Table) -> str:
    """Return the table in Markdown, padded so that it can also be read as it is."""
    lines = [_names(table), *_shown(table)]
    lines = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    width = [max(3, *map(len, cells)) for cells in zip(*lines, strict=True)]
    rule = [
        "-" * number if column.text else "-" * (number - 1) + ":"
        for column, number in zip(table.column, width, strict=True)
    ]
    padded = [
        [
            cell.ljust(number) if column.text else cell.rjust(number)
            for column, cell, number in zip(table.column, line, width, strict=True)
        ]
        for line in lines
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in [padded[0], rule, *padded[1:]])


def comma_separated(table: Table) -> str:
    """Return the table as CSV: values as they are, nothing where there is none."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(column.heading for column in table.column)
    writer.writerows(["" if cell is None else cell for cell in row] for row in table.row)
    return file.getvalue()


def latex(table: Table) -> str:
    """Return the table as a LaTeX `tabular` with the rules of the package booktabs."""
    kind = "".join("l" if column.text else "r" for column in table.column)
    head, *body = [
        " & ".join("".join(_LATEX.get(character, character) for character in cell) for cell in line)
        for line in [_names(table), *_shown(table)]
    ]
    return "\n".join(
        [
            "% Needs \\usepackage{booktabs}.",
            f"\\begin{{tabular}}{{{kind}}}",
            "\\toprule",
            f"{head} \\\\",
            "\\midrule",
            *(f"{line} \\\\" for line in body),
            "\\bottomrule",
            "\\end{tabular}",
            "",
        ]
    )


def _names(table: Table) -> list[str]:
    return [column.name for column in table.column]


def _shown(table: Table) -> list[list[str]]:
    return [
        [
            MISSING if cell is None else column.show(cell)
            for column, cell in zip(table.column, row, strict=True)
        ]
        for row in table.row
    ]
