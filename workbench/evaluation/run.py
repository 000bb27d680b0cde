"""The command's work: read what there is, evaluate it, write it as JSON and as text."""

import hashlib
import json
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from common.earlier_result import is_finished
from common.errors import InputError
from common.files import atomic_write_text, check_writable, is_folder
from common.json_text import read_object
from common.progress import ProgressCallback, fraction_bar, no_progress
from workbench import store as stores
from workbench.evaluation import metrics
from workbench.evaluation.evaluate import (
    GREEN,
    SPLIT,
    Evaluation,
    EvaluationInputs,
    MissingNumbers,
    evaluate,
)
from workbench.evaluation.options import Options
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.report import FORMAT, document, lines
from workbench.store import SPLITS, Store, query
from workbench.store.fingerprint import content_sha256
from workbench.store.provenance import folder

if TYPE_CHECKING:
    from workbench.evaluation.training import PhotographTraits, TrainingSet

Rows = NDArray[np.int64]
Found = TypeVar("Found")
COLUMNS = 100
_VALIDATION = SPLITS.index("validation")


def run(options: Options) -> list[str]:
    """Evaluate, write the JSON file and return the summary; the same request finds its file.

    Raises InputError for stores that cannot be read or do not fit together, and for a file of
    another request unless `overwrite`.
    """
    out = options.out
    check_writable(out, overwrite=True)
    predictions = Predictions(stores.read(options.store))
    rows = _enough(_selected(predictions.store, options), options)
    sources = _Sources(options, predictions.store, rows)
    inputs, request = sources.read(), sources.request()
    if out.exists() and not options.overwrite:
        existing = read_object(out) or {}
        recorded = existing.get("request") if existing.get("format") == FORMAT else None
        if is_finished(out, recorded if isinstance(recorded, dict) else None, request):
            summary = existing.get("summary")
            return _wrapped(summary) if isinstance(summary, list) else []
    with fraction_bar("Evaluating") as progress:
        result = evaluate(predictions, rows, inputs, options.near_km, options.seed, progress)
    summary = lines(result)
    text = json.dumps(document(result, request, summary), indent=1, ensure_ascii=False)
    atomic_write_text(out, f"{text}\n")
    return [*_wrapped(summary), f"-> {out}"]


def evaluation_of(
    options: Options,
    predictions: Predictions,
    progress: ProgressCallback = no_progress,
    rows: Rows | None = None,
) -> Evaluation:
    """Evaluate a store with everything that is known beside it; raises InputError as `run` does.

    `rows` replace those of the condition.
    """
    rows = _enough(_selected(predictions.store, options) if rows is None else rows, options)
    inputs = _Sources(options, predictions.store, rows).read()
    return evaluate(predictions, rows, inputs, options.near_km, options.seed, progress)


def evaluation_inputs(options: Options, store: Store) -> EvaluationInputs:
    """Return what is known beside a store for all of its locations, as `run` finds it.

    Photographs are not read: what an index has of them is used. Raises InputError as `run` does.
    """
    rows = np.arange(len(store), dtype=np.int64)
    return _Sources(options, store, rows, reads_photographs=False).read()


def _wrapped(lines: Sequence[object]) -> list[str]:
    """Return lines of at most `COLUMNS`, the continued ones indented."""
    return [
        part
        for line in lines
        for part in textwrap.wrap(str(line), COLUMNS, subsequent_indent="    ")
    ]


def _selected(store: Store, options: Options) -> Rows:
    """Return the rows to evaluate: those of the condition, else all."""
    if not options.where:
        return np.arange(len(store), dtype=np.int64)
    return np.flatnonzero(query.select(store, options.where)).astype(np.int64)


def _enough(rows: Rows, options: Options) -> Rows:
    if len(rows) < 2:
        remedy = "choose another --where" if options.where else "select or extract more locations"
        raise InputError(f"{options.store}: has {len(rows)} locations to evaluate; {remedy}.")
    return rows


