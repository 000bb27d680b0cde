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


def letters(name: str) -> str:
    """Return a name in small letters, without spaces and signs."""
    return re.sub(r"[\W_]", "", name).lower()


DIVISIONS = tuple(_DIVISIONS)
"""The divisions from east to west, in the Bureau's order."""
STATES = tuple(state for states in _DIVISIONS.values() for state in states.split(", "))
"""The states of all divisions and the District of Columbia."""
_DIVISION_OF = {
    letters(state): division
    for division, states in _DIVISIONS.items()
    for state in states.split(", ")
}


def divisions(class_names: Sequence[str]) -> list[str] | None:
    """Return the division of each class, None if not all are states of the United States.

    Spaces, signs and capitals do not matter: "NewYork" and "new_york" are New York.
    """
    found = [_DIVISION_OF.get(letters(name)) for name in class_names]
    return [one for one in found if one] if class_names and all(found) else None
