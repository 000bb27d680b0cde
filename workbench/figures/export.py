"""All figures of a store as PDF and SVG files."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

from common.errors import InputError
from common.files import atomic_write
from workbench import store as stores
from workbench.evaluation import metrics
from workbench.evaluation.predictions import Predictions
from workbench.figures import paper
from workbench.store import Store


def figures(store: Store, width: float) -> Mapping[str, Callable[[], Figure]]:
    """Return what draws each figure of a store, by file name; width in mm, half of it for ROC."""
    names, labels = store.class_names, store.labels
    predictions = Predictions(store)
    confusion = metrics.confusion(labels, predictions.predicted_labels, names)
    return {
        "roc": lambda: paper.roc(predictions.roc, names, width / 2),
        "confusion": lambda: paper.confusion(confusion, width),
    } | {
        f"projection-{name}": partial(
            paper.projection, projection.title, projection.coordinates, labels, names, width
        )
        for name, projection in store.projections.items()
    }


def export(path: Path, out: Path, width: float) -> list[Path]:
    """Write ROC curves, confusion matrix and projections of a store as PDF and SVG; width in mm.

    Raises InputError when the store cannot be read or has no projections.
    """
    store = stores.read(path)
    if not store.projections:
        raise InputError(
            f"{path}: the store has no projections; make them with `resnetbolt project {path}`."
        )
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: this is a file; name a folder for the figures.")
    out.mkdir(parents=True, exist_ok=True)
    written = []
    drawings = figures(store, width).items()
    for name, draw in tqdm(drawings, desc="Drawing", unit="figure", dynamic_ncols=True):
        figure = draw()
        for suffix in paper.FORMATS:
            written.append(out / f"{name}.{suffix}")
            with atomic_write(written[-1]) as partial_path:
                paper.save(figure, partial_path)
    return written
