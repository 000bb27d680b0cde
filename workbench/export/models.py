"""A store to be exported: its selection, its run folder, its photographs and its maps."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from common.errors import InputError
from common.files import check_readable, is_folder
from common.json_text import read_object
from common.text import printable
from workbench import store as stores
from workbench.evaluation import metrics
from workbench.evaluation.predictions import Predictions
from workbench.export.link import Link
from workbench.export.options import Options
from workbench.store import Store, provenance
from workbench.store.photographs import Photographs
from workbench.store.query import select


class NotApplicableError(Exception):
    """A figure that makes no sense for a model; the message says why."""


@dataclass(frozen=True, eq=False)
class Model:
    """A model, by its store. `name` stands in captions, `suffix` ends the names of its files.

    `selected` (N,) are the locations that meet the condition and that the link selects.
    """

    path: Path
    name: str
    suffix: str
    predictions: Predictions
    selected: NDArray[np.bool_]
    run: Path | None
    data: Path | None
    validation: Path | None
    link: Link | None = None

    @property
    def store(self) -> Store:
        """The store."""
        return self.predictions.store

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """The selected rows of the store."""
        return np.flatnonzero(self.selected)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The class names in order."""
        return self.store.class_names

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """True labels of the selected locations."""
        return self.store.labels[self.rows]

    @cached_property
    def confusion(self) -> metrics.Confusion:
        """The confusion matrix of the selected locations."""
        predicted = self.predictions.predicted_labels[self.rows]
        return metrics.confusion(self.labels, predicted, self.class_names)

    @property
    def fusion(self) -> str:
        """How the model fuses views, "" if the store does not say."""
        value = self.store.provenance.get("fusion")
        return value if isinstance(value, str) else ""

    @cached_property
    def run_folder(self) -> Path:
        """The run folder; raises InputError where there is none."""
        folder = provenance.folder(self.store, "run", self.run)
        if not is_folder(folder):
            raise InputError(
                f"{str(folder)[:200]}: there is no such run folder; name it with --run."
            )
        return folder

    @cached_property
    def checkpoint(self) -> Mapping[str, Any]:
        """What the checkpoint says about itself; raises InputError where it is missing."""
        path = self.run_folder / "best.json"
        document = read_object(path)
        if document is None or not isinstance(document.get("config"), dict):
            raise InputError(f"{path}: there is no such checkpoint; name its run with --run.")
        expected = self.store.provenance.get("checkpoint_sha256")
        if expected and document.get("sha256") not in (None, expected):
            raise InputError(
                f"{path}: is not the checkpoint that {self.path.name} was extracted with; name its "
                "run with --run."
            )
        return document

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The configuration of the training, also of older versions; raises InputError."""
        from trainer.config import Config

        try:
            return asdict(Config.from_json(self.checkpoint["config"]))
        except TypeError as error:
            raise InputError(
                f"{self.run_folder / 'best.json'}: has an unknown option ({error}); was it written "
                "by a newer version?"
            ) from error

    def log(self, name: str) -> pd.DataFrame:
        """Return a table of the run, "epochs" or "steps"; raises InputError."""
        path = self.run_folder / f"{name}.csv"
        check_readable(path, "the run has no such table; train with this version")
        try:
            table = pd.read_csv(path)
        except (ValueError, OSError) as error:
            raise InputError(f"{path}: cannot be read as a table of a training run.") from error
        needed = {"epochs": ("epoch", "step", "training_loss", "validation_loss", "top_1", "top_5")}
        columns = needed.get(name, ("step", "loss"))
        numeric = all(column in table and table[column].dtype.kind in "if" for column in columns)
        if not numeric or not len(table):
            raise InputError(f"{path}: lacks numbers in one of the columns {', '.join(columns)}.")
        return table

    @cached_property
    def photographs(self) -> Photographs:
        """The photographs; raises InputError where they are missing."""
        return provenance.photographs(self.store, self.data)


def default_config() -> Mapping[str, Any]:
    """Return the configuration of a training without options."""
    from trainer.config import Config

    return asdict(Config())


def open_models(options: Options, link: Link | None = None) -> list[Model]:
    """Open the stores; raises InputError for one that cannot be used, or not with the link."""
    if not options.stores:
        raise InputError("Name at least one store: FILE.h5.")
    count = len(options.stores)
    for name in ("run", "data", "validation"):
        folders = getattr(options, name)
        if folders and len(folders) != count:
            raise InputError(
                f"--{name}: {len(folders)} names for {count} stores; name one for each, in their "
                "order."
            )
    models = [
        open_model(options, Predictions(stores.read(path)), link, i)
        for i, path in enumerate(options.stores)
    ]
    _check_names(options, models)
    return models


def open_model(
    options: Options, predictions: Predictions, link: Link | None = None, place: int = 0
) -> Model:
    """Return the model of one of the stores, which is read already; raises as `open_models`."""
    names = list(_unique([path.stem for path in options.stores]))
    slugs = list(_unique([_slug(name) for name in names]))
    path = options.stores[place]
    return Model(
        path,
        printable(names[place]),
        f"-{slugs[place]}" if len(names) > 1 else "",
        predictions,
        _selected_locations(path, predictions, options, link),
        options.run[place] if options.run else None,
        options.data[place] if options.data else None,
        options.validation[place] if options.validation else None,
        link,
    )


def _selected_locations(
    path: Path, predictions: Predictions, options: Options, link: Link | None
) -> NDArray[np.bool_]:
    """Return which locations (N,) meet the condition and are selected by the link.

    Raises InputError where there are none, and for a link of another store.
    """
    store = predictions.store
    selected = select(store, options.where) if options.where else np.ones(len(store), bool)
    if not selected.any():
        raise InputError(f"{path}: no location meets the condition {options.where!r}.")
    if link is None:
        return selected
    link.check(predictions, path.name)
    selected = selected & link.member(predictions)
    if not selected.any():
        raise InputError(f"--url: the link selects no location of {path.name}.")
    return selected


def _check_names(options: Options, models: Sequence[Model]) -> None:
    """Raise InputError for a class or location that no store has."""
    import difflib

    known = {name for model in models for name in model.class_names}
    for name in options.highlight:
        if name not in known:
            near = difflib.get_close_matches(name, known, 2, 0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "`inspect` lists the classes."
            raise InputError(f"--highlight {name!r}: no store has this class; {hint}")
    for name in options.id:
        if not any(name in model.predictions.rows for model in models):
            raise InputError(f"--id {name!r}: no store has this location; copy its whole id.")


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "model"


def _unique(names: Sequence[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"
