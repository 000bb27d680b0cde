"""`python -m trainer.sweep STUDY --data DIR --vary FIELD=VALUES`: hyper-parameter search."""

import argparse
import multiprocessing
import os
import sys
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.cli import cli_errors
from common.errors import InputError, Interrupted
from common.signals import StopSignal, stop_signal
from common.validation import option
from trainer.options import add_options, chosen
from trainer.sweep import RESUME_HINT

if TYPE_CHECKING:
    from trainer.sweep.worker import Task

DEFAULT_TRIALS = 20
_POLL_INTERVAL = 1.0
"""Seconds between two looks at the workers."""


def parser() -> argparse.ArgumentParser:
    """Return the command's options: those of a training and those of the search."""
    result = argparse.ArgumentParser(
        prog="python -m trainer.sweep",
        description="Search for the hyper-parameters with the best validation score. Writes a run "
        "folder for each trial, Optuna's database, tables and plots into STUDY. Run the same "
        "command again to resume, or on another machine to help. See docs/search.md.",
    )
    result.add_argument("study", metavar="STUDY", type=Path, help="folder of the study")
    result.add_argument(
        "--data", metavar="DIR", type=Path, required=True, help="folder of the photographs"
    )
    result.add_argument(
        "--index",
        metavar="FILE",
        type=Path,
        help="index written by `python -m trainer.data.prepare` (default: beside STUDY)",
    )
    group = result.add_argument_group("search")
    group.add_argument(
        "--vary",
        metavar="FIELD=VALUES",
        action="append",
        required=True,
        help="field to search over, and its values: LOW:HIGH, LOW:HIGH:log (uniform in the "
        "logarithm) or a list VALUE,VALUE; repeat for more fields",
    )
    group.add_argument(
        "--sampler",
        choices=("random", "grid"),
        default="random",
        help="random draws, or all combinations of lists in random order (default: %(default)s)",
    )
    group.add_argument(
        "--n-trials",
        metavar="INT",
        type=int,
        help="number of trials, including those of earlier runs of the command (default: "
        f"{DEFAULT_TRIALS}; grid: all combinations)",
    )
    group.add_argument(
        "--n-jobs",
        metavar="INT",
        type=int,
        default=1,
        help="trials to train at the same time; GPUs are assigned in turn (default: %(default)s)",
    )
    group.add_argument(
        "--objective",
        choices=("top-1", "loss"),
        default="top-1",
        help="validation score to optimise, at the epoch with the lowest validation loss "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--prune",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="stop trials that are worse than the median of the finished trials at the same epoch "
        "(default: yes)",
    )
    group.add_argument(
        "--n-startup-trials",
        metavar="INT",
        type=int,
        default=5,
        help="trials that must finish before others can be pruned (default: %(default)s)",
    )
    add_options(result)
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m trainer.sweep") -> int:
    """Run the command and return its exit status: 2 for invalid input."""
    command = parser()
    command.prog = prog
    options = vars(command.parse_args(arguments))
    with cli_errors(prog, interrupted=RESUME_HINT):
        return _sweep(options, prog)


def _sweep(options: dict[str, Any], prog: str) -> int:
    """Train the trials that are left and write the results; return the exit status."""
    _check(options)
    # Imported late: this takes seconds, and --help and a wrong option should not.
    from trainer.sweep import results
    from trainer.sweep.study import DATABASE, open_study
    from trainer.sweep.worker import remove_weights

    task = _create_task(options)
    n_trials = remaining = len(task.overrides)
    if (task.folder / DATABASE).exists():  # Refuse other options before the photographs are read.
        with open_study(task.folder, task.sweep) as study:
            remaining -= results.count_finished(study, n_trials)
    if remaining:
        _check_data(task)
    with stop_signal() as stop:
        statuses = _run_workers(prog, task, min(options["n_jobs"], remaining), stop)
        with open_study(task.folder, task.sweep) as study:
            for run in results.unsuccessful_runs(study):
                remove_weights(run)
            print(results.write(study, n_trials), end="")
            finished = results.count_finished(study, n_trials)
    print(f"{finished} of {n_trials} trials -> {task.folder / 'table.md'}")
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


def _check(options: dict[str, Any]) -> None:
    """Raise InputError for numbers below 1 and for a study that is a file."""
    for name in ("n_trials", "n_jobs", "n_startup_trials"):
        if options[name] is not None and options[name] < 1:
            raise InputError(f"{option(name)} {options[name]}: must be at least 1.")
    folder: Path = options["study"]
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose a folder for the study.")


def _create_task(options: dict[str, Any]) -> "Task":
    """Return the task of the workers; raises InputError for options that do not fit together."""
    from trainer.data.prepare import index_file
    from trainer.models.pretrained import check_weights
    from trainer.sweep.overrides import apply_overrides
    from trainer.sweep.search_space import parse_search_space, sample
    from trainer.sweep.study import SweepConfig
    from trainer.sweep.worker import Task

    config = chosen(options)
    space = parse_search_space(options["vary"], config)
    for name in space:
        if options[name] is not None:
            raise InputError(f"--vary {name}: cannot be combined with {option(name)}; drop one.")
    sampler = options["sampler"]
    n_trials = options["n_trials"] or (DEFAULT_TRIALS if sampler == "random" else None)
    overrides = sample(space, sampler, config.seed, n_trials)
    for number, values in enumerate(overrides):
        try:
            trial_config = apply_overrides(config, values)
            check_weights(trial_config.depth, trial_config.weights)
        except InputError as error:
            raise InputError(f"--vary: trial {number} would be {values}: {error}") from error
    if n_trials is not None and len(overrides) < n_trials:
        print(f"The search space holds only {len(overrides)} different trials.")
    folder: Path = options["study"]
    data: Path = options["data"]
    return Task(
        folder,
        SweepConfig(
            str(data.resolve()),
            options["preset"],
            config,
            space,
            sampler,
            options["objective"],
            options["n_startup_trials"] if options["prune"] else None,
        ),
        overrides,
        options["index"] or index_file(folder.absolute().parent, data),
        quiet=options["n_jobs"] > 1,
    )


def _check_data(task: "Task") -> None:
    """Raise InputError for photographs that cannot be trained on, before the study is created."""
    from trainer.data.prepare import prepare
    from trainer.data.split import split_by_location

    config = task.sweep.config
    prepared = prepare(Path(task.sweep.data), task.index, config.num_workers)
    split_by_location(prepared.index, config.validation_fraction, config.seed)


def _run_workers(prog: str, task: "Task", n_jobs: int, stop: StopSignal) -> list[int]:
    """Run workers until no trial is left or they were asked to stop; return their exit statuses."""
    from trainer.sweep import worker

    # A fork would inherit the CUDA state of this process.
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=worker.run, args=(prog, task, environment))
        for environment in _environments(n_jobs)
    ]
    for process in workers:
        process.start()
    while alive := [process for process in workers if process.is_alive()]:
        wait([process.sentinel for process in alive], timeout=_POLL_INTERVAL)
        if stop.received:  # Repeatedly: between two trainings, a worker may miss the signal.
            for process in alive:
                process.terminate()
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
