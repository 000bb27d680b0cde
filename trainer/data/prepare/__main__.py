"""The command `python -m trainer.data.prepare DIR`."""

import argparse
import os
import sys
from pathlib import Path

from common.cli import cli_errors
from common.errors import InputError
from trainer.data.prepare import report
from trainer.data.prepare.findings import Part
from trainer.data.prepare.photograph_index import PreparedData, index_file, prepare


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python -m trainer.data.prepare",
        description="Read every photograph of a data folder once, and write an index of what was "
        "found, which training uses, and a report with its tables. Nothing is written into the "
        "data folder; killed, the next start goes on; a changed folder is read where it changed.",
    )
    result.add_argument("data", metavar="DIR", type=Path, help="folder of photographs")
    result.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path("runs"),
        help="folder for the index and the report, where the runs are (default: %(default)s)",
    )
    result.add_argument(
        "--test",
        metavar="DIR",
        type=Path,
        help="another folder, which should share no place with the first, to read and compare",
    )
    result.add_argument(
        "--num-workers",
        type=int,
        default=os.cpu_count() or 1,
        help="processes that read (default: one per core, %(default)s)",
    )
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m trainer.data.prepare") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    options = command.parse_args(arguments)
    with cli_errors(command.prog, interrupted="the next start goes on where this one was"):
        if options.num_workers < 0:
            raise InputError(f"--num-workers {options.num_workers}: must be 0 or more.")
        if options.test and options.test.resolve() == options.data.resolve():
            raise InputError(f"{options.test}: is the folder to compare with; name another --test.")
        folders = {"train": options.data, "test": options.test}
        if not options.test:
            folders = {"photographs": options.data}
        parts = []
        for name, data in folders.items():
            prepared = prepare(data, index_file(options.out, data), options.num_workers)
            parts.append(Part(name, data, prepared))
            _print_counts(data, prepared)
        print("Comparing them and writing the report")
        print(report.write_report(index_file(options.out, options.data), parts))
    return 0


def _print_counts(data: Path, prepared: PreparedData) -> None:
    print(
        f"{data}: {len(prepared.photographs.rows)} photographs, {prepared.num_read} read now; "
        f"{len(prepared.index.locations)} locations can be used, "
        f"{len(prepared.index.skipped)} are left out"
    )


if __name__ == "__main__":
    sys.exit(main())
