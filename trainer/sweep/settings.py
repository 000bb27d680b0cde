"""Settings to compare: a preset, overrides of its fields, or both."""

import dataclasses
import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.errors import InputError
from trainer.config import Config
from trainer.presets import PRESETS
from trainer.sweep.overrides import deciding_fields, format_value, parse_value, split_override

MAX_NAME_LENGTH = 80


@dataclass(frozen=True)
class Setting:
    """One training of a comparison.

    `text` is what the user wrote, `folder_name` the name of the run folder and `label` the name in
    the table.
    """

    text: str
    folder_name: str
    label: str
    preset: str
    config: Config


def parse_settings(texts: Sequence[str], preset: str, fields: Mapping[str, Any]) -> list[Setting]:
    """Return the settings that `--setting` names.

    A value comes from the setting's overrides, else from `fields`, else from the setting's preset,
    which is `preset` where it names none. Raises InputError for an invalid setting, for two with
    the same configuration, folder or label, and for an empty list.
    """
    result: list[Setting] = []
    for text in texts:
        setting = _parse(text, preset, fields)
        for other in result:
            if deciding_fields(other.config) == deciding_fields(setting.config):
                raise InputError(
                    f"--setting {text!r}: has the same configuration as {other.text!r}; drop one."
                )
            for shared, name in (
                (other.folder_name == setting.folder_name, f"folder {setting.folder_name}"),
                (other.label == setting.label, f"label {setting.label}"),
            ):
                if shared:
                    raise InputError(
                        f"--setting {text!r}: has the same {name} as {other.text!r}; name one of "
                        "them, as in 'name: depth=18'."
                    )
        result.append(setting)
    if not result:
        raise InputError("There is nothing to compare; pass --setting or a --settings file.")
    return result


def _parse(text: str, preset: str, fields: Mapping[str, Any]) -> Setting:
    """Parse `[NAME: ][PRESET] [FIELD=VALUE ...]`; raises InputError."""
    name, colon, rest = text.partition(": ")
    label, content = (name.strip(), rest) if colon else ("", text)
    try:
        words = shlex.split(content)
    except ValueError as error:
        raise InputError(f"--setting {text!r}: a quotation mark is missing.") from error
    names_preset = bool(words) and "=" not in words[0]
    preset = words[0] if names_preset else preset
    if preset not in PRESETS:
        raise InputError(
            f"--setting {text!r}: there is no preset {preset}; choose one of "
            f"{', '.join(sorted(PRESETS))}."
        )
    values = dict(fields)
    try:
        for word in words[names_preset:]:
            field, value = split_override(word)
            values[field.name] = parse_value(field, value)
        config = dataclasses.replace(PRESETS[preset], **values)
    except InputError as error:
        raise InputError(f"--setting {text!r}: {error}") from error
    label = label or " ".join(map(_shorten_path, words)) or preset
    folder_name = _folder_name(name if colon else text) or _folder_name(rest) or preset
    return Setting(text, folder_name, label, preset, config)


def _shorten_path(word: str) -> str:
    """Return a preset or override, with only the file name of a path."""
    field, _, text = word.partition("=")
    return f"{field}={format_value(text)}" if "/" in text else word


def _folder_name(text: str) -> str:
    """Return a text as a folder name; a long one is cut and ends in a hash."""
    name = re.sub(r"[^A-Za-z0-9._=-]+", "-", text).strip(".-")
    if len(name) <= MAX_NAME_LENGTH:
        return name
    return f"{name[:MAX_NAME_LENGTH]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
