"""`python -m workbench.export FILE.h5 ... --out DIR`: the figures and tables of a paper."""

import shlex
import sys

from common.cli import cli_errors, parse
from common.text import print_text
from workbench.export.options import Options


def main(arguments: list[str] | None = None, prog: str = "python -m workbench.export") -> int:
    """Run the command and return its exit status.

    It is 1 for a figure that could not be made, 2 for input that cannot be used.
    """
    stopped = "figures that are written stay; run the same command again to write all of them"
    with cli_errors(prog, interrupted=stopped):
        options = parse(Options, arguments, prog)
        # Importing it takes seconds; --help and a wrong option should not.
        from workbench.export.write import export

        words = sys.argv[1:] if arguments is None else arguments
        result = export(options, shlex.join([*prog.split(), *words]))
        for path in result.files:
            print_text(path)
        for line in result.left_out:
            print_text(f"left out: {line}", file=sys.stderr)
        for line in result.failures:
            print_text(f"not written: {line}", file=sys.stderr)
        return 1 if result.failures else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
