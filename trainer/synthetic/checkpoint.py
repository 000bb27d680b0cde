"""`python -m trainer.synthetic.checkpoint`: make the checkpoint of the painted country anew.

It paints the country, trains on it, rounds the weights to half precision, measures them on test
locations, and writes the checkpoint with all of this into a folder. It may be cut off at any time:
the same command continues.
"""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from tyro.conf import arg

from common.cli import cli_errors, parse
from common.validation import Count, NonNegativeInt
from trainer.config import Precision

PRESET = "painted"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Paint the country, train, and write the checkpoint (docs/reference/painted-country.md)."""

    data: Annotated[Path, arg(metavar="DIR")] = Path("data/country")
    """folder for the photographs"""
    run: Annotated[Path, arg(metavar="DIR")] = Path("runs/country")
    """run folder"""
    out: Annotated[Path, arg(metavar="DIR")] = Path("checkpoints/painted-country")
    """folder of the checkpoint, which is replaced"""
    train: Count = 450
    """training locations per state"""
    test: Count = 20
    """test locations per state"""
    image_size: Annotated[int, Field(ge=32, multiple_of=32)] = 128
    """side to which the model scales the views, pixels; they are painted with 256"""
    epochs: Count = 13
    """passes over the training locations"""
    seed: NonNegativeInt = 0
    """seed of photographs and training"""
    precision: Annotated[
        Precision | None, arg(help_behavior_hint="(default: bfloat16 on a GPU, float32 without)")
    ] = None
    """number format of the training"""
    num_workers: Count = 2
    """processes that decode photographs"""


def main(
    arguments: list[str] | None = None, prog: str = "python -m trainer.synthetic.checkpoint"
) -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog, interrupted="run the same command again to continue"):
        options = parse(Options, arguments, prog)
        # Importing them takes longer than --help.
        import trainer.__main__
        import trainer.synthetic.__main__
        from common.text import print_text
        from trainer.data.worker_processes import PRELOAD, start_fork_server
        from trainer.publish import publish

        start_fork_server(["trainer.synthetic.write", *PRELOAD])
        sizes = {"--train": options.train, "--test": options.test, "--seed": options.seed}
        paint = [str(options.data), *_words(sizes)]
        choices = {
            "--data": options.data / "train",
            "--preset": PRESET,
            "--image-size": options.image_size,
            "--epochs": options.epochs,
            "--seed": options.seed,
            "--precision": options.precision or _fastest_precision(),
        }
        train = [str(options.run), *_words(choices)]
        workers = ["--num-workers", str(options.num_workers), "--resume"]
        if status := trainer.synthetic.__main__.main(paint):
            return status
        if status := trainer.__main__.main(train + workers):
            return status
        commands = [
            shlex.join(["python", "-m", "trainer.synthetic", *paint]),
            shlex.join(["python", "-m", "trainer", *train]),
        ]
        checkpoint = publish(options.run, options.data / "test", options.out, commands)
        test = checkpoint.test_metrics
        print_text(
            f"{options.out}: top-1 {test['top_1']:.1%}, top-5 {test['top_5']:.1%} on "
            f"{test['locations']:,.0f} test locations; trained in {checkpoint.seconds:,.0f} s on "
            f"{checkpoint.hardware}."
        )
    return 0


def _fastest_precision() -> Precision:
    """Return bfloat16 on a GPU: many processors compute with it slowly."""
    from common.distributed import default_device

    return "bfloat16" if default_device().type == "cuda" else "float32"


def _words(options: Mapping[str, object]) -> list[str]:
    return [str(word) for option in options.items() for word in option]


if __name__ == "__main__":
    sys.exit(main())
