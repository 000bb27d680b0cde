"""`python -m trainer.sweep STUDY --data DIR --vary FIELD=VALUES`: hyper-parameter search."""

import multiprocessing
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from common.cli import cli_errors
from common.earlier_result import print_finished
from common.errors import InputError, Interrupted
from common.signals import StopSignal, blocked_signals, stop_signal
from common.text import print_text
from common.validation import Count, option
from trainer.options import TrainingOptions, explicit_fields, parse
from trainer.sweep import RESUME_HINT

if TYPE_CHECKING:
    from trainer.sweep.worker import Task

DEFAULT_TRIALS = 20
_POLL_INTERVAL = 1.0
"""Seconds between two looks at the workers."""


@dataclass(frozen=True, kw_only=True)
class Options(TrainingOptions):
    """Search for the hyper-parameters with the best validation score.

    Writes a run folder for each trial, Optuna's database, tables and plots into STUDY. Run the same
    command again to resume, or on another machine to help. See docs/how-to/sweep.md.
    """

    study: Annotated[Positional[Path], arg(metavar="STUDY")]
    """folder of the study"""
    data: Annotated[Path, arg(metavar="DIR")]
    """folder of the photographs"""
    index: Annotated[
        Path | None, arg(metavar="FILE", help_behavior_hint="(default: beside STUDY)")
    ] = None
    """index written by `resnetbolt prepare`"""
    vary: Annotated[
        UseAppendAction[tuple[str, ...]],
        arg(
            metavar="FIELD=VALUES",
            help="field to search over, and its values: LOW:HIGH, LOW:HIGH:log (uniform in the "
            "logarithm) or a list VALUE,VALUE",
            help_behavior_hint="(required, repeatable)",
        ),
    ] = ()
    sampler: Literal["random", "grid"] = "random"
    """random draws, or all combinations of lists in random order"""
    n_trials: Annotated[
        Count | None,
        arg(
            metavar="INT", help_behavior_hint=f"(default: {DEFAULT_TRIALS}; grid: all combinations)"
        ),
    ] = None
    """number of trials, including those of earlier runs of the command"""
    n_jobs: Count = 1
    """trials to train at the same time; GPUs are assigned in turn"""
    objective: Literal["top-1", "loss"] = "top-1"
    """validation score to optimise, at the epoch with the lowest validation loss"""
    prune: bool = True
    """stop trials that are worse than the median of the finished trials at the same epoch"""
    n_startup_trials: Count = 5
    """trials that must finish before others can be pruned"""


def main(arguments: list[str] | None = None, prog: str = "python -m trainer.sweep") -> int:
    """Run the command and return its exit status: 2 for invalid input."""
    with cli_errors(prog, interrupted=RESUME_HINT):
        options = parse(Options, arguments, prog)
        return _sweep(options, explicit_fields(options.config, arguments), prog)


def _sweep(options: Options, explicit: Collection[str], prog: str) -> int:
    """Train the trials that are left and write the results; return the exit status."""
    if options.study.exists() and not options.study.is_dir():
        raise InputError(f"{options.study}: is a file; choose a folder for the study.")
    if not options.vary:
        raise InputError("--vary: name at least one field to search over.")
    # Imported late: this takes seconds, and --help and a wrong option should not.
    from trainer.sweep import results
    from trainer.sweep.study import DATABASE, open_study
    from trainer.sweep.worker import remove_weights

    task = _create_task(options, explicit)
    n_trials = remaining = len(task.overrides)
    if (task.folder / DATABASE).exists():  # Refuse other options before the photographs are read.
        with open_study(task.folder, task.sweep) as study:
            remaining -= results.count_finished(study, n_trials)
    if remaining:
        _check_data(task)
    else:
        print_finished(task.folder)
    with stop_signal() as stop:
        statuses = _run_workers(prog, task, min(options.n_jobs, remaining), stop)
        with open_study(task.folder, task.sweep) as study:
            for run in results.unsuccessful_runs(study):
                remove_weights(run)
            print(results.write(study, n_trials), end="")
            finished = results.count_finished(study, n_trials)
    print_text(f"{finished} of {n_trials} trials -> {task.folder / 'table.md'}")
    if finished == n_trials:
        return 0
    if stop.received:
        raise Interrupted(f"{task.folder}: stopped and saved; {RESUME_HINT}.")
    if not any(statuses):
        print("Other processes are training the remaining trials.")
        return 0
    if 2 in statuses:  # The worker has printed the reason.
        return 2
    status = max(statuses, key=abs)
    print(f"{prog}: a worker ended with status {status}; {RESUME_HINT}.", file=sys.stderr)
    return 1


