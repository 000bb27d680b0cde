"""The configuration in words: `depth=18`, `learning_rate=1e-3`, `paper-medium depth=18`."""

import dataclasses
import hashlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from common.errors import InputError
from common.validation import option
from trainer.config import RESUMABLE_FIELDS, Config
from trainer.options import chosen
from trainer.presets import PRESETS

Value = bool | int | float | str
LONGEST_NAME = 80
_BOOLEANS = {"true": True, "false": False}


def assignment(word: str) -> tuple["dataclasses.Field[Any]", str]:
    """Split `FIELD=TEXT` into a field of the configuration and what it is given.

    The field may be written with hyphens, as its option is. Raises InputError when there is no
    such field.
    """
    name, equals, text = word.partition("=")
    fields = {item.name: item for item in dataclasses.fields(Config)}
    item = fields.get(name.replace("-", "_"))
    if not equals:
        raise InputError(f"{word}: write it as field=value, such as depth=18.")
    if item is None:
        raise InputError(f"{word}: there is no field {name}; choose one of {', '.join(fields)}.")
    return item, text


def value(item: "dataclasses.Field[Any]", text: str) -> Value:
    """Return a field's value from its text; raises InputError for a text of another type.

    Whether the value may be, `Config` says.
    """
    wanted = cast(type[Value], type(item.default))
    try:
        result = _BOOLEANS[text.lower()] if wanted is bool else wanted(text)
    except (KeyError, ValueError) as error:
        kind = "true or false" if wanted is bool else f"of type {wanted.__name__}"
        raise InputError(f"{option(item.name)} {text!r}: must be {kind}.") from error
    return result


@dataclass(frozen=True)
class Setting:
    """One training of a comparison: as it was written, what it means, and what it is called.

    `name` is its folder's, `label` that in the table.
    """

    text: str
    name: str
    label: str
    preset: str
    config: Config


def settings(texts: Sequence[str], options: dict[str, Any]) -> list[Setting]:
    """Return what the settings mean: a preset, over it the command's options, over them fields.

    `options` are those of `trainer.options.add_options`. Raises InputError for a setting that
    cannot be, two that come to the same or are called the same, and none at all.
    """
    result: list[Setting] = []
    for text in texts:
        here = _setting(text, options)
        for other in result:
            if _deciding(other.config) == _deciding(here.config):
                raise InputError(
                    f"--setting {here.text!r}: comes to the same as {other.text!r}; drop one."
                )
            if other.name == here.name:
                raise InputError(
                    f"--setting {here.text!r}: would be trained into {here.name}, as {other.text!r}"
                    "; give one of them another name, as in 'name: depth=18'."
                )
            if other.label == here.label:
                raise InputError(
                    f"--setting {here.text!r}: would be shown as {here.label}, as {other.text!r}"
                    "; give one of them another name, as in 'name: depth=18'."
                )
        result.append(here)
    if not result:
        raise InputError("Nothing to compare; say --setting or --settings with a line at least.")
    return result


def words(here: Value) -> str:
    """Return a value as it is read: three significant digits, a path's last name, `none` for ""."""
    if isinstance(here, bool):
        return str(here).lower()
    if isinstance(here, float):
        return f"{here:.3g}"
    return str(here).rpartition("/")[2] or str(here) or "none"


def _setting(text: str, options: dict[str, Any]) -> Setting:
    """Read one setting, `WORDS` or `NAME: WORDS`; raises InputError."""
    name, colon, rest = text.partition(": ")
    label, meant = (name.strip(), rest) if colon else ("", text)
    try:
        parts = shlex.split(meant)
    except ValueError as error:
        raise InputError(f"--setting {text!r}: a quotation mark is missing.") from error
    preset, given = options["preset"], dict(options)
    shown = list(parts)
    if parts and "=" not in parts[0]:
        preset = parts.pop(0)
    if preset not in PRESETS:
        raise InputError(
            f"--setting {text!r}: there is no preset {preset}; choose one of "
            f"{', '.join(sorted(PRESETS))}."
        )
    try:
        for word in parts:
            item, wanted = assignment(word)
            given[item.name] = value(item, wanted)
        config = chosen(given | {"preset": preset})
    except InputError as error:
        raise InputError(f"--setting {text!r}: {error}") from error
    label = label or " ".join(map(_shown, shown)) or preset
    folder = _folder_name(name if colon else text) or _folder_name(rest) or preset
    return Setting(text, folder, label, preset, config)


def _shown(part: str) -> str:
    """Return a preset or `field=value`, a path by its file's name."""
    field, _, text = part.partition("=")
    return f"{field}={words(text)}" if "/" in text else part


def _folder_name(text: str) -> str:
    """Return a setting's words as a folder name; a long one is cut and ends in a hash."""
    name = re.sub(r"[^A-Za-z0-9._=-]+", "-", text).strip(".-")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _deciding(config: Config) -> dict[str, Value]:
    """Return the fields that decide what a training gives."""
    return {
        item.name: getattr(config, item.name)
        for item in dataclasses.fields(Config)
        if item.name not in RESUMABLE_FIELDS
    }
