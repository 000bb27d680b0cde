"""One worker of a search: a process that trains trial after trial until none is left."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState

from common.cli import cli_errors
from common.errors import Interrupted
from common.signals import stop_signal
from trainer.config import Config
from trainer.errors import TrainingFailed
from trainer.sweep.settings import Value, words
from trainer.sweep.space import Settings, configured
from trainer.sweep.study import Claim, Search, Study, opened

if TYPE_CHECKING:
    from trainer.evaluate import Scores

# PyTorch is imported within functions: before, a worker settles what it sees of the machine.

LOG = "training.txt"


@dataclass(frozen=True)
class Task:
    """What all workers of a command do; `sequence` holds the settings of all trials, in order.

    A quiet worker leaves the bars to the trials' files: those of several would tear each other.
    """

    folder: Path
    search: Search
    sequence: Sequence[Settings]
    index: Path
    quiet: bool


def run(program: str, task: Task, environment: dict[str, str]) -> None:
    """Be a worker, in a process of its own whose environment is set first.

    Ends it with the status that `common.cli.refusing` gives a command.
    """
    os.environ.update(environment)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with (
        cli_errors(program, interrupted="the same command goes on"),
        stop_signal() as stop,
        opened(task.folder, task.search) as study,
    ):
        while not stop.received and (claim := study.claim(task.sequence)):
            try:
                _train(study, claim, task)
            except Interrupted:
                # Its sentence speaks of --resume, which a search does without.
                sys.exit(128 + signal.SIGTERM)
            finally:
                claim.release()


def _end_with_parent() -> None:
    """Ask this process to save and end when the command that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    while True:  # Asked between two trainings, it may have missed it.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)


def _train(study: Study, claim: Claim, task: Task) -> None:
    """Train a trial, or go on with it, and write down how it ended; raises Interrupted."""
    import torch

    from trainer.train import train

    search = task.search
    config = configured(search.config, claim.settings)
    number = claim.trial.number
    told = ", ".join(f"{name} {words(here)}" for name, here in claim.settings.items())
    print(f"Trial {number} of {len(task.sequence)}: {told}", flush=True)
    state, reason, objective = TrialState.COMPLETE, "", None
    try:
        if study.should_prune(claim):  # It was killed after that epoch was reported.
            raise optuna.TrialPruned
        report = _reporter(study, claim, config)
        with (
            (claim.folder / LOG).open("a", encoding="utf-8") as log,
            contextlib.redirect_stdout(log),
            contextlib.redirect_stderr(log if task.quiet else sys.stderr),
        ):
            train(
                claim.folder,
                Path(search.data),
                config,
                preset=search.preset,
                resume=True,
                index=task.index,
                on_epoch_end=report,
            )
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except TrainingFailed as error:
        state = TrialState.FAIL
        reason = str(error).removeprefix(f"{claim.folder}: ").partition(";")[0]
    result = _result(claim.folder) | ({"reason": reason} if reason else {})
    if state is TrialState.COMPLETE:
        objective = float(result["top_1" if search.objective == "top-1" else "validation_loss"])
    study.finish(claim, state, result, objective)
    if state is not TrialState.COMPLETE:
        spare(claim.folder)
        torch.cuda.empty_cache()
    ended = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned"}.get(state, reason)
    print(f"Trial {number}: {ended}", flush=True)


def _reporter(study: Study, claim: Claim, config: Config) -> "Callable[[int, Scores], None]":
    """Return what is called after each epoch; it raises TrialPruned."""
    terminal = sys.stdout

    def report(epoch: int, scores: "Scores") -> None:
        print(
            f"Trial {claim.trial.number}, epoch {epoch} of {config.epochs}: validation loss "
            f"{scores.loss:.3f}, top-1 {scores.top_1:.1%}",
            file=terminal,
            flush=True,
        )
        score = scores.top_1 if study.search.objective == "top-1" else scores.loss
        # After the last epoch there is nothing left to spare.
        if study.report(claim, epoch, score) and epoch < config.epochs:
            raise optuna.TrialPruned

    return report


def _result(folder: Path) -> dict[str, Value]:
    """Return what a run has come to: its last epoch and time, and the scores of its best."""
    from trainer import checkpoint

    result: dict[str, Value] = {}
    if (folder / "last.json").is_file():
        last = checkpoint.read(folder, "last")
        result |= {"epochs": last.epoch, "seconds": last.seconds}
    if (folder / "best.json").is_file():
        best = checkpoint.read(folder).metrics
        result |= {name: best[name] for name in ("top_1", "top_5", "validation_loss")}
    return result


def spare(folder: Path) -> None:
    """Remove the weights and states of a run; its JSON files and tables stay."""
    for path in [*folder.glob("weights-*.safetensors"), *folder.glob("state-*.pt")]:
        path.unlink(missing_ok=True)
