"""`python -m workbench.extract RUN --data DIR --out FILE.h5`: options, and how it ends."""

import argparse
from pathlib import Path

from common import distributed
from common.cli import cli_errors
from common.errors import InputError
from common.files import check_writable
from common.resume_buffer import resume_directory
from trainer import checkpoint as checkpoints
from trainer.config import PRECISIONS
from workbench.evaluation.metrics import accuracy
from workbench.extract.extraction import remove_buffer, run_extraction
from workbench.extract.selection import SPLIT_OPTIONS
from workbench.extract.task import ExtractionRequest
from workbench.store import Store


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m workbench.extract",
        description="Run a checkpoint of RUN over a folder of photographs and write features, "
        "logits, labels, ids and coordinates into a store (docs/store.md). After a "
        "kill or a signal the same command resumes. torchrun --nproc-per-node N -m "
        "workbench.extract ... divides the work among N GPUs.",
    )
    result.add_argument(
        "run",
        metavar="RUN",
        type=Path,
        nargs="+",
        help="run folders of the trainer",
    )
    result.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="photographs (docs/data.md); default for --split train or validation: those of the training",
    )
    result.add_argument(
        "--out",
        metavar="FILE.h5",
        type=Path,
        required=True,
        help="store to write; for several RUNs a folder for RUN.h5 of each",
    )
    result.add_argument(
        "--checkpoint",
        choices=("best", "last"),
        default="best",
        help="checkpoint of the run (default: %(default)s)",
    )
    result.add_argument(
        "--split",
        choices=tuple(SPLIT_OPTIONS),
        default="all",
        help="locations that the checkpoint was trained on, was validated on, or all of the "
        "folder (default: %(default)s)",
    )
    result.add_argument(
        "--no-view-features",
        dest="view_features",
        action="store_false",
        help="leave out the features of the single views, which take four times the space of the others",
    )
    result.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="float32",
        help="number format of the forward pass (default: %(default)s)",
    )
    result.add_argument(
        "--batch-size",
        metavar="INT",
        type=int,
        default=32,
        help="locations in a batch (default: %(default)s)",
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
        help="replace existing stores and unfinished extractions into them",
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
            store = run_extraction(request)
            if distributed.current_processes().is_main:
                _print_summary(request.out, store)
        for request in requests:
            remove_buffer(request.out)
    return 0


def _requests(options: argparse.Namespace) -> list[ExtractionRequest]:
    """Return the request of each store; raises InputError for options that cannot be used."""
    if options.batch_size < 1 or options.num_workers < 0:
        raise InputError("--batch-size must be at least 1 and --num-workers at least 0.")
    for run in options.run:
        checkpoints.read(run, options.checkpoint)  # Before the first of several takes its hours.
    requests: dict[Path, ExtractionRequest] = {}
    for run in options.run:
        out = options.out
        if len(options.run) > 1:
            if out.exists() and not out.is_dir():
                raise InputError(f"{out}: is a file; for several RUNs choose a folder.")
            out.mkdir(exist_ok=True)
            out = out / f"{run.resolve().name}.h5"
        if not out.name:
            raise InputError(f"--out {str(options.out)!r}: is not a file name; choose a file.")
        out = out.resolve()  # Replace the target of a link, not the link.
        if out in requests:
            raise InputError(
                f"{run} and {requests[out].run}: both would be written to {out}; extract them into "
                "two folders."
            )
        # A store that an earlier start has finished is recognised later.
        check_writable(out, overwrite=options.overwrite or resume_directory(out).is_dir())
        requests[out] = ExtractionRequest(
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


def _print_summary(out: Path, store: Store) -> None:
    result = accuracy(store.labels, store.logits)
    skipped = store.provenance["skipped"]
    print(
        f"{len(store)} locations, {len(store.class_names)} classes, {len(skipped)} skipped: "
        f"top-1 {result.top_1:.1%}, top-5 {result.top_5:.1%} -> {out}"
    )
    for location_id, reason in skipped:
        print(f"  skipped {location_id}: {reason}")
