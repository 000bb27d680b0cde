"""The study folder: Optuna's database, shared by the workers of a sweep, and their locks.

A worker holds a file lock in the run folder of its trial. The kernel releases the lock when the
process ends, however it ends, so a trial that the database calls running and that nobody has
locked was interrupted and can be resumed. One more lock, in the study folder, guards the database:
SQLite's own waiting is not made for many writers.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import optuna
from filelock import FileLock, Timeout
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from common.errors import InputError
from common.files import PLACE
from common.system_errors import explain, explain_sqlite
from common.validation import option
from trainer.config import FORMER_NAMES, Config
from trainer.sweep.overrides import Overrides, Value, deciding_fields
from trainer.sweep.search_space import SearchSpace, format_distribution

DATABASE = "study.sqlite3"
STUDY_NAME = "search"
DIRECTIONS: dict[str, Literal["minimize", "maximize"]] = {"top-1": "maximize", "loss": "minimize"}
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_DATABASE_TIMEOUT = 60.0
"""Seconds to wait for another program that holds the database."""
_OPTIONS = "options"
_FORMER_OPTIONS = {option(old): option(new) for old, new in FORMER_NAMES.items()} | {
    "--method": "--sampler"
}
"""Names of options in studies of older versions."""


@dataclass(frozen=True)
class SweepConfig:
    """Everything that decides a sweep: the same configuration resumes it, another is refused.

    `config` holds the fields that do not vary. `n_startup_trials` trials are never pruned; None
    disables pruning.
    """

    data: str
    preset: str
    config: Config
    space: SearchSpace
    sampler: str
    objective: str
    n_startup_trials: int | None

    def options(self) -> dict[str, str]:
        """Return the configuration as options of the command, without those that may change."""
        pruning = (
            "off" if self.n_startup_trials is None else f"after {self.n_startup_trials} trials"
        )
        return {
            "--data": self.data,
            "--preset": self.preset,
            "--sampler": self.sampler,
            "--objective": self.objective,
            "pruning": pruning,
            "--vary": " ".join(
                f"{name}={format_distribution(distribution)}"
                for name, distribution in self.space.items()
            ),
        } | {
            option(name): str(value)
            for name, value in deciding_fields(self.config).items()
            if name not in self.space
        }


class StudyFolder:
    """A study that several processes work on; opened by `open_study`.

    `study` is Optuna's. Hold `lock` to keep the other processes from the database.
    """

    def __init__(self, folder: Path, config: SweepConfig) -> None:
        self.folder, self.config = folder, config
        self.lock = FileLock(folder / ".lock")
        self._trial_locks: dict[int, FileLock] = {}
        with self.lock:
            self.study = _create_study(folder / DATABASE, config)
            self._check_options()

    def trials(self) -> list[FrozenTrial]:
        """Return all trials, by number."""
        return self.study.get_trials(deepcopy=False)

    def run_folder(self, number: int) -> Path:
        """Return the run folder of a trial."""
        return self.folder / f"trial-{number:04d}"

    def ask(self, overrides: Sequence[Overrides]) -> optuna.Trial | None:
        """Return a trial to train, or None if none is left; interrupted trials come first.

        `overrides` are those of all trials, by number. No other process gets the trial before
        `release`, or before this process ends.
        """
        with self.lock:
            trials = self.trials()[: len(overrides)]
            for frozen in trials:
                if frozen.state is TrialState.RUNNING and self._acquire(frozen.number):
                    # Optuna opens a trial by its id, which only a private attribute tells.
                    return optuna.Trial(self.study, frozen._trial_id)
            if len(trials) == len(overrides):
                return None
            self._acquire(len(trials))
            self.study.add_trial(
                create_trial(
                    state=TrialState.RUNNING,
                    params=dict(overrides[len(trials)]),
                    distributions=dict(self.config.space),
                )
            )
            return optuna.Trial(self.study, self.trials()[-1]._trial_id)

    def release(self, trial: optuna.Trial) -> None:
        """Let other processes train the trial if it has not ended."""
        self._trial_locks.pop(trial.number).release()

    def is_locked(self, number: int) -> bool:
        """Return whether any process is training a trial."""
        if number in self._trial_locks:
            return True
        if self._acquire(number):
            self._trial_locks.pop(number).release()
            return False
        return True

    def report(self, trial: optuna.Trial, epoch: int, score: float) -> bool:
        """Store the score of an epoch and return whether the trial should be pruned."""
        with self.lock:
            trial.report(score, epoch)
            return trial.should_prune()

    def tell(
        self,
        trial: optuna.Trial,
        state: TrialState,
        results: Mapping[str, Value],
        value: float | None = None,
    ) -> None:
        """Store how a trial ended, its results, and the objective value of a complete one."""
        with self.lock:
            for name, result in results.items():
                trial.set_user_attr(name, result)
            self.study.tell(trial, value, state)

    def _acquire(self, number: int) -> bool:
        """Lock a trial; return False if another process has locked it."""
        folder = self.run_folder(number)
        folder.mkdir(exist_ok=True)
        lock = FileLock(folder / ".lock", blocking=False)
        try:
            lock.acquire()
        except Timeout:
            return False
        self._trial_locks[number] = lock
        return True

    def _check_options(self) -> None:
        """Store the options, or raise InputError if the study was started with others."""
        stored: dict[str, str] | None = self.study.user_attrs.get(_OPTIONS)
        if stored is None and self.trials():
            raise InputError(
                f"{self.folder / DATABASE}: holds a study of another program; choose another "
                "folder."
            )
        if stored is None:
            self.study.set_user_attr(_OPTIONS, self.config.options())
            return
        before = {_FORMER_OPTIONS.get(name, name): value for name, value in stored.items()}
        for name, value in self.config.options().items():
            if before.get(name, value) != value:
                raise InputError(
                    f"{self.folder}: was started with {name} {before[name]}, not {value}; pass the "
                    "same options or choose another folder."
                )


@contextmanager
def open_study(folder: Path, config: SweepConfig) -> Iterator[StudyFolder]:
    """Open the study in a folder, or create it.

    Raises InputError, also within the block, for a database that cannot be read or written, and
    for a study with other options.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{error.filename}: {explain(error, PLACE)}.") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield StudyFolder(folder, config)
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        path, cause = folder / DATABASE, _sqlite_error(error)
        if cause and (reason := explain_sqlite(path, cause, PLACE)):
            raise InputError(f"{path}: {reason}.") from error
        reason = str(cause or error).partition("\n")[0]
        raise InputError(
            f"{path}: damaged, or not a database of a sweep ({reason}); choose another folder."
        ) from error


def _sqlite_error(error: BaseException | None) -> sqlite3.Error | None:
    """Return the error of SQLite that Optuna or SQLAlchemy has wrapped, None if there is none."""
    while error and not isinstance(error, sqlite3.Error):
        error = error.__cause__
    return error if isinstance(error, sqlite3.Error) else None


def _create_study(path: Path, config: SweepConfig) -> optuna.Study:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=_DATABASE_TIMEOUT)

    # Not by a URL with the path, in which Optuna and SQLAlchemy would replace some characters.
    storage = optuna.storages.RDBStorage(
        "sqlite:///study", engine_kwargs={"creator": connect, "poolclass": NullPool}
    )
    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if config.n_startup_trials is not None:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=config.n_startup_trials)
    return optuna.create_study(
        storage=storage,
        sampler=optuna.samplers.RandomSampler(),
        pruner=pruner,
        study_name=STUDY_NAME,
        direction=DIRECTIONS[config.objective],
        load_if_exists=True,
    )
