"""JSON of files that others may have written or damaged."""

import json
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
