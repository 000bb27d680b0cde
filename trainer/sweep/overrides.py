"""Overrides of the configuration as text: `depth=18`, `learning_rate=1e-3`."""

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from common.errors import InputError
from common.validation import option
from trainer.config import RESUMABLE_FIELDS, Config

Value = bool | int | float | str
Overrides = Mapping[str, Value]
"""Values by the names of the fields of `Config`."""
_BOOLEANS = {"true": True, "false": False}


def split_override(text: str) -> tuple["dataclasses.Field[Any]", str]:
    """Split `FIELD=VALUE` into a field of `Config` and the text of its value.

    The field may be written with hyphens, like its option. Raises InputError for an unknown field.
    """
    name, equals, value = text.partition("=")
    fields = {field.name: field for field in dataclasses.fields(Config)}
    field = fields.get(name.replace("-", "_"))
    if not equals:
        raise InputError(f"{text}: write it as field=value, such as depth=18.")
    if field is None:
        raise InputError(f"{text}: there is no field {name}; choose one of {', '.join(fields)}.")
    return field, value


def parse_value(field: "dataclasses.Field[Any]", text: str) -> Value:
    """Convert text to the type of a field; raises InputError where that is not possible.

    `Config` itself checks whether the value is allowed.
    """
    kind = cast(type[Value], type(field.default))
    try:
        result = _BOOLEANS[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError) as error:
        expected = "true or false" if kind is bool else f"of type {kind.__name__}"
        raise InputError(f"{option(field.name)} {text!r}: must be {expected}.") from error
    return result


def apply_overrides(config: Config, overrides: Overrides) -> Config:
    """Return the configuration with some fields replaced; raises InputError for bad values."""
    return dataclasses.replace(config, **overrides)  # type: ignore[arg-type]  # Config checks them.


def deciding_fields(config: Config) -> dict[str, Value]:
    """Return the fields that affect the result of a training."""
    fields = dataclasses.asdict(config).items()
    return {name: value for name, value in fields if name not in RESUMABLE_FIELDS}


def format_value(value: Value) -> str:
    """Return a value for people: three significant digits, a path's file name, `none` for ""."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value).rpartition("/")[2] or str(value) or "none"
