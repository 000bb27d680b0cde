"""A worker of a sweep: a process that trains trial after trial until none is left."""

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
from common.signals import SIGNALS, stop_signal
from common.text import print_text
from trainer.errors import TrainingError
from trainer.sweep import RESUME_HINT
from trainer.sweep.overrides import Overrides, Value, apply_overrides, format_value
from trainer.sweep.study import StudyFolder, SweepConfig, open_study

if TYPE_CHECKING:
    from trainer.evaluate import Scores

# Functions import PyTorch, so that `run` can set the environment first.

LOG = "training.txt"


@dataclass(frozen=True)
class Task:
    """What the workers of a command do; `overrides` are those of all trials, by number.

    With `quiet`, progress bars go to the log file of each trial: those of several workers would
    overwrite each other.
    """

    folder: Path
    sweep: SweepConfig
    overrides: Sequence[Overrides]
    index: Path
    quiet: bool


def run(program: str, task: Task, environment: dict[str, str]) -> None:
    """Set the environment of this process and train trials until none is left.

    Ends the process with the exit status of a command (`common.cli.cli_errors`).
    """
    os.environ.update(environment)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    with (
        cli_errors(program, interrupted=RESUME_HINT),
        stop_signal() as stop,
        open_study(task.folder, task.sweep) as study,
    ):
        signal.pthread_sigmask(
            signal.SIG_UNBLOCK, SIGNALS
        )  # The command started it with them blocked.
        while not stop.received and (trial := study.ask(task.overrides)):
            try:
                _train(study, trial, task)
            except Interrupted:
                # Its message names --resume, which this command does not have.
                sys.exit(128 + signal.SIGTERM)
            finally:
                study.release(trial)


def remove_weights(run: Path) -> None:
    """Remove the weights and optimiser states of a run; its JSON files and tables stay."""
    for path in [*run.glob("weights-*.safetensors"), *run.glob("state-*.pt")]:
        path.unlink(missing_ok=True)


def _stop_with_parent() -> None:
    """Ask this process to save and end when the command that started it has ended."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    while True:  # Between two trainings, a signal may be missed.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)


def _train(study: StudyFolder, trial: optuna.Trial, task: Task) -> None:
    """Train or resume a trial and store how it ended; raises Interrupted."""
    import torch

    from trainer.train import train

    sweep, run = task.sweep, study.run_folder(trial.number)
    config = apply_overrides(sweep.config, trial.params)
    values = ", ".join(f"{name} {format_value(value)}" for name, value in trial.params.items())
    print_text(f"Trial {trial.number} of {len(task.overrides)}: {values}", flush=True)
    state, reason, value = TrialState.COMPLETE, "", None
    try:
        if trial.should_prune():  # It was killed between the report of an epoch and its pruning.
            raise optuna.TrialPruned
        report = _reporter(study, trial, config.epochs)
        with (
            (run / LOG).open("a", encoding="utf-8") as log,
            contextlib.redirect_stdout(log),
            contextlib.redirect_stderr(log if task.quiet else sys.stderr),
        ):
            train(
                run,
                Path(sweep.data),
                config,
                preset=sweep.preset,
                resume=True,
                index=task.index,
                on_epoch_end=report,
            )
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except TrainingError as error:
        state = TrialState.FAIL
        reason = str(error).removeprefix(f"{run}: ").partition(";")[0]
    results = _results(run) | ({"reason": reason} if reason else {})
    if state is TrialState.COMPLETE:
        value = float(results["top_1" if sweep.objective == "top-1" else "validation_loss"])
    study.tell(trial, state, results, value)
    if state is not TrialState.COMPLETE:
        remove_weights(run)
        torch.cuda.empty_cache()
    ending = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned"}.get(state, reason)
    print_text(f"Trial {trial.number}: {ending}", flush=True)


def _reporter(
    study: StudyFolder, trial: optuna.Trial, epochs: int
) -> "Callable[[int, Scores], None]":
    """Return the callback for the end of each epoch; it raises TrialPruned."""
    terminal = sys.stdout

    def report(epoch: int, scores: "Scores") -> None:
        print(
            f"Trial {trial.number}, epoch {epoch} of {epochs}: validation loss "
            f"{scores.loss:.3f}, top-1 {scores.top_1:.1%}",
            file=terminal,
            flush=True,
        )
        score = scores.top_1 if study.config.objective == "top-1" else scores.loss
        # After the last epoch, pruning would save nothing.
        if study.report(trial, epoch, score) and epoch < epochs:
            raise optuna.TrialPruned

    return report


def _results(run: Path) -> dict[str, Value]:
    """Return the number of epochs, the time and the best scores of a run, as far as it got."""
    from trainer import checkpoint

    results: dict[str, Value] = {}
    if (run / "last.json").is_file():
        last = checkpoint.read(run, "last")
        results |= {"epochs": last.epoch, "seconds": last.seconds}
    if (run / "best.json").is_file():
        best = checkpoint.read(run).metrics
        results |= {name: best[name] for name in ("top_1", "top_5", "validation_loss")}
    return results
