"""The fields of the configuration as options of a command."""

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Any

from trainer.config import Config, option
from trainer.presets import DEFAULT_PRESET, PRESETS


def add_options(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> None:
    """Add `--preset` and an option for each field; one that is not given is None.

    The help shows the values of the preset that `arguments` name.
    """
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--preset", default=DEFAULT_PRESET)
    preset = named.parse_known_args(arguments)[0].preset
    shown = preset if preset in PRESETS else DEFAULT_PRESET
    parser.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        metavar="NAME",
        default=DEFAULT_PRESET,
        help="where the other options start from (default: %(default)s): "
        + ", ".join(sorted(PRESETS))
        + "; docs/training.md says what each is",
    )
    group = parser.add_argument_group("training", f"values in brackets: those of {shown}")
    for item in dataclasses.fields(Config):
        text = f"{item.metadata['help']} [{getattr(PRESETS[shown], item.name)!r}]"
        settings: dict[str, Any] = {"help": text.replace("%", "%%"), "default": None}
        if type(item.default) is bool:
            settings["action"] = argparse.BooleanOptionalAction
        else:
            settings |= {"type": type(item.default), "choices": item.metadata.get("choices")}
            if "choices" not in item.metadata:
                settings["metavar"] = type(item.default).__name__.upper()
        group.add_argument(option(item.name), **settings)


def chosen(options: dict[str, Any]) -> Config:
    """Return the configuration that the options of `add_options` make; raises InputError."""
    given = {
        item.name: options[item.name]
        for item in dataclasses.fields(Config)
        if options[item.name] is not None
    }
    return dataclasses.replace(PRESETS[options["preset"]], **given)
