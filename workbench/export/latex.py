"""Figures and tables for LaTeX: booktabs tables, and one file with captions and labels."""

from collections.abc import Sequence

from common.tables import escape_latex
from workbench.figures.print.base import PrintFigure, PrintTable
from workbench.figures.sizes import SINGLE_COLUMN

MARGIN = 18
"""Margins of the contact sheet, mm: A4 leaves room for two columns."""
WIDE_TABLE = (100, 130)
"""Letters in a row from which a table is set in small and in very small type."""
LONG_TABLE = 40
"""Rows from which a table is set in small type."""


def table_text(table: PrintTable) -> str:
    r"""Return a table of booktabs, for `\input` within a table environment."""
    cells = table.cells
    spec = "".join("r" if name in table.numeric else "l" for name in cells.columns)
    lines = [rf"\begin{{tabular}}{{@{{}}{spec}@{{}}}}", r"\toprule"]
    lines += [_row([str(name) for name in cells.columns]), r"\midrule"]
    for i, row in enumerate(cells.itertuples(index=False)):
        texts = [str(cell) for cell in row]
        if texts[0] and not any(texts[1:]):
            rule = [r"\addlinespace"] if i else []
            heading = rf"{{\textit{{{escape_latex(texts[0])}}}}}"
            lines += [*rule, rf"\multicolumn{{{len(texts)}}}{{@{{}}l}}{heading} \\"]
        else:
            lines.append(_row(texts))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def document(
    items: Sequence[PrintFigure | PrintTable],
    widths: Sequence[float],
    formats: Sequence[str],
    dpi: int,
) -> str:
    r"""Return `figures.tex`: a float for each figure and table, with caption and label.

    `widths` are those of the items, mm. It can be compiled by itself, and `\input` in another
    document, where each float can also be copied from.
    """
    paper = max([210.0, *(width + 2 * MARGIN for width in widths)])
    lines = [
        "% The figures and tables of `resnetbolt export`, with captions and labels.",
        "%",
        "% Compile it as it is (pdflatex; lualatex where names are not in Latin letters), or",
        r"% \input it after \newcommand{\FigureFolder}{folder/}, or copy what you need. It needs",
        r"% \usepackage{graphicx,booktabs,textcomp}, and pgf for PGF files.",
        f"% Photographs and dense clouds inside the figures have {dpi} dots an inch.",
        r"\makeatletter",
        r"\ifx\documentclass\@twoclasseserror\makeatother\else\makeatother",
        r"\documentclass[10pt]{article}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage{lmodern,graphicx,booktabs,textcomp,pgf}",
        rf"\usepackage[paperwidth={paper:g}mm,paperheight=297mm,margin={MARGIN}mm]{{geometry}}",
        r"\extrafloats{300}\maxdeadcycles=1000",
        r"\renewcommand{\floatpagefraction}{0.6}",
        r"\newcommand{\FigureEnd}{\clearpage\end{document}}",
        r"\begin{document}",
        r"\section*{Figures and tables}",
        r"\fi",
        r"\providecommand{\FigureFolder}{}",
        r"\providecommand{\FigureEnd}{}",
    ]
    for item, width in zip(items, widths, strict=True):
        lines += ["", *_float(item, width, formats)]
    return "\n".join([*lines, "", r"\FigureEnd"]) + "\n"


def _float(item: PrintFigure | PrintTable, width: float, formats: Sequence[str]) -> list[str]:
    kind = "table" if isinstance(item, PrintTable) else "figure"
    star = "*" if width > SINGLE_COLUMN + 5 else ""
    caption = [
        rf"\caption{{{escape_latex(item.caption)}}}",
        rf"\label{{{kind[:3]}:{item.name}}}",
    ]
    if isinstance(item, PrintTable):
        size = _type_size(item)
        body = [*caption, size, rf"\input{{\FigureFolder {item.name}.tex}}"]
    else:
        suffix = next((one for one in ("pdf", "pgf", "png") if one in formats), "")
        drawing = {
            "": f"% {item.name}: LaTeX cannot read SVG; export PDF too.",
            "pgf": rf"\input{{\FigureFolder {item.name}.pgf}}",
        }.get(suffix, rf"\includegraphics[width={width:g}mm]{{\FigureFolder {item.name}.{suffix}}}")
        body = [drawing, *caption]
    begin, end = (rf"\{word}{{{kind}{star}}}" for word in ("begin", "end"))
    return [f"{begin}[tbp]", r"\centering", *body, end]


def _type_size(table: PrintTable) -> str:
    """Return the size of type at which a table fits on a page of 174 mm."""
    rows = [[str(cell) for cell in row] for row in table.cells.itertuples(index=False)]
    rows = [row for row in rows if any(row[1:])]  # Without headings, which span the columns.
    texts = zip(map(str, table.cells.columns), *rows, strict=True)
    letters = sum(max(map(len, column)) + 2 for column in texts)
    if letters > WIDE_TABLE[1]:
        return r"\tiny"
    long = len(table.cells) > LONG_TABLE
    return r"\scriptsize" if long or letters > WIDE_TABLE[0] else r"\small"


def _row(texts: Sequence[str]) -> str:
    return " & ".join(map(escape_latex, texts)) + r" \\"
