"""The fields of the configuration as options of a command."""

import argparse
import dataclasses
from typing import Any

from trainer.config import Config, option
from trainer.presets import DEFAULT_PRESET, PRESETS


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add `--preset` and an option for each field; one that is not given is None."""
    parser.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        metavar="NAME",
        default=DEFAULT_PRESET,
        help="where the other options start from (default: %(default)s): "
        + ", ".join(sorted(PRESETS))
        + "; docs/training.md says what each is",
    )
    group = parser.add_argument_group("training", f"values in brackets: those of {DEFAULT_PRESET}")
    for item in dataclasses.fields(Config):
        text = f"{item.metadata['help']} [{getattr(PRESETS[DEFAULT_PRESET], item.name)!r}]"
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
