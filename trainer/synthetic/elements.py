"""The elements of a painted view, and whether each tells the state."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Element:
    """A row of elements.csv: value in the mask, name, and what it tells about the state."""

    id: int
    name: str
    tells_state: bool
    tells: str


SKY, CLOUD, SUN, HILL, SOIL, COVER, FIELD, TREE, SHRUB = range(9)
SNOW, WATER, ROAD, LINE, POLE, HOUSE, CAR = range(9, 16)

ELEMENTS = (
    Element(SKY, "sky", False, "nothing, but for a faint rest of the glow of the sun"),
    Element(CLOUD, "cloud", False, "nothing: drawn without regard to the state"),
    Element(SUN, "sun", True, "the height of the disc and its glow tells the latitude"),
    Element(HILL, "hill", True, "relief, rock, forest and snow on the skyline"),
    Element(SOIL, "soil", True, "the colour of the soil and how much of it lies bare"),
    Element(COVER, "ground cover", True, "the colour of grass, heath or scrub"),
    Element(FIELD, "field", True, "the crop, and how much of the land it takes"),
    Element(TREE, "tree", True, "kinds of tree, their colour, height and number"),
    Element(SHRUB, "shrub", True, "kinds of shrub, their colour and number"),
    Element(SNOW, "snow", True, "likelier where winters are long"),
    Element(WATER, "water", True, "likelier beside the sea and the great lakes"),
    Element(ROAD, "road", True, "tone and width of the road, and its shoulder"),
    Element(LINE, "road line", True, "the style of the lines"),
    Element(POLE, "pole", True, "material, spacing and number of wires"),
    Element(HOUSE, "house", False, "nothing: drawn without regard to the state"),
    Element(CAR, "car", False, "nothing: drawn without regard to the state"),
)

SHORTCUTS = {"watermark": 16, "tint": 17, "border": 18}
"""Shortcuts that can be painted over the views of a state, and their values in the mask."""


def table(shortcuts: Mapping[str, str]) -> str:
    """Return the elements as CSV with a header: id, name, tells_state, tells.

    `shortcuts` maps states to their shortcut; shortcuts of no state are left out.
    """
    rows_of_shortcuts = [
        Element(value, name, True, f"a shortcut, planted over {' and '.join(states)}")
        for name, value in SHORTCUTS.items()
        if (states := [state for state, shortcut in shortcuts.items() if shortcut == name])
    ]
    rows = [
        f'{element.id},{element.name},{"yes" if element.tells_state else "no"},"{element.tells}"'
        for element in (*ELEMENTS, *rows_of_shortcuts)
    ]
    return "\n".join(["id,name,tells_state,tells", *rows]) + "\n"
