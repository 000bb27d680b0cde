"""`python -m workbench.extract RUN --data DIR --out FILE.h5`: options, and how it ends."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from common.cli import cli_errors, parse
from common.earlier_result import refuse_other
from common.errors import InputError
from common.files import check_writable
from common.text import print_text
from workbench.extract.request import ExtractionOptions, ExtractionRequest

if TYPE_CHECKING:
    from workbench.store import Store


@dataclass(frozen=True, kw_only=True)
class Options(ExtractionOptions):
    """Run a checkpoint over photographs and write a store (docs/reference/extraction.md).

    The store holds features, logits, labels, ids and coordinates. After a kill or a signal the same
    command resumes. torchrun --nproc-per-node N -m workbench.extract ... divides the work among N
    GPUs.
    """

    run: Annotated[
        Positional[tuple[Path, ...]], arg(metavar="RUN [RUN ...]", help_behavior_hint="(required)")
    ]
    """run folders of the trainer"""


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.extract") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog, interrupted="run the same command again to resume"):
        options = parse(Options, arguments, prog)
        # Importing torch takes seconds; --help and a wrong option should not.
        from common import distributed
        from workbench.extract.extraction import run_extraction

        with distributed.process_group():
            for request in _requests(options):
                store = run_extraction(request)
                if distributed.current_processes().is_main:
                    _print_summary(request.out, store)
    return 0


def _requests(options: Options) -> list[ExtractionRequest]:
    """Return the request of each store; raises InputError for options that cannot be used."""
    from trainer import checkpoint as checkpoints
    from workbench.extract.extraction import recorded_request
    from workbench.extract.task import options_key

    if not options.run:
        raise InputError("RUN: name at least one run folder.")
    # All of them are checked before the first of several takes its hours.
    read = {run: checkpoints.read(run, options.checkpoint) for run in options.run}
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
        requests[out] = ExtractionRequest(**vars(options) | {"run": run, "out": out})
        check_writable(out, overwrite=True)
        if out.exists() and not options.overwrite:
            refuse_other(out, recorded_request(out), options_key(requests[out], read[run]))
    return list(requests.values())


def _print_summary(out: Path, store: "Store") -> None:
    from workbench.evaluation.metrics import accuracy

    result = accuracy(store.labels, store.logits)
    skipped = store.provenance["skipped"]
    print_text(
        f"{len(store)} locations, {len(store.class_names)} classes, {len(skipped)} skipped: "
        f"top-1 {result.top_1:.1%}, top-5 {result.top_5:.1%} -> {out}"
    )
    for location_id, reason in skipped:
        print_text(f"  skipped {location_id}: {reason}")


if __name__ == "__main__":
    sys.exit(main())
