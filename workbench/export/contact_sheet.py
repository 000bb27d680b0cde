"""All figures and tables in one HTML file without any other file, at print size."""

import base64
import html
from collections.abc import Sequence

from common.text import printable
from workbench.figures.print.base import PrintFigure, PrintTable

DPI = 150
"""Dots an inch of the pictures in the sheet."""
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
  padding: 0 1rem; color: #1a1d21; background: #fff; }
figure { margin: 0 0 2.5rem; }
img { display: block; max-width: 100%; height: auto; border: 1px solid #e3e6ea; }
figcaption { margin-top: .5rem; max-width: 48rem; }
table { border-collapse: collapse; font-size: 13px; border: solid; border-width: 2px 0; }
th { border-bottom: 1px solid; text-align: left; }
th, td { padding: .15rem .7rem .15rem 0; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.heading td { font-style: italic; padding-top: .6rem; }
nav { columns: 3 14rem; margin-bottom: 2rem; font-size: 13px; }
nav a { display: block; }
""".strip()


def contact_sheet(
    title: str,
    items: Sequence[PrintFigure | PrintTable],
    pictures: dict[str, tuple[bytes, float]],
    notes: Sequence[str],
) -> str:
    """Return the page; `pictures` are PNG files with their widths in mm, by figure."""
    links = "".join(f'<a href="#{item.name}">{html.escape(item.name)}</a>' for item in items)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{_text(title)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{_text(title)}</h1>",
        f"<p>Figures are shown at print size, with {DPI} dots an inch.</p>",
        f"<nav>{links}</nav>",
    ]
    for item in items:
        body = _table(item) if isinstance(item, PrintTable) else _picture(item, pictures)
        name = f"<b>{html.escape(item.name)}.</b>"
        parts.append(
            f'<figure id="{item.name}">{body}<figcaption>{name} {_text(item.caption)}'
            "</figcaption></figure>"
        )
    if notes:
        parts.append("<h2>Not in this sheet</h2><ul>")
        parts += [f"<li>{_text(note)}</li>" for note in notes]
        parts.append("</ul>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _picture(item: PrintFigure, pictures: dict[str, tuple[bytes, float]]) -> str:
    data, width = pictures[item.name]
    source = base64.b64encode(data).decode("ascii")
    return (
        f'<img alt="{_text(item.name)}" style="width:{width:g}mm" '
        f'src="data:image/png;base64,{source}">'
    )


def _table(item: PrintTable) -> str:
    numeric = [name in item.numeric for name in item.cells.columns]

    def row(cells: Sequence[object], tag: str) -> str:
        texts = [str(cell) for cell in cells]
        if tag == "td" and texts[0] and not any(texts[1:]):
            span = len(texts)
            return f'<tr class="heading"><td colspan="{span}">{_text(texts[0])}</td></tr>'
        marked = (
            f"<{tag}{' class=number' if right else ''}>{_text(text)}</{tag}>"
            for text, right in zip(texts, numeric, strict=True)
        )
        return f"<tr>{''.join(marked)}</tr>"

    rows = "".join(row(cells, "td") for cells in item.cells.itertuples(index=False))
    return f"<table>{row(list(item.cells.columns), 'th')}{rows}</table>"


def _text(text: str) -> str:
    return html.escape(printable(text))
