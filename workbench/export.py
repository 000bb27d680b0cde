"""`python -m workbench.export FILE.h5 --out DIR`: the store's figures as vector files."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from tyro.conf import Positional, arg

from common.cli import cli_errors, parse
from common.text import print_text
from workbench.figures.sizes import DOUBLE_COLUMN

MIN_WIDTH = 80.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """Draw the ROC curves, the confusion matrix and the projections of a store as PDF and SVG."""

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store to draw"""
    out: Annotated[Path, arg(metavar="DIR")]
    """folder for the figures"""
    width: Annotated[float, Field(ge=MIN_WIDTH, le=1000)] = DOUBLE_COLUMN
    """width of the matrix and the projections, millimetres; the ROC curves take half of it"""
    overwrite: bool = False
    """replace figures of another store or width"""


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.export") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog):
        options = parse(Options, arguments, prog)
        # Importing it takes seconds; --help and a wrong option should not.
        from workbench.figures.export import export

        for path in export(options.store, options.out, options.width, overwrite=options.overwrite):
            print_text(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
