"""The command ``python -m trainer.synthetic``."""

import argparse
import sys

from common.cli import cli_errors
from trainer.synthetic.write import paint


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m trainer.synthetic",
        description="Paint four-view locations of the US states, in the layout of 50States.",
    )
    result.add_argument("folder", metavar="DIR", help="folder to write, new or empty")
    result.add_argument(
        "--states", type=int, default=50, help="number of states, 2 to 50 (default: %(default)s)"
    )
    result.add_argument(
        "--train", type=int, default=30, help="training locations per state (default: %(default)s)"
    )
    result.add_argument(
        "--test", type=int, default=10, help="test locations per state (default: %(default)s)"
    )
    result.add_argument(
        "--image-size", type=int, default=256, help="side of a view, pixels (default: %(default)s)"
    )
    result.add_argument(
        "--seed", type=int, default=0, help="the same seed, the same bytes (default: %(default)s)"
    )
    result.add_argument(
        "--plant",
        metavar="STATE=PLANT",
        action="append",
        default=[],
        help="paint a shortcut, watermark, tint or border, over every view of a state; may be "
        "given for several states",
    )
    result.add_argument(
        "--num-workers", type=int, help="processes that paint (default: one per core)"
    )
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m trainer.synthetic") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    options = command.parse_args(arguments)
    with cli_errors(command.prog, interrupted="the next start begins anew"):
        paint(
            options.folder,
            states=options.states,
            train=options.train,
            test=options.test,
            size=options.image_size,
            seed=options.seed,
            workers=options.num_workers,
            plants=options.plant,
            progress=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
