"""The study folder: its database, who is at work on which trial, and what each trial gave.

`study.sqlite3` is Optuna's. A worker holds a lock on a file in the folder of the trial that it
trains; the kernel takes the lock away when the worker ends, however it ends, so a trial that is
running in the database but that nobody holds was interrupted and can be gone on with. All writing
happens under one more lock, on a file in the study folder: SQLite's own waiting is not made for
many writers.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from common.errors import InputError
from common.validation import option
from trainer.config import RESUMABLE_FIELDS, Config
from trainer.sweep.settings import Value
from trainer.sweep.space import Range, Settings, Varied

DATABASE = "study.sqlite3"
OBJECTIVES = {"top-1": "maximize", "loss": "minimize"}
DONE = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
# Seconds for which a program that looks into the database may hold it.
_PATIENCE = 60.0
_OPTIONS = "options"


@dataclass(frozen=True)
class Search:
    """What decides a search: the same again goes on with it, anything else is another one.

    `config` is the part that does not vary, `start_up_trials` the number of trials that are
    trained to their end before others can be pruned, None where nothing is pruned.
    """

    data: str
    preset: str
    config: Config
    varied: tuple[Varied, ...]
    method: str
    objective: str
    start_up_trials: int | None

    def options(self) -> dict[str, str]:
        """Return all of it as options of the command, without those that may differ."""
        varying = {one.name for one in self.varied}
        pruning = "off" if self.start_up_trials is None else f"after {self.start_up_trials} trials"
        return {
            "--data": self.data,
            "--preset": self.preset,
            "--method": self.method,
            "--objective": self.objective,
            "pruning": pruning,
            "--vary": " ".join(f"{one.name}={one}" for one in self.varied),
        } | {
            option(item.name): str(getattr(self.config, item.name))
            for item in fields(Config)
            if item.name not in varying and item.name not in RESUMABLE_FIELDS
        }


@dataclass(frozen=True)
class Claim:
    """A trial that this worker trains: nobody else does, until `release` or its end."""

    folder: Path
    trial: optuna.Trial
    lock: int

    @property
    def settings(self) -> Settings:
        """Return the values of the fields that vary."""
        return self.trial.params

    def release(self) -> None:
        """Let go of the trial."""
        os.close(self.lock)


class Study:
    """A study folder, opened with `opened`."""

    def __init__(self, folder: Path, study: optuna.Study, search: Search) -> None:
        self.folder, self.search = folder, search
        self._study = study

    def trials(self) -> list[FrozenTrial]:
        """Return all trials, by number."""
        return self._study.get_trials(deepcopy=False)

    def folder_of(self, number: int) -> Path:
        """Return the run folder of a trial."""
        return self.folder / f"trial-{number:04d}"

    def claim(self, sequence: Sequence[Settings]) -> Claim | None:
        """Return a trial to train, an interrupted one before a new one; None if none is left.

        `sequence` are the settings of all trials that are wanted.
        """
        with self.alone():
            trials = self.trials()
            for frozen in trials[: len(sequence)]:
                if frozen.state in (TrialState.RUNNING, TrialState.WAITING):
                    claimed = self._take(frozen)
                    if claimed:
                        return claimed
            if len(trials) >= len(sequence):
                return None
            self._study.enqueue_trial(dict(sequence[len(trials)]))
            return self._take(self.trials()[-1])

    def held(self, number: int) -> bool:
        """Return whether a worker, here or elsewhere, is training a trial."""
        lock = _lock(self.folder_of(number) / ".lock", wait=False)
        if lock is not None:
            os.close(lock)
        return lock is None

    def report(self, claim: Claim, epoch: int, score: float) -> bool:
        """Write down what an epoch gave and return whether the trial should be pruned."""
        with self.alone():
            claim.trial.report(score, epoch)
            return self.should_prune(claim)

    def should_prune(self, claim: Claim) -> bool:
        """Return whether the epochs so far are worse than those of the other trials' median."""
        return claim.trial.should_prune()

    def finish(
        self,
        claim: Claim,
        state: TrialState,
        result: Mapping[str, Value],
        objective: float | None = None,
    ) -> None:
        """Write down how a trial ended, what it gave, and the objective if it went to its end."""
        with self.alone():
            for name, here in result.items():
                claim.trial.set_user_attr(name, here)
            self._study.tell(claim.trial, objective, state)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other worker of this study waiting, for a moment."""
        lock = _lock(self.folder / ".lock", wait=True)
        try:
            yield
        finally:
            if lock is not None:
                os.close(lock)

    def agree(self) -> None:
        """Write down what is searched, or compare; raises InputError for another search."""
        now = self.search.options()
        before: dict[str, str] | None = self._study.user_attrs.get(_OPTIONS)
        if before is None and self.trials():
            raise InputError(
                f"{self.folder / DATABASE}: holds a study of another program; search in another "
                "folder."
            )
        if before is None:
            self._study.set_user_attr(_OPTIONS, now)
            return
        for name, here in now.items():
            if before.get(name, here) != here:
                raise InputError(
                    f"{self.folder}: was searched with {name} {before[name]}, not {here}; say the "
                    "same again or search in another folder."
                )

    def _take(self, frozen: FrozenTrial) -> Claim | None:
        """Claim a trial that nobody holds, running or waiting in the database."""
        folder = self.folder_of(frozen.number)
        folder.mkdir(exist_ok=True)
        lock = _lock(folder / ".lock", wait=False)
        if lock is None:
            return None
        if frozen.state is TrialState.WAITING:
            trial = self._study.ask()
        else:
            # Optuna gives the number of a trial to the public, and takes the id.
            trial = optuna.Trial(self._study, frozen._trial_id)
        # Killed between two of these, the trial finds the same again: they are written in it.
        for one in self.search.varied:
            _suggest(trial, one)
        return Claim(folder, trial, lock)


@contextmanager
def opened(folder: Path, search: Search) -> Iterator[Study]:
    """Open the study in a folder, beginning it where there is none.

    Raises InputError for a database that cannot be read or written, and one of another search.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / DATABASE
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        lock = _lock(folder / ".lock", wait=True)
        try:
            study = Study(folder, _study(_storage(path), search), search)
            study.agree()
        finally:
            if lock is not None:
                os.close(lock)
        yield study
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        reason = str(error.__cause__ or error).partition("\n")[0]
        raise InputError(
            f"{path}: the database cannot be read or written ({reason}); make room, or search in "
            "another folder."
        ) from error


