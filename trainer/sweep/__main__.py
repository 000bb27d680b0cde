"""`python -m trainer.sweep STUDY --data DIR --vary FIELD=VALUES`: which settings do best."""

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

if TYPE_CHECKING:
    from trainer.sweep.worker import Task

WAY_ON = "the same command goes on"
DEFAULT_TRIALS = 20
# Between two looks at the workers, seconds.
_PAUSE = 1.0


def parser() -> argparse.ArgumentParser:
    """Return the command's options: those of a training, and what varies."""
    result = argparse.ArgumentParser(
        prog="python -m trainer.sweep",
        description="Train with many settings and say which does best on the validation part. "
        "STUDY receives study.sqlite3, a run folder for each trial, table.csv, table.md, "
        "parallel.pdf and parallel.png. The same command goes on where it was stopped, and joins "
        "in where it is at work already; docs/search.md says more.",
    )
    result.add_argument("study", metavar="STUDY", type=Path, help="folder of the search")
    result.add_argument("--data", metavar="DIR", type=Path, required=True, help="photographs")
    result.add_argument(
        "--index",
        metavar="FILE",
        type=Path,
        help="what `python -m trainer.data.prepare` has made of them (default: beside STUDY)",
    )
    group = result.add_argument_group("search")
    group.add_argument(
        "--vary",
        metavar="FIELD=VALUES",
        action="append",
        required=True,
        help="a field that varies: LOW:HIGH, LOW:HIGH:log for even draws of the logarithm, or a "
        "list VALUE,VALUE; once for each such field",
    )
    group.add_argument(
        "--method",
        choices=("random", "grid"),
        default="random",
        help="random draws, or all combinations of lists in a random order (default: %(default)s)",
    )
    group.add_argument(
        "--trials",
        metavar="INT",
        type=int,
        help="trainings in all, those of earlier starts included (default: "
        f"{DEFAULT_TRIALS}; grid: all)",
    )
    group.add_argument(
        "--jobs",
        metavar="INT",
        type=int,
        default=1,
        help="processes that train at the same time, GPUs dealt out in turn (default: %(default)s)",
    )
    group.add_argument(
        "--objective",
        choices=("top-1", "loss"),
        default="top-1",
        help="what is best: top-1 or loss, on validation, of the epoch with the least loss "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--prune",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="end trials that are worse than the median of the finished ones at the same epoch "
        "(default: yes)",
    )
    group.add_argument(
        "--start-up-trials",
        metavar="INT",
        type=int,
        default=5,
        help="trials that must have finished before others are pruned (default: %(default)s)",
    )
    add_options(result)
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m trainer.sweep") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    options = vars(command.parse_args(arguments))
    with cli_errors(command.prog, interrupted=WAY_ON):
        _check(options)
        # What they import takes seconds; --help and a wrong option should not.
        from trainer.sweep import results
        from trainer.sweep.study import DATABASE, opened
        from trainer.sweep.worker import spare

        task = _task(options)
        trials = len(task.sequence)
        left = trials
        if (task.folder / DATABASE).exists():  # Another search is refused before hours of reading.
            with opened(task.folder, task.search) as study:
                left -= results.done(study, trials)
        if left:
            _refuse_data(task)
        with stop_signal() as stop:
            jobs = min(options["jobs"], left)
            ended = _work(command.prog, task, jobs, stop) if left else []
            with opened(task.folder, task.search) as study:
                for folder in results.worthless(study):
                    spare(folder)
                print(results.write(study, trials), end="")
                done = results.done(study, trials)
        print(f"{done} of {trials} trials -> {task.folder / 'table.md'}")
        if done == trials:
            return 0
        if stop.received:
            raise Interrupted(f"{task.folder}: asked to end and saved; {WAY_ON}.")
        if not any(ended):
            print("The others are at work elsewhere.")
            return 0
    if 2 in ended:  # It has said why.
        return 2
    status = max(ended, key=abs)
    print(f"{command.prog}: a worker ended with status {status}; {WAY_ON}.", file=sys.stderr)
    return 1


def _check(options: dict[str, Any]) -> None:
    """Raise InputError for numbers, and a place, that cannot be."""
    for name in ("trials", "jobs", "start_up_trials"):
        if options[name] is not None and options[name] < 1:
            raise InputError(f"{option(name)} {options[name]}: must be at least 1.")
    folder: Path = options["study"]
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: this is a file; name a folder for the search.")


def _task(options: dict[str, Any]) -> "Task":
    """Return what the workers do; raises InputError for settings that cannot be."""
    from trainer.data.prepare import index_file
    from trainer.models.pretrained import check_weights
    from trainer.sweep import space
    from trainer.sweep.study import Search
    from trainer.sweep.worker import Task

    fixed = chosen(options)
    varied = space.varied(options["vary"], fixed)
    for one in varied:
        if options[one.name] is not None:
            raise InputError(f"--vary {one.name}: {option(one.name)} is given as well; drop one.")
    method = options["method"]
    wanted = options["trials"] or (DEFAULT_TRIALS if method == "random" else None)
    sequence = space.sequence(varied, method, fixed.seed, wanted)
    for number, settings in enumerate(sequence):
        try:
            config = space.configured(fixed, settings)
            check_weights(config.depth, config.weights)
        except InputError as error:
            raise InputError(f"--vary: trial {number} would be {settings}: {error}") from error
    if wanted is not None and len(sequence) < wanted:
        print(f"There are {len(sequence)} different settings, so many trials will do.")
    folder: Path = options["study"]
    data: Path = options["data"]
    return Task(
        folder,
        Search(
            str(data.resolve()),
            options["preset"],
            fixed,
            varied,
            method,
            options["objective"],
            options["start_up_trials"] if options["prune"] else None,
        ),
        sequence,
        options["index"] or index_file(folder.absolute().parent, data),
        quiet=options["jobs"] > 1,
    )


def _refuse_data(task: "Task") -> None:
    """Raise InputError for photographs that cannot be trained on, before there is a study."""
    from trainer.data.prepare import prepare
    from trainer.data.split import split_by_location

    config = task.search.config
    prepared = prepare(Path(task.search.data), task.index, config.num_workers)
    split_by_location(prepared.index, config.validation_fraction, config.seed)


def _work(program: str, task: "Task", jobs: int, stop: StopSignal) -> list[int]:
    """Let workers train until no trial is left, or all were asked to end; return how each ended."""
    from trainer.sweep import worker

    # A fork would inherit what this process has already settled with the GPUs.
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=worker.run, args=(program, task, environment))
        for environment in _environments(jobs)
    ]
    for one in workers:
        one.start()
    while alive := [one for one in workers if one.is_alive()]:
        wait([one.sentinel for one in alive], timeout=_PAUSE)
        if stop.received:  # Again and again: between two trainings, a worker may miss it.
            for one in alive:
                one.terminate()
    return [one.exitcode or 0 for one in workers]


def _environments(jobs: int) -> list[dict[str, str]]:
    """Return what each worker sees of the machine: one GPU each in turn, or its share of cores."""
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = list(map(str, range(torch.cuda.device_count()))) if named is None else named.split(",")
    if torch.cuda.is_available():
        return [{"CUDA_VISIBLE_DEVICES": gpus[job % len(gpus)]} for job in range(jobs)]
    # Threads that wait for each other must sleep, not spin: on cores that others use as well, a
    # training was seen to take twenty times as long.
    threads = str(max(1, torch.get_num_threads() // jobs))
    return [{"OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "PASSIVE"}] * jobs


if __name__ == "__main__":
    sys.exit(main())
