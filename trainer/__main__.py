"""`python -m trainer RUN --data DIR`: train a model into a folder."""

import argparse
import sys
from pathlib import Path

from common.cli import cli_errors
from trainer.options import add_options, chosen


def parser(arguments: list[str] | None = None) -> argparse.ArgumentParser:
    """Return the command's options: one for each field of the configuration.

    Its help shows the values of the preset that `arguments` name.
    """
    result = argparse.ArgumentParser(
        prog="python -m trainer",
        description="Train a four-view ResNet on a folder of photographs. RUN receives "
        "config.json, best.json and last.json with their weights, steps.csv, epochs.csv and "
        "skipped.csv. torchrun --nproc-per-node N -m trainer ... trains on N GPUs.",
    )
    result.add_argument("run", metavar="RUN", type=Path, help="folder to train into")
    result.add_argument("--data", metavar="DIR", type=Path, required=True, help="photographs")
    result.add_argument(
        "--index",
        metavar="FILE",
        type=Path,
        help="what `python -m trainer.data.prepare` has made of them (default: beside RUN)",
    )
    result.add_argument(
        "--resume",
        action="store_true",
        help="go on after the last step that was saved in RUN, or start where there is none",
    )
    add_options(result, arguments)
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m trainer") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser(arguments)
    command.prog = prog
    options = vars(command.parse_args(arguments))
    run: Path = options["run"]
    with cli_errors(
        command.prog, interrupted="--resume goes on after the last step that was saved"
    ):
        config = chosen(options)
        # Importing torch takes seconds; --help and a wrong option should not.
        from common import distributed
        from trainer import checkpoint, summary
        from trainer.train import train

        with distributed.process_group():
            best = train(
                run,
                options["data"],
                config,
                preset=options["preset"],
                resume=options["resume"],
                index=options["index"],
            )
            if distributed.current_processes().is_main:
                print("\n".join(summary.lines(run, best, checkpoint.read(run, "last"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
