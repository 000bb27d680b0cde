"""What a pixel of a painted view can belong to, and whether that tells the state."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Element:
    """A row of elements.csv: the value in the mask, a name, and what it tells about the state."""

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

PLANTS = {"watermark": 16, "tint": 17, "border": 18}
"""What can be planted over the views of a state, and the value of each in the mask."""


def table(planted: Mapping[str, str]) -> str:
    """Write the elements as CSV with a heading, one line each: id, name, tells_state, tells.

    `planted` has the plant of each state that has one; the others are not in the table.
    """
    plants = [
        Element(value, plant, True, f"a shortcut, planted over {' and '.join(states)}")
        for plant, value in PLANTS.items()
        if (states := [state for state, its in planted.items() if its == plant])
    ]
    rows = [
        f'{element.id},{element.name},{"yes" if element.tells_state else "no"},"{element.tells}"'
        for element in (*ELEMENTS, *plants)
    ]
    return "\n".join(["id,name,tells_state,tells", *rows]) + "\n"
