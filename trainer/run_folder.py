"""The run folder: who may write it, and what an earlier start left there."""

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.distributed import Processes
from common.errors import InputError
from common.files import file_lock
from common.validation import option
from trainer import checkpoint as checkpoints
from trainer.checkpoint import Checkpoint
from trainer.config import RESUMABLE_FIELDS, Config
from trainer.data.layout import Index
from trainer.data.split import Split


@contextmanager
def run_lock(run: Path, processes: Processes) -> Iterator[None]:
    """Keep a second trainer out of the run; the lock goes when this process does.

    The first of several processes holds it for all. Raises InputError where another holds it.
    """
    if not processes.is_main:
        yield
        return
    run.mkdir(parents=True, exist_ok=True)
    message = f"{run}: another process is training here; wait for it or train elsewhere."
    with file_lock(run / "last.json", message=message):
        yield


def read_previous(run: Path, config: Config, resume: bool) -> Checkpoint | None:
    """Return the last checkpoint of an earlier start, None if there is none.

    Raises InputError for a place that cannot be written, a run that nobody asked to resume, or one
    of other options.
    """
    there = next(place for place in (run.absolute(), *run.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise InputError(f"{run}: cannot be written to; name a folder of yours to train into.")
    if not resume and any((run / f"{name}.json").exists() for name in ("best", "last")):
        raise InputError(f"{run}: holds a run already; --resume goes on with it.")
    if not (run / "last.json").exists():
        return None
    last = checkpoints.read(run, "last")
    if not last.data_sha256:
        raise InputError(
            f"{run}: was trained by an earlier version, which can be extracted but not gone on "
            "with; train into another folder."
        )
    for item in dataclasses.fields(Config):
        before, now = getattr(last.config, item.name), getattr(config, item.name)
        # More epochs change nothing before them, as long as the learning rate does not know.
        longer = item.name == "epochs" and config.schedule == "constant" and now > before
        if before != now and item.name not in RESUMABLE_FIELDS and not longer:
            raise InputError(
                f"{run}: was trained with {option(item.name)} {before}, not {now}; "
                "resume with the same options or train into another folder."
            )
    return last


def restore_split(run: Path, previous: Checkpoint, index: Index) -> Split:
    """Return the locations that the run was started on, without those that came since.

    Raises InputError when some of them cannot be read any more, or the classes are others.
    """
    place = {location.id: location for location in index.locations}
    gone = [name for part in previous.split.values() for name in part if name not in place]
    if gone:
        raise InputError(
            f"{run}: {len(gone)} locations that this run was started on cannot be read any more, "
            f"{gone[0]} among them; put them back or train into another folder."
        )
    if previous.class_names != index.class_names:
        raise InputError(
            f"{run}: the data folder has other classes than when this run was started; train into "
            "another folder."
        )
    training, validation = (
        tuple(place[name] for name in previous.split[part]) for part in ("training", "validation")
    )
    return Split(training, validation)
