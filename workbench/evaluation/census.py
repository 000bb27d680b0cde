"""The divisions of the United States Census Bureau."""

import re
from collections.abc import Sequence

_DIVISIONS = {
    "New England": "Connecticut, Maine, Massachusetts, New Hampshire, Rhode Island, Vermont",
    "Middle Atlantic": "New Jersey, New York, Pennsylvania",
    "East North Central": "Illinois, Indiana, Michigan, Ohio, Wisconsin",
    "West North Central": "Iowa, Kansas, Minnesota, Missouri, Nebraska, North Dakota, South Dakota",
    "South Atlantic": "Delaware, District of Columbia, Florida, Georgia, Maryland, North Carolina, "
    "South Carolina, Virginia, West Virginia",
    "East South Central": "Alabama, Kentucky, Mississippi, Tennessee",
    "West South Central": "Arkansas, Louisiana, Oklahoma, Texas",
    "Mountain": "Arizona, Colorado, Idaho, Montana, Nevada, New Mexico, Utah, Wyoming",
    "Pacific": "Alaska, California, Hawaii, Oregon, Washington",
}


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


DIVISIONS = tuple(_DIVISIONS)
"""The divisions from east to west, in the Bureau's order."""
_DIVISION_OF = {
    _letters(state): division
    for division, states in _DIVISIONS.items()
    for state in states.split(", ")
}


def divisions(class_names: Sequence[str]) -> list[str] | None:
    """Return the division of each class, None if not all are states of the United States.

    Spaces, signs and capitals do not matter: "NewYork" and "new_york" are New York.
    """
    found = [_DIVISION_OF.get(_letters(name)) for name in class_names]
    return [one for one in found if one] if class_names and all(found) else None
