"""HTML attributes whose names Python cannot spell."""

from typing import Any


def attributes(**value: str) -> dict[str, Any]:
    """Return `data_class="Ohio"` as {"data-class": "Ohio"}, for a Dash component's keywords."""
    return {name.replace("_", "-"): text for name, text in value.items()}
