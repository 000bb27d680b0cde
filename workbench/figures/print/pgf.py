r"""Figures as PGF pictures, for `\input` in a LaTeX document, whose fonts they then have.

Matplotlib's own way to PGF asks a running LaTeX for the width of each text. This one measures text
in its own font, which is wider than LaTeX's, so that the file needs no LaTeX and is the same on
every machine.
"""

from pathlib import Path
from typing import Any, TextIO

from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_pgf import RendererPgf
from matplotlib.figure import Figure
from matplotlib.textpath import TextToPath
from PIL import Image

from common.tables import escape_latex

_HEADER = r"""%% A figure for \input; the preamble needs \usepackage{pgf}.
\providecommand{\FigureFolder}{}%
\begingroup%
\makeatletter%
\begin{pgfpicture}%
"""
_END = r"""\end{pgfpicture}%
\makeatother%
\endgroup%
"""


def save_pgf(figure: Figure, path: Path, dpi: float) -> None:
    """Write a figure as `path` and its rasterised parts beside it, `<stem>-img0.png` and so on."""
    before = figure.dpi
    figure.set_dpi(dpi)
    try:
        width, height = figure.get_size_inches()
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write(_HEADER)
            file.write(
                rf"\pgfpathrectangle{{\pgfpointorigin}}{{\pgfqpoint{{{width:f}in}}{{{height:f}in}}}}"
                "%\n\\pgfusepath{use as bounding box, clip}%\n"
            )
            renderer: Any = _Renderer(figure, file, path)
            mixed: Any = MixedModeRenderer(figure, width, height, dpi, renderer)  # type: ignore[no-untyped-call]
            figure.draw(mixed)
            file.write(_END)
    finally:
        figure.set_dpi(before)


class _Renderer(RendererPgf):
    """Writes PGF; text is measured by Matplotlib and escaped for LaTeX."""

    def __init__(self, figure: Figure, file: TextIO, path: Path) -> None:
        super().__init__(figure, file)  # type: ignore[no-untyped-call]
        self._file, self._path, self._images = file, path, 0

    def get_text_width_height_descent(
        self, s: str, prop: Any, ismath: Any
    ) -> tuple[float, float, float]:
        sizes = TextToPath().get_text_width_height_descent(s, prop, ismath=False)
        width, height, descent = (float(size) * self.dpi / 72 for size in sizes)
        return width, height, descent

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        text = escape_latex(s)
        super().draw_text(gc, x, y, text, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]

    def draw_image(self, gc: Any, x: float, y: float, im: Any, transform: Any = None) -> None:
        height, width = im.shape[:2]
        if not height or not width:
            return
        name = f"{self._path.stem}-img{self._images}.png"
        self._images += 1
        Image.fromarray(im[::-1]).save(self._path.with_name(name))
        scale = 1 / self.dpi
        if transform is None:
            place = rf"\pgfsys@transformshift{{{x * scale:f}in}}{{{y * scale:f}in}}"
            size = (width * scale, height * scale)
        else:
            a, b, c, d, e, f = transform.frozen().to_values()
            matrix = "".join(f"{{{value * scale:f}}}" for value in (a, b, c, d))
            shift = f"{{{(e + x) * scale:f}in}}{{{(f + y) * scale:f}in}}"
            place, size = rf"\pgfsys@transformcm{matrix}{shift}", (1.0, 1.0)
        self._file.write("\\begin{pgfscope}%\n")
        self._print_pgf_clip(gc)  # type: ignore[no-untyped-call]
        self._file.write(
            f"{place}%\n\\pgftext[left,bottom]{{\\includegraphics["
            f"width={size[0]:f}in,height={size[1]:f}in]{{\\FigureFolder {name}}}}}%\n"
            "\\end{pgfscope}%\n"
        )
