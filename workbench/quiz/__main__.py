"""`python -m workbench.quiz FILE.h5`: people against the model, from the answers of the quiz."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from common.cli import AS_EXTRACTED, cli_errors, parse


@dataclass(frozen=True, kw_only=True)
class Options:
    """Compare the people who played the quiz with the model (docs/how-to/quiz.md).

    `resnetbolt open FILE.h5 --quiz` serves the quiz.
    """

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store of the quiz"""
    add: Annotated[UseAppendAction[tuple[Path, ...]], arg(metavar="FILE.csv")] = ()
    """add answers that were collected elsewhere: columns player, location, guess_1 to guess_5,
    cues, note, view, x, y"""
    out: Annotated[Path | None, arg(metavar="FILE.csv", help_behavior_hint="(default: none)")] = (
        None
    )
    """write all answers as CSV"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """folder of the photographs, whose masks say where a cue is"""


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.quiz") -> int:
    """Run the command and return its exit status."""
    with cli_errors(prog, interrupted="no answers were added"):
        options = parse(Options, arguments, prog)
        # Importing it takes seconds; --help and a wrong option should not.
        from workbench.quiz.report import compare

        compare(options.store, options.add, options.out, options.data)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
