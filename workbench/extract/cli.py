"""`python -m workbench.extract RUN --data DIR --out FILE.h5`: options, and how it ends."""

import argparse
from pathlib import Path

from common import distributed
from common.cli import cli_errors
from common.errors import InputError
from common.files import check_writable
from trainer import checkpoint as checkpoints
from trainer.config import PRECISIONS
from workbench.evaluation.metrics import accuracy
from workbench.extract.extraction import extracted, tidy
from workbench.extract.resume_buffer import folder_of
from workbench.extract.selection import PARTS
from workbench.extract.task import Request
from workbench.store import Store


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.extract",
        description="Run a checkpoint of RUN over a folder of photographs and write features, "
        "logits, labels, ids and coordinates into a store (docs/store.md). Killed or asked to end, "
        "the same command goes on where it was. torchrun --nproc-per-node N -m workbench.extract "
        "... shares the work between N GPUs.",
    )
    result.add_argument(
        "run",
        metavar="RUN",
        type=Path,
        nargs="+",
        help="folders that models were trained into",
    )
    result.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="photographs (docs/data.md); for a part of its own data the checkpoint knows them",
    )
    result.add_argument(
        "--out",
        metavar="FILE.h5",
        type=Path,
        required=True,
        help="store to write; for several RUNs a folder, which receives RUN.h5 of each",
    )
    result.add_argument(
        "--checkpoint",
        choices=("best", "last"),
        default="best",
        help="which of a run's checkpoints (default: %(default)s)",
    )
    result.add_argument(
        "--split",
        choices=tuple(PARTS),
        default="all",
        help="the locations that the checkpoint was trained on, those it was validated with, or "
        "all of the folder (default: %(default)s)",
    )
    result.add_argument(
        "--no-view-features",
        dest="view_features",
        action="store_false",
        help="leave out the features of each single view, four times those of the locations",
    )
    result.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="float32",
        help="numbers of the forward pass (default: %(default)s)",
    )
    result.add_argument(
        "--batch-size", metavar="INT", type=int, default=32, help="locations (default: %(default)s)"
    )
    result.add_argument(
        "--num-workers",
        metavar="INT",
        type=int,
        default=2,
        help="processes that decode photographs (default: %(default)s)",
    )
    result.add_argument(
        "--overwrite",
        action="store_true",
        help="replace stores that are there, and what other extractions into them have begun",
    )
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.extract") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    options = command.parse_args(arguments)
    with (
        cli_errors(command.prog, interrupted="run the same command again to resume"),
        distributed.process_group(),
    ):
        requests = _requests(options)
        for request in requests:
            store = extracted(request)
            if distributed.current_processes().is_main:
                _tell(request.out, store)
        for request in requests:
            tidy(request.out)
    return 0


def _requests(options: argparse.Namespace) -> list[Request]:
    """Return what is asked for; raises InputError for options that cannot be."""
    if options.batch_size < 1 or options.num_workers < 0:
        raise InputError("--batch-size must be at least 1 and --num-workers at least 0.")
    for run in options.run:
        checkpoints.read(run, options.checkpoint)  # Before the first of several takes its hours.
    requests: dict[Path, Request] = {}
    for run in options.run:
        out = options.out
        if len(options.run) > 1:
            if out.exists() and not out.is_dir():
                raise InputError(f"{out}: is a file; for several RUNs name a folder.")
            out.mkdir(exist_ok=True)
            out = out / f"{run.resolve().name}.h5"
        if not out.name:
            raise InputError(f"--out {str(options.out)!r}: name a file for the store.")
        out = out.resolve()  # What a link leads to is replaced, not the link.
        if out in requests:
            raise InputError(
                f"{run} and {requests[out].run}: both would be written to {out}; extract them into "
                "two folders."
            )
        # What an earlier start of this command has finished is looked at when its turn comes.
        check_writable(out, overwrite=options.overwrite or folder_of(out).is_dir())
        requests[out] = Request(
            run,
            options.data,
            out,
            options.batch_size,
            options.num_workers,
            options.checkpoint,
            options.split,
            options.precision,
            options.view_features,
            options.overwrite,
        )
    return list(requests.values())


def _tell(out: Path, store: Store) -> None:
    result = accuracy(store.labels, store.logits)
    skipped = store.provenance["skipped"]
    print(
        f"{len(store)} locations, {len(store.class_names)} classes, {len(skipped)} skipped: "
        f"top-1 {result.top_1:.1%}, top-5 {result.top_5:.1%} -> {out}"
    )
    for location_id, why in skipped:
        print(f"  skipped {location_id}: {why}")