def _create_task(options: Options, explicit: Collection[str]) -> "Task":
    """Return the task of the workers; raises InputError for options that do not fit together."""
    from trainer.data.prepare.photograph_index import index_file
    from trainer.models.pretrained import check_weights
    from trainer.sweep.overrides import apply_overrides
    from trainer.sweep.search_space import parse_search_space, sample
    from trainer.sweep.study import SweepConfig
    from trainer.sweep.worker import Task

    config = options.config
    space = parse_search_space(options.vary, config)
    for name in space:
        if name in explicit:
            raise InputError(f"--vary {name}: cannot be combined with {option(name)}; drop one.")
    sampler = options.sampler
    n_trials = options.n_trials or (DEFAULT_TRIALS if sampler == "random" else None)
    overrides = sample(space, sampler, config.seed, n_trials)
    for number, values in enumerate(overrides):
        try:
            trial_config = apply_overrides(config, values)
            check_weights(trial_config.depth, trial_config.weights)
        except InputError as error:
            raise InputError(f"--vary: trial {number} would be {values}: {error}") from error
    if n_trials is not None and len(overrides) < n_trials:
        print(f"The search space holds only {len(overrides)} different trials.")
    return Task(
        options.study,
        SweepConfig(
            str(options.data.resolve()),
            options.preset,
            config,
            space,
            sampler,
            options.objective,
            options.n_startup_trials if options.prune else None,
        ),
        overrides,
        options.index or index_file(options.study.absolute().parent, options.data),
        quiet=options.n_jobs > 1,
    )


def _check_data(task: "Task") -> None:
    """Raise InputError for photographs that cannot be trained on, before the study is created."""
    from trainer.data.prepare.photograph_index import prepare
    from trainer.data.split import exclude_small_classes, split_by_location

    config = task.sweep.config
    index = prepare(Path(task.sweep.data), task.index, config.num_workers).index
    index = exclude_small_classes(index, config.min_locations)
    split_by_location(index, config.validation_fraction, config.seed)


def _run_workers(prog: str, task: "Task", n_jobs: int, stop: StopSignal) -> list[int]:
    """Run workers until no trial is left or they were asked to stop; return their exit statuses."""
    from trainer.sweep import worker

    # A fork would inherit the CUDA state of this process.
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=worker.run, args=(prog, task, environment))
        for environment in _environments(n_jobs)
    ]
    resource_tracker.ensure_running()  # Starting it unblocks the signals.
    with blocked_signals():  # In the workers until they handle them.
        for process in workers:
            process.start()
    try:
        while alive := [process for process in workers if process.is_alive()]:
            wait([process.sentinel for process in alive], timeout=_POLL_INTERVAL)
            if stop.received:  # Repeatedly: between two trainings, a worker may miss the signal.
                for process in alive:
                    process.terminate()
    except BaseException:  # They did not stop in time, and this process could not end before them.
        for process in workers:
            process.kill()
        raise
    return [process.exitcode or 0 for process in workers]


def _environments(n_jobs: int) -> list[dict[str, str]]:
    """Return the environment variables of each worker: its GPU, or its number of threads."""
    import torch

    if torch.cuda.is_available():
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        gpus = visible.split(",") if visible else list(map(str, range(torch.cuda.device_count())))
        return [{"CUDA_VISIBLE_DEVICES": gpus[job % len(gpus)]} for job in range(n_jobs)]
    # Threads that spin while they wait slow down other processes on the same cores twenty times.
    threads = str(max(1, torch.get_num_threads() // max(1, n_jobs)))
    return [{"OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "PASSIVE"}] * n_jobs


if __name__ == "__main__":
    sys.exit(main())
