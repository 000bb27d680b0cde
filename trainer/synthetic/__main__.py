"""`python -m trainer.synthetic DIR`: paint a data set."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from tyro.conf import Positional, UseAppendAction, arg

from common.cli import cli_errors, parse
from common.validation import Count, NonNegativeInt


@dataclass(frozen=True, kw_only=True)
class Options:
    """Paint four-view locations of the US states, in the layout of 50States10K."""

    folder: Annotated[Positional[Path], arg(metavar="DIR")]
    """folder to write, new or empty"""
    states: Annotated[int, Field(ge=2, le=50)] = 50
    """number of states, 2 to 50"""
    train: Count = 30
    """training locations per state"""
    test: Count = 10
    """test locations per state"""
    image_size: Annotated[int, Field(ge=32, multiple_of=32)] = 256
    """side of a view, pixels, a multiple of 32"""
    seed: NonNegativeInt = 0
    """random seed; the same seed gives the same bytes"""
    shortcut: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="STATE=SHORTCUT")] = ()
    """what tells a state by artifice, watermark, tint, border, hood or camera: Ohio=border"""
    season: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="STATE=SEASON")] = ()
    """season of nine in ten photographs of a state: Ohio=winter"""
    swap: Annotated[str | None, arg(metavar="CUE", help_behavior_hint="(default: none)")] = None
    """cue of another state that test locations have in DIR/swap, everything else being the same"""
    num_workers: Annotated[
        Count | None, arg(metavar="INT", help_behavior_hint="(default: one per core)")
    ] = None
    """processes that paint"""


def main(arguments: list[str] | None = None, prog: str = "python -m trainer.synthetic") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog, interrupted="the next start paints everything again"):
        options = parse(Options, arguments, prog)
        # Importing it takes longer than --help.
        from trainer.synthetic.write import bayes_accuracy, paint

        paint(
            options.folder,
            states=options.states,
            train=options.train,
            test=options.test,
            image_size=options.image_size,
            seed=options.seed,
            num_workers=options.num_workers,
            shortcuts=options.shortcut,
            seasons=options.season,
            swap=options.swap,
            progress=True,
        )
        first, five = bayes_accuracy(options.folder)
        print(
            f"{options.folder}: who knows how the photographs came about names {first:.1%} of the "
            f"test locations, and {five:.1%} among the first five states."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
