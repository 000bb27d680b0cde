"""`python -m workbench.attribution.ground_truth FILE.h5`: how it starts and ends."""

import sys

from common.cli import cli_errors, parse
from common.resume_buffer import RESUME
from workbench.attribution.ground_truth.options import Options


def main(
    arguments: list[str] | None = None, prog: str = "python -m workbench.attribution.ground_truth"
) -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog, interrupted=f"with --out, {RESUME}"):
        options = parse(Options, arguments, prog)
        # Importing it takes seconds; --help and a wrong option should not.
        from workbench.attribution.ground_truth.run import run

        run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
