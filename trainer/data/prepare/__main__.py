"""The command `python -m trainer.data.prepare DIR`."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from common.cli import cli_errors, parse
from common.errors import InputError
from common.text import print_text
from common.validation import NonNegativeInt


@dataclass(frozen=True, kw_only=True)
class Options:
    """Check every photograph of a data folder and write an index and a report.

    Training uses the index. Nothing is written into the data folder. Killed, the next start
    resumes; after a change of the folder only the changed photographs are read again.
    """

    data: Annotated[Positional[Path], arg(metavar="DIR")]
    """folder of the photographs"""
    out: Annotated[Path, arg(metavar="FOLDER")] = Path("runs")
    """folder for the index and the report, the one that holds the runs"""
    test: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: none)")] = None
    """another folder to check and compare, which should share no location with the first"""
    num_workers: Annotated[NonNegativeInt, arg(help_behavior_hint="(default: one per core)")] = (
        os.cpu_count() or 1
    )
    """processes that read photographs; 0 reads in the main process"""


def main(arguments: list[str] | None = None, prog: str = "python -m trainer.data.prepare") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    with cli_errors(prog, interrupted="run the same command again to resume"):
        options = parse(Options, arguments, prog)
        if options.test and options.test.resolve() == options.data.resolve():
            raise InputError(f"{options.test}: is the folder to compare with; name another --test.")
        folders = {"photographs": options.data}
        if options.test:
            folders = {"train": options.data, "test": options.test}
        # Importing torch takes seconds; --help and a wrong option should not.
        from trainer.data.layout import print_warnings
        from trainer.data.prepare import report
        from trainer.data.prepare.findings import Part
        from trainer.data.prepare.photograph_index import index_file, prepare
        from trainer.data.split import MIN_LOCATIONS, small_classes

        parts = []
        for name, data in folders.items():
            prepared = prepare(data, index_file(options.out, data), options.num_workers)
            parts.append(Part(name, data, prepared))
            print_warnings(prepared.index)
            print_text(
                f"{data}: {len(prepared.photographs.rows)} photographs, {prepared.num_read} read "
                f"now; {len(prepared.index.locations)} locations can be used, "
                f"{len(prepared.index.skipped)} are left out"
            )
        small = small_classes(parts[0].prepared.index)
        if small:
            print_text(
                f"{options.data}: training needs {MIN_LOCATIONS} usable locations of each class; "
                f"these have fewer: {', '.join(small)}. --min-locations {MIN_LOCATIONS} leaves "
                "them out of the training."
            )
        print("Comparing them and writing the report")
        print_text(report.write_report(index_file(options.out, options.data), parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
