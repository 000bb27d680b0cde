"""The options of a command that trains: a preset, and every field of the configuration over it."""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from tyro.conf import OmitArgPrefixes, arg

from common import cli
from common.errors import InputError
from trainer.config import Config
from trainer.presets import DEFAULT_PRESET, PRESETS

_PRESET_HELP = (
    "named configuration that the other options change, see docs/reference/training.md: "
    + ", ".join(sorted(PRESETS))
)


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What all commands that train have in common."""

    preset: Annotated[str, arg(metavar="NAME", help=_PRESET_HELP)] = DEFAULT_PRESET
    config: OmitArgPrefixes[Config] = PRESETS[DEFAULT_PRESET]


Options = TypeVar("Options", bound=TrainingOptions)


def parse(kind: type[Options], arguments: Sequence[str] | None, prog: str) -> Options:
    """Return a command's options; its help shows the values of the preset that they name.

    Raises InputError for a preset that there is not and for values that are not allowed.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--preset", default=DEFAULT_PRESET)
    preset = parser.parse_known_args(arguments)[0].preset
    if preset not in PRESETS:
        raise InputError(f"--preset {preset}: must be one of {', '.join(sorted(PRESETS))}.")
    return cli.parse(kind, arguments, prog, preset=preset, config=PRESETS[preset])


def explicit_fields(config: Config, arguments: Sequence[str] | None) -> dict[str, Any]:
    """Return the fields that the arguments themselves set, by name; the others are the preset's."""
    words = sys.argv[1:] if arguments is None else arguments
    options = {word.partition("=")[0].removeprefix("--") for word in words if word[:2] == "--"}
    names = {option.removeprefix("no-").replace("-", "_") for option in options}
    return {name: value for name, value in dataclasses.asdict(config).items() if name in names}
