"""`python -m workbench.evaluation FILE.h5`: evaluate the predictions in a store."""

import sys

from common.cli import cli_errors, parse
from common.text import print_text
from workbench.evaluation.options import Options


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.evaluation") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog):
        options = parse(Options, arguments, prog)
        # Importing it takes seconds; --help and a wrong option should not.
        from workbench.evaluation.run import run

        print_text(*run(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
