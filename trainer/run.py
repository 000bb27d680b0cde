"""The run folder: who may write it, what an earlier start left there, and its tables."""

import csv
import dataclasses
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from trainer import checkpoint as checkpoints
from trainer.checkpoint import Checkpoint
from trainer.config import Config
from trainer.dataset import Location, Skipped, Split
from trainer.errors import InputError

STEPS, EPOCHS = "steps.csv", "epochs.csv"
STEP_COLUMNS = ("epoch", "step", "loss", "learning_rate", "seconds")
EPOCH_COLUMNS = ("epoch", *checkpoints.METRICS, "seconds")


@contextmanager
def alone(run: Path) -> Iterator[None]:
    """Keep a second trainer out of the run; the lock goes when this process does.

    It lies with the temporary files, so that a refused start leaves nothing in the run.
    """
    name = hashlib.sha256(str(run.absolute()).encode(errors="replace")).hexdigest()[:16]
    lock = Path(tempfile.gettempdir()) / f"resnetbolt-{os.getuid()}-{name}.lock"
    file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"{run}: another trainer is at work here; wait for it or train elsewhere."
            ) from error
        yield
    finally:
        os.close(file)


def previous(run: Path, config: Config, resume: bool) -> Checkpoint | None:
    """Return the last checkpoint of an earlier start, None if there is none.

    Raises InputError for a place that cannot be written, a run that nobody asked to resume, or one
    of other options.
    """
    there = next(place for place in (run.absolute(), *run.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise InputError(f"{run}: cannot be written to; name a folder of yours to train into.")
    if not (run / "last.json").exists():
        return None
    if not resume:
        raise InputError(f"{run}: holds a run already; --resume goes on with it.")
    last = checkpoints.read(run, "last")
    for item in dataclasses.fields(Config):
        before, now = getattr(last.config, item.name), getattr(config, item.name)
        if before != now and item.name != "workers":
            raise InputError(
                f"{run}: was trained with {item.name} {before}, not {now}; "
                "resume with the same options or train into another folder."
            )
    return last


def as_before(run: Path, previous: Checkpoint, class_name: Sequence[str], split: Split) -> Split:
    """Return the locations that the run was started on, without those that came since.

    Raises InputError when some of them, or a class, are not there any more.
    """

    def kept(part: Sequence[Location], before: Sequence[str]) -> tuple[Location, ...]:
        wanted = set(before)
        return tuple(place for place in part if place.id in wanted)

    training, validation = previous.split["training"], previous.split["validation"]
    result = Split(kept(split.training, training), kept(split.validation, validation))
    if (
        previous.class_name != class_name
        or len(result.training) != len(training)
        or len(result.validation) != len(validation)
    ):
        raise InputError(
            f"{run}: the data folder has changed since this run started; train into another folder."
        )
    return result


def start(run: Path, config: Config, skipped: Sequence[Skipped], last_epoch: int) -> None:
    """Write the configuration and the skipped; begin the tables, or cut off a killed epoch."""
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.json").write_text(json.dumps(dataclasses.asdict(config), indent=1) + "\n")
    with (run / "skipped.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(("id", "reason"))
        csv.writer(file).writerows((item.id, item.reason) for item in skipped)
    for name, columns in ((STEPS, STEP_COLUMNS), (EPOCHS, EPOCH_COLUMNS)):
        path, rows = run / name, []
        if last_epoch and path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in list(csv.reader(file))[1:] if int(row[0]) <= last_epoch]
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *rows])


def append(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Add rows to a table."""
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
