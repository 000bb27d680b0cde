"""Tables of results: for a person (Markdown), for a program (CSV), for a paper (LaTeX)."""

import csv
import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trainer.sweep.settings import Value, words

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
    Columns of one `group` stand side by side; `paper` says whether it is in the LaTeX.
    """

    name: str
    show: Callable[[Value], str] = words
    text: bool = False
    key: str = ""
    group: str = ""
    paper: bool = True

    @property
    def heading(self) -> str:
        """Return its name in a CSV."""
        return self.key or self.name

    @property
    def title(self) -> str:
        """Return its name with that of its group."""
        return f"{self.group} {self.name}".strip()


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
    lines = [[column.title for column in table.column], *_shown(table)]
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
    """Return the table as a LaTeX `tabular` with the rules of the package booktabs.

    Its head has two rows, so that it is narrow: groups over their columns, and names without a
    group broken after their comma.
    """
    kept = [number for number, column in enumerate(table.column) if column.paper]
    columns = [table.column[number] for number in kept]
    rows = [[line[number] for number in kept] for line in _shown(table)]
    return "\n".join(
        [
            "% Needs \\usepackage{booktabs}.",
            f"\\begin{{tabular}}{{{''.join('l' if one.text else 'r' for one in columns)}}}",
            "\\toprule",
            *_head(columns),
            "\\midrule",
            *(f"{' & '.join(map(_escaped, row))} \\\\" for row in rows),
            "\\bottomrule",
            "\\end{tabular}",
            "",
        ]
    )


def _head(columns: Sequence[Column]) -> list[str]:
    """Return the rows of the head in LaTeX, with a rule below each group."""
    upper, lower, rules = [], [], []
    place = 1
    for group, members in itertools.groupby(columns, lambda column: column.group):
        names = [_escaped(column.name) for column in members]
        if group:
            upper.append(f"\\multicolumn{{{len(names)}}}{{c}}{{{_escaped(group)}}}")
            rules.append(f"\\cmidrule(lr){{{place}-{place + len(names) - 1}}}")
            lower += names
        else:
            parted = [name.rpartition(", ") for name in names]
            upper += [first for first, _, _ in parted]
            lower += [last for _, _, last in parted]
        place += len(names)
    rows = [upper, lower] if any(upper) else [lower]
    lines = [f"{' & '.join(row).strip()} \\\\" for row in rows]
    return [*lines[:-1], *([" ".join(rules)] if rules else []), lines[-1]]


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _shown(table: Table) -> list[list[str]]:
    return [
        [
            MISSING if cell is None else column.show(cell)
            for column, cell in zip(table.column, row, strict=True)
        ]
        for row in table.row
    ]
