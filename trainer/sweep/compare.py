"""`python -m trainer.sweep.compare FOLDER --data DIR --setting ...`: compare settings."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, UseAppendAction, arg

from common.cli import cli_errors
from common.errors import InputError, Interrupted
from common.system_errors import explain
from common.text import print_text
from trainer.options import TrainingOptions, explicit_fields, parse
from trainer.sweep import RESUME_HINT
from trainer.sweep.settings import Setting, parse_settings

_INDEX = arg(metavar="FILE", help_behavior_hint="(default: beside FOLDER)")


@dataclass(frozen=True, kw_only=True)
class Options(TrainingOptions):
    """Train several settings, each in its own run folder in FOLDER, and compare them.

    The tables are table.md, table.csv and table.tex. Run the same command again to resume. Use
    torchrun --nproc-per-node N -m trainer.sweep.compare ... for N GPUs. See docs/how-to/sweep.md.
    """

    folder: Annotated[Positional[Path], arg(metavar="FOLDER")]
    """folder of the comparison"""
    data: Annotated[Path, arg(metavar="DIR")]
    """folder of the photographs"""
    test: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: none)")] = None
    """folder of photographs to test the best checkpoints on"""
    index: Annotated[Path | None, _INDEX] = None
    """index of --data, written by `resnetbolt prepare`"""
    test_index: Annotated[Path | None, _INDEX] = None
    """index of --test"""
    setting: Annotated[
        UseAppendAction[tuple[str, ...]],
        arg(
            metavar="OVERRIDES",
            help="preset, overrides, or both, such as 'paper-medium depth=18'; a name for the "
            "table may come first, as in 'small: paper-medium depth=18'; other fields come from "
            "the options, then from the preset",
        ),
    ] = ()
    settings: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="(default: none)")] = (
        None
    )
    """file of settings, one a line; # begins a comment"""


def main(arguments: list[str] | None = None, prog: str = "python -m trainer.sweep.compare") -> int:
    """Run the command and return its exit status: 2 for invalid input."""
    with cli_errors(prog, interrupted=RESUME_HINT):
        options = parse(Options, arguments, prog)
        _compare(options, explicit_fields(options.config, arguments))
    return 0


def _compare(options: Options, explicit: Mapping[str, Any]) -> None:
    """Train and test the settings and write the tables."""
    folder = options.folder
    lines = _read_lines(options.settings) if options.settings else []
    settings = parse_settings([*options.setting, *lines], options.preset, explicit)
    # Imported late: torch takes seconds, and --help and a wrong setting should not.
    from common import distributed
    from trainer.sweep.comparison import Comparison, write

    _check_settings(folder, settings)
    with distributed.process_group():
        comparison = Comparison(options)
        is_main = distributed.current_processes().is_main
        rows = []
        for number, setting in enumerate(settings, start=1):
            run = folder / setting.folder_name
            if is_main:
                print_text(f"Setting {number} of {len(settings)}: {setting.text} -> {run}")
            try:
                rows.append(comparison.run(setting))
            except Interrupted as stop:
                raise Interrupted(f"{run}: stopped and saved; {RESUME_HINT}.") from stop
        if is_main:
            print(write(folder, rows), end="")
            print_text(f"{len(rows)} settings -> {folder / 'table.md'}, .csv and .tex")


def _read_lines(path: Path) -> list[str]:
    """Return the settings in a file, one a line, without comments; raises InputError."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {explain(error)}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text; check --settings.") from error
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _check_settings(folder: Path, settings: Sequence[Setting]) -> None:
    """Raise InputError for settings that cannot be trained or resumed, before training any."""
    from trainer.models.pretrained import check_weights
    from trainer.run_folder import read_previous

    for setting in settings:
        if read_previous(folder / setting.folder_name, setting.config, resume=True):
            continue  # Its weights were loaded when it started.
        try:
            check_weights(setting.config.depth, setting.config.weights)
        except InputError as error:
            raise InputError(f"--setting {setting.text!r}: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
