"""`python -m workbench.export FILE.h5 --out DIR`: the store's figures as vector files."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

from common.cli import cli_errors
from common.errors import InputError
from common.files import atomic_write
from embeddings.results import Projection
from workbench import store as stores
from workbench.evaluation import metrics
from workbench.figures import paper
from workbench.store import Store

LEAST_WIDTH, GREATEST_WIDTH = 80.0, 1000.0


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


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.export",
        description="Draw the ROC curves, the confusion matrix and the three maps of a store "
        "as PDF and SVG, fonts embedded.",
    )
    result.add_argument("store", metavar="FILE.h5", type=Path, help="store to draw")
    result.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="folder for the figures"
    )
    result.add_argument(
        "--width",
        metavar="MM",
        type=float,
        default=paper.DOUBLE_COLUMN,
        help="width of the matrix and the maps, millimetres; the curves take half of it "
        "(default: %(default)s)",
    )
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.export") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    options = command.parse_args(arguments)
    with cli_errors(command.prog):
        if not LEAST_WIDTH <= options.width <= GREATEST_WIDTH:
            raise InputError(
                f"--width {options.width}: must lie between {LEAST_WIDTH:g} and "
                f"{GREATEST_WIDTH:g} mm."
            )
        for path in export(options.store, options.out, options.width):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