def _storage(path: Path) -> optuna.storages.RDBStorage:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=_PATIENCE)

    # A path in a URL would have to be spared Optuna's and SQLAlchemy's own signs.
    return optuna.storages.RDBStorage(
        "sqlite:///study", engine_kwargs={"creator": connect, "poolclass": NullPool}
    )


def _study(storage: optuna.storages.RDBStorage, search: Search) -> optuna.Study:
    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if search.start_up_trials is not None:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=search.start_up_trials)
    return optuna.create_study(
        storage=storage,
        sampler=optuna.samplers.RandomSampler(),
        pruner=pruner,
        study_name="search",
        direction=optuna.study.StudyDirection[OBJECTIVES[search.objective].upper()],
        load_if_exists=True,
    )


def _suggest(trial: optuna.Trial, one: Varied) -> None:
    """Let the trial take the value that was queued with it."""
    if not isinstance(one, Range):
        trial.suggest_categorical(one.name, one.value)
    elif isinstance(one.low, int) and isinstance(one.high, int):
        trial.suggest_int(one.name, one.low, one.high, log=one.log)
    else:
        trial.suggest_float(one.name, one.low, one.high, log=one.log)


def _lock(path: Path, *, wait: bool) -> int | None:
    """Return the open file that holds a lock on `path`, None when another has it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(file)
        return None
    except OSError:
        os.close(file)
        raise
    return file
