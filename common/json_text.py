"""Values as JSON has them, and JSON of files that others may have written or damaged."""

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def parse_object(text: Any) -> dict[str, Any] | None:
    """Return the object in a JSON text or its bytes, None for anything else.

    Also None for one that is nested too deeply.
    """
    try:
        document = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def read_object(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file, None if it has none or cannot be read."""
    try:
        return parse_object(path.read_bytes())
    except (OSError, ValueError):  # A path with a NUL, from a file of others.
        return None


def json_value(value: Any) -> Any:
    """Return dataclasses, arrays and numbers as JSON has them; NaN and infinity are None."""
    if dataclasses.is_dataclass(value):
        return {
            field.name: json_value(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {key: json_value(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # Of NumPy.
        return json_value(value.tolist())
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
