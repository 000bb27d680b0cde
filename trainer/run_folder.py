"""The run folder: its lock, and the checkpoint and split of an earlier start."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from common.distributed import Processes
from common.errors import InputError
from common.files import check_folder, file_lock
from common.names import canonical_name
from common.validation import option
from trainer import checkpoint as checkpoints
from trainer.checkpoint import Checkpoint
from trainer.config import RESUMABLE_FIELDS, Config
from trainer.data.prepare.photograph_index import PreparedData
from trainer.data.split import Split


@contextmanager
def run_lock(run: Path, processes: Processes) -> Iterator[None]:
    """Hold the lock of a run folder, so that no second training writes into it.

    The main process holds it for all. Raises InputError if another training holds it.
    """
    if not processes.is_main:
        yield
        return
    run.mkdir(parents=True, exist_ok=True)
    message = f"{run}: another process is training into this folder; wait or choose another folder."
    with file_lock(run / "last.json", message=message):
        yield


def read_previous(run: Path, config: Config, resume: bool) -> Checkpoint | None:
    """Return the last checkpoint of an earlier start, None if there is none.

    Without `resume` the run must be finished. Raises InputError for a folder that cannot be
    written, for an unfinished run without `resume`, and for a run with other options.
    """
    folder = next(path for path in (run.absolute(), *run.absolute().parents) if path.exists())
    check_folder(folder)
    there_is_one = InputError(
        f"{run}: already holds a run; continue it with --resume or choose another folder."
    )
    if not (run / "last.json").exists():
        if not resume and (run / "best.json").exists():
            raise there_is_one
        return None
    last = checkpoints.read(run, "last")
    if not resume and last.epoch != config.epochs:
        raise there_is_one
    if not last.data_sha256:
        raise InputError(
            f"{run}: was trained by an earlier version; it can be extracted but not resumed. Train "
            "into another folder."
        )
    for item in dataclasses.fields(Config):
        old_value, new_value = getattr(last.config, item.name), getattr(config, item.name)
        # At a constant learning rate, more epochs do not change the earlier ones.
        longer = item.name == "epochs" and config.schedule == "constant" and new_value > old_value
        if old_value != new_value and item.name not in RESUMABLE_FIELDS and not longer:
            raise InputError(
                f"{run}: was trained with {option(item.name)} {old_value}, not {new_value}; "
                "resume with the same options or train into another folder."
            )
    return last


def restore_split(run: Path, previous: Checkpoint, prepared: PreparedData) -> Split:
    """Return the split of the earlier start; locations that were added since are left out.

    They keep the ids of the earlier start, which need not be in NFC. Raises InputError if some of
    its locations are missing, or if classes or photographs have changed.
    """
    index = prepared.index
    locations = {location.id: location for location in index.locations}
    missing = [
        id_
        for part in previous.split.values()
        for id_ in part
        if canonical_name(id_) not in locations
    ]
    if missing:
        raise InputError(
            f"{run}: {len(missing)} locations of this run cannot be read any more, such as "
            f"{missing[0]}; restore them or train into another folder."
        )
    # The order of names in NFD is another one.
    if set(previous.class_names) != set(index.class_names):
        raise InputError(
            f"{run}: the classes of the data folder have changed since this run was started; train "
            "into another folder."
        )
    training, validation = (
        tuple(replace(locations[canonical_name(id_)], id=id_) for id_ in previous.split[part])
        for part in ("training", "validation")
    )
    if prepared.fingerprint(training + validation) != previous.data_sha256:
        raise InputError(
            f"{index.root}: photographs have changed since {run} was started; restore them or "
            "train into another folder."
        )
    return Split(training, validation)
