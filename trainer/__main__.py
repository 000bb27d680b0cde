"""`python -m trainer RUN --data DIR`: train a model into a folder."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from common.cli import cli_errors
from common.text import print_text
from trainer.options import TrainingOptions, parse


@dataclass(frozen=True, kw_only=True)
class Options(TrainingOptions):
    """Train a four-view ResNet on a folder of photographs.

    RUN receives config.json, best.json and last.json with their weights, steps.csv, epochs.csv and
    skipped.csv. torchrun --nproc-per-node N -m trainer ... trains on N GPUs.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """folder to train into"""
    data: Annotated[Path, arg(metavar="DIR")]
    """folder of the photographs"""
    index: Annotated[
        Path | None, arg(metavar="FILE", help_behavior_hint="(default: beside RUN)")
    ] = None
    """index that `resnetbolt prepare` has made of them"""
    resume: bool = False
    """continue after the last step that was saved in RUN, or start where there is none; a finished
    run needs no option"""


def main(arguments: list[str] | None = None, prog: str = "python -m trainer") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog, interrupted="--resume continues after the last step that was saved"):
        options = parse(Options, arguments, prog)
        # Importing torch takes seconds; --help and a wrong option should not.
        from common import distributed
        from trainer import checkpoint, summary
        from trainer.train import train

        with distributed.process_group():
            best = train(
                options.run,
                options.data,
                options.config,
                preset=options.preset,
                resume=options.resume,
                index=options.index,
            )
            if distributed.current_processes().is_main:
                last = checkpoint.read(options.run, "last")
                print_text(*summary.lines(options.run, best, last))
    return 0


if __name__ == "__main__":
    sys.exit(main())
