"""All figures of a store as PDF and SVG files."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

from common.earlier_result import folder_is_finished, recorded
from common.errors import InputError
from common.files import atomic_write
from workbench import store as stores
from workbench.evaluation import metrics
from workbench.evaluation.predictions import Predictions
from workbench.figures import paper
from workbench.store import Store
from workbench.store.fingerprint import content_sha256


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


def export(path: Path, out: Path, width: float, *, overwrite: bool = False) -> list[Path]:
    """Write ROC curves, confusion matrix and projections of a store as PDF and SVG; width in mm.

    Figures of the same request stay as they are. Raises InputError when the store cannot be read or
    has no projections, and for figures of another request unless `overwrite`.
    """
    store = stores.read(path)
    if not store.projections:
        raise InputError(
            f"{path}: the store has no projections; make them with `resnetbolt project {path}`."
        )
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: this is a file; name a folder for the figures.")
    drawings = figures(store, width)
    files = [f"{name}.{suffix}" for name in drawings for suffix in paper.FORMATS]
    request = {"store": content_sha256(store), "width": width}
    if not folder_is_finished(out, "export", request, files, overwrite=overwrite):
        bar = tqdm(drawings.items(), desc="Drawing", unit="figure", dynamic_ncols=True)
        with recorded(out, "export", request, files):
            for name, draw in bar:
                figure = draw()
                for suffix in paper.FORMATS:
                    with atomic_write(out / f"{name}.{suffix}") as partial_path:
                        paper.save(figure, partial_path)
    return [out / name for name in files]