@dataclass
class _Sources:
    """Reads what is beside the store; what it cannot read becomes `missing`."""

    options: Options
    store: Store
    rows: Rows
    reads_photographs: bool = True
    """Whether photographs that no index has are read."""

    def __post_init__(self) -> None:
        self.missing: list[MissingNumbers] = []
        self.hashes: dict[str, str | None] = {"second": None, "validation": None}
        self.traits: PhotographTraits | None = None
        self.training: TrainingSet | None = None

    def read(self) -> EvaluationInputs:
        """Return everything."""
        self.traits = self._traits()
        self.training = self._training()
        links = None
        if self.training is not None:
            from workbench.evaluation.training import training_links

            links = training_links(self.store, self.rows, self.training, self.traits)
        second = self._second()
        return EvaluationInputs(
            links,
            0 if self.training is None else len(self.training),
            None if self.traits is None else self.traits.green,
            self._validation(),
            second,
            tuple(self.missing),
        )

    def request(self) -> dict[str, Any]:
        """Return what the result depends on, once `beside` has read it."""
        training, traits = self.training, self.traits
        return {
            "store": _sha256(self.store),
            **self.hashes,
            "where": self.options.where,
            "near": self.options.near_km,
            "seed": self.options.seed,
            "training": training
            and _digest(
                json.dumps(training.ids).encode(),
                training.latitudes,
                training.longitudes,
                training.sha256,
                training.difference_hashes,
            ),
            "photographs": traits and _digest(traits.difference_hashes, traits.green, traits.known),
        }

    def _index(self) -> Path:
        """Return the folder of the indexes: the one that holds the run, else that of the result."""
        if self.options.index_dir:
            return self.options.index_dir
        beside_out = self.options.out.absolute().parent
        try:
            beside_run = folder(self.store, "run", self.options.run).absolute().parent
            return beside_run if is_folder(beside_run) else beside_out
        except InputError:
            return beside_out

    def _has_photographs(self, data: Path) -> bool:
        """Return whether those of a folder are to be looked at."""
        from workbench.evaluation.training import has_index

        return self.options.photographs and (
            self.reads_photographs or has_index(data, self._index())
        )

    def _attempt(self, what: str, remedy: str, read: Callable[[], Found]) -> Found | None:
        """Return what `read` does; if that fails, note what is missing and why."""
        try:
            return read()
        except InputError as error:
            text = str(error).rstrip(".")
            # Without its own advice, which speaks of one option alone.
            self.missing.append(MissingNumbers(what, text.rpartition("; ")[0] or text, remedy))
            return None

    def _traits(self) -> "PhotographTraits | None":
        if not self.options.photographs:
            self.missing.append(MissingNumbers(GREEN, "--no-photographs", "leave that option out"))
            return None

        def read() -> "PhotographTraits":
            from workbench.evaluation.training import photograph_traits

            data = folder(self.store, "data", self.options.data)
            if not self._has_photographs(data):
                raise InputError(f"{data}: there is no index of the photographs")
            workers = self.options.num_workers
            return photograph_traits(self.store, self.rows, data, self._index(), workers)

        remedy = (
            "name the folder of the photographs with --data"
            if self.reads_photographs
            else f"make it with `resnetbolt evaluate {self.options.store.name} --out "
            "evaluation.json` and open the dashboard again"
        )
        return self._attempt(GREEN, remedy, read)

    def _training(self) -> "TrainingSet | None":
        from workbench.evaluation import training

        given = self.options.train_data
        if given is not None:
            if given.is_file():
                return training.training_of_store(given)
            return self._training_of(given, self._trained_ids())
        by_data = "the training photographs with --train-data"
        remedy = "name the run folder with --run"
        if self.reads_photographs:
            remedy += f", or {by_data}"
        record = self._attempt(SPLIT, remedy, self._training_record)
        if record is None:
            return None
        ids, data = record
        remedy = f"name {by_data}" if self.reads_photographs else "put them into that folder again"
        return self._attempt(SPLIT, remedy, lambda: self._training_of(data, ids))

    def _training_of(self, data: Path, ids: set[str] | None) -> "TrainingSet":
        from workbench.evaluation.training import training_of_folder

        how = (self._index(), self._has_photographs(data), self.options.num_workers)
        return training_of_folder(data, *how, ids)

    def _training_record(self) -> tuple[set[str], Path]:
        """Return the ids of the training locations and their folder, from the run folder."""
        from workbench.evaluation.training import training_record

        run = folder(self.store, "run", self.options.run)
        return training_record(run, str(self.store.provenance.get("checkpoint_name", "best")))

    def _trained_ids(self) -> set[str] | None:
        """Return the ids of the run; without a run, None: the whole folder was trained on."""
        try:
            return self._training_record()[0]
        except InputError:
            if self.options.run is not None:
                raise
            return None

    def _validation(self) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
        """Return the true classes and logits of locations that are not evaluated, if there are."""
        path, store = self.options.validation, self.store
        if path is None:
            if store.splits is None:
                return None
            rows = np.setdiff1d(np.flatnonzero(store.splits == _VALIDATION), self.rows)
            return (store.labels[rows], store.logits[rows]) if len(rows) else None
        other = stores.read(path)
        self.hashes["validation"] = _sha256(other)
        rows = np.arange(len(other))
        if other.splits is not None and (other.splits == _VALIDATION).any():
            rows = np.flatnonzero(other.splits == _VALIDATION)
        evaluated = {store.location_ids[row] for row in self.rows.tolist()}
        common = [name for row in rows.tolist() if (name := other.location_ids[row]) in evaluated]
        if common:
            raise InputError(
                f"{path}: {len(common)} of its locations are evaluated, such as {common[0]}; name "
                "a store of other locations with --validation."
            )
        if not len(rows):
            raise InputError(f"{path}: has no locations; choose another --validation.")
        order = _class_order(store, other, path)
        return np.argsort(order)[other.labels[rows]], other.logits[rows][:, order]

    def _second(self) -> tuple[NDArray[np.float64], Rows] | None:
        """Return the second model's probabilities, and the places in `rows` that they are of."""
        path, store = self.options.second, self.store
        if path is None:
            return None
        other = stores.read(path)
        self.hashes["second"] = _sha256(other)
        order = _class_order(store, other, path)
        row_of = {name: row for row, name in enumerate(other.location_ids)}
        places = [row_of.get(store.location_ids[row], -1) for row in self.rows.tolist()]
        common = np.flatnonzero(np.array(places) >= 0)
        if not len(common):
            raise InputError(
                f"{path}: has none of the evaluated locations of {self.options.store}; extract "
                "both from the same photographs."
            )
        if len(common) < len(self.rows):
            self.missing.append(
                MissingNumbers(
                    f"the comparison of {len(self.rows) - len(common)} locations",
                    f"{path} does not have them",
                    "extract both stores from the same photographs",
                )
            )
        rows = np.array(places)[common]
        labels = np.argsort(order)[other.labels[rows]]
        if (labels != store.labels[self.rows[common]]).any():
            raise InputError(
                f"{path}: some locations have another class than in {self.options.store}; extract "
                "both from the same photographs."
            )
        return metrics.probabilities(other.logits[rows][:, order]), common


def _class_order(store: Store, other: Store, path: Path) -> Rows:
    """Return the places of the store's classes in the other; raises InputError if they differ."""
    if set(store.class_names) != set(other.class_names):
        raise InputError(f"{path}: has other classes; choose a store of a model of the same ones.")
    return np.array([other.class_names.index(name) for name in store.class_names], dtype=np.int64)


def _sha256(store: Store) -> str:
    """Return a hash of a store without its projections, on which nothing here depends."""
    return content_sha256(replace(store, projections={}, components=None, neighbors=None))


def _digest(*parts: Any) -> str:
    result = hashlib.sha256()
    for part in parts:
        result.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).tobytes())
    return result.hexdigest()
