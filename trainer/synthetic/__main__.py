"""The command ``python -m trainer.synthetic``."""

import argparse
import sys

from trainer.errors import InputError
from trainer.synthetic.write import paint


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and paint; ends with status 2 and one sentence on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer.synthetic",
        description="Paint four-view locations of the US states, in the layout of 50States.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("folder", metavar="DIR", help="folder to write, new or empty")
    parser.add_argument("--states", type=int, default=50, help="number of states, 2 to 50")
    parser.add_argument("--train", type=int, default=30, help="training locations per state")
    parser.add_argument("--test", type=int, default=10, help="test locations per state")
    parser.add_argument("--size", type=int, default=256, help="side of a view, pixels")
    parser.add_argument("--seed", type=int, default=0, help="seed; the same seed, the same bytes")
    parser.add_argument(
        "--workers", type=int, default=argparse.SUPPRESS, help="processes (default: one per core)"
    )
    options = parser.parse_args(arguments)
    try:
        paint(
            options.folder,
            states=options.states,
            train=options.train,
            test=options.test,
            size=options.size,
            seed=options.seed,
            workers=getattr(options, "workers", None),
            progress=True,
        )
    except InputError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
