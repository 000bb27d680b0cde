"""`python -m workbench.export FILE.h5 --out DIR`: the store's figures as vector files."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from matplotlib.figure import Figure
from pydantic import Field
from tqdm import tqdm
from tyro.conf import Positional, arg

from common.cli import cli_errors, parse
from common.errors import InputError
from common.files import atomic_write
from embeddings.results import Projection
from workbench import store as stores
from workbench.evaluation import metrics
from workbench.figures import paper
from workbench.store import Store

MIN_WIDTH = 80.0


def figures(store: Store, width: float) -> Mapping[str, Callable[[], Figure]]:
    """Return what draws each figure of a store, by file name; width in mm, half of it for ROC."""
    score = metrics.probabilities(store.logits)
    prediction = metrics.rank_classes(store.logits)[:, 0]
    return {
        "roc": lambda: paper.roc(
            metrics.roc(store.labels, score, store.class_names), store.class_names, width / 2
        ),
        "confusion": lambda: paper.confusion(
            metrics.confusion(store.labels, prediction, store.class_names), width
        ),
    } | {
        f"projection-{name}": _projection(store, projection, width)
        for name, projection in store.projections.items()
    }


def _projection(store: Store, projection: Projection, width: float) -> Callable[[], Figure]:
    return lambda: paper.projection(
        projection.title,
        projection.coordinates,
        store.labels,
        store.class_names,
        width,
    )


def export(path: Path, out: Path, width: float) -> list[Path]:
    """Write ROC curves, confusion matrix and maps of a store as PDF and SVG; width in mm.

    Raises InputError when the store cannot be read or has no maps.
    """
    store = stores.read(path)
    if not store.projections:
        raise InputError(
            f"{path}: the store has no maps yet; run `python -m workbench.project {path}` first."
        )
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: this is a file; name a folder for the figures.")
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in tqdm(
        figures(store, width).items(), desc="Drawing", unit="figure", dynamic_ncols=True
    ):
        figure = draw()
        for kind in paper.FORMATS:
            with atomic_write(out / f"{name}.{kind}") as partial:
                paper.save(figure, partial)
            written.append(out / f"{name}.{kind}")
    return written


@dataclass(frozen=True, kw_only=True)
class Options:
    """Draw the ROC curves, the confusion matrix and the projections of a store as PDF and SVG."""

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store to draw"""
    out: Annotated[Path, arg(metavar="DIR")]
    """folder for the figures"""
    width: Annotated[float, Field(ge=MIN_WIDTH, le=1000)] = paper.DOUBLE_COLUMN
    """width of the matrix and the projections, millimetres; the ROC curves take half of it"""


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.export") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog):
        options = parse(Options, arguments, prog)
        for path in export(options.store, options.out, options.width):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
