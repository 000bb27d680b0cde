"""`python -m trainer.sweep.compare FOLDER --data DIR --setting ...`: several trainings, one table."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from common.cli import cli_errors
from common.errors import InputError, Interrupted
from trainer.options import add_options
from trainer.sweep.settings import Setting, settings

WAY_ON = "the same command goes on"


def lines(path: Path) -> list[str]:
    """Return the settings in a file, one a line; `#` begins a comment. Raises InputError."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text; check --settings.") from error
    without = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in without if line]


def parser() -> argparse.ArgumentParser:
    """Return the command's options: those of a training, and the settings."""
    result = argparse.ArgumentParser(
        prog="python -m trainer.sweep.compare",
        description="Train one setting after another into a folder of FOLDER each and set what "
        "they gave side by side, in table.md, table.csv and table.tex. The same command goes on "
        "where it was stopped. torchrun --nproc-per-node N -m trainer.sweep.compare ... trains on N "
        "GPUs. docs/search.md says more.",
    )
    result.add_argument("folder", metavar="FOLDER", type=Path, help="folder of the comparison")
    result.add_argument("--data", metavar="DIR", type=Path, required=True, help="photographs")
    result.add_argument(
        "--test", metavar="DIR", type=Path, help="photographs to test the best checkpoints on"
    )
    result.add_argument(
        "--index",
        metavar="FILE",
        type=Path,
        help="what `python -m trainer.data.prepare` has made of --data (default: beside FOLDER)",
    )
    result.add_argument(
        "--test-index", metavar="FILE", type=Path, help="the same of --test (default: likewise)"
    )
    result.add_argument(
        "--setting",
        metavar="WORDS",
        action="append",
        default=[],
        help="a preset, fields, or both, such as 'paper-medium depth=18', after a name for the "
        "table and ': ' if wanted; what it does not say comes from the options, then the preset",
    )
    result.add_argument(
        "--settings", metavar="FILE", type=Path, help="settings, one a line; # begins a comment"
    )
    add_options(result)
    return result


def main(arguments: list[str] | None = None, prog: str = "python -m trainer.sweep.compare") -> int:
    """Run the command and return its exit status: 2 for input that cannot be used."""
    command = parser()
    command.prog = prog
    options = vars(command.parse_args(arguments))
    folder: Path = options["folder"]
    with cli_errors(command.prog, interrupted=WAY_ON):
        texts = options["setting"] + (lines(options["settings"]) if options["settings"] else [])
        wanted = settings(texts, options)
        # Importing torch takes seconds; --help and a wrong setting should not.
        from common import distributed
        from trainer.sweep.comparison import Comparison, write

        _refuse(folder, wanted)
        with distributed.process_group():
            comparison = Comparison(
                folder, options["data"], options["test"], options["index"], options["test_index"]
            )
            first = distributed.current_processes().is_main
            outcomes = []
            for number, here in enumerate(wanted, start=1):
                if first:
                    print(f"Setting {number} of {len(wanted)}: {here.text} -> {folder / here.name}")
                try:
                    outcomes.append(comparison.outcome(here))
                except Interrupted as stop:
                    raise Interrupted(f"{folder / here.name}: asked to end; {WAY_ON}.") from stop
            if first:
                print(write(folder, outcomes), end="")
                print(f"{len(outcomes)} settings -> {folder / 'table.md'}, .csv and .tex")
    return 0


def _refuse(folder: Path, wanted: Sequence[Setting]) -> None:
    """Raise InputError for a setting that cannot be trained, before hours go into another."""
    from trainer.models.pretrained import check_weights
    from trainer.run_folder import read_previous

    for here in wanted:
        if read_previous(folder / here.name, here.config, resume=True):
            continue  # It has had its weights.
        try:
            check_weights(here.config.depth, here.config.weights)
        except InputError as error:
            raise InputError(f"--setting {here.text!r}: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
