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
LOT, PATCH, FENCE, GARDEN, BOARD, MARKER, BARRIER, POST, LANDMARK = range(16, 25)

NOTHING = "nothing: drawn without regard to the state"

ELEMENTS = (
    Element(SKY, "sky", True, "deep blue where the air is dry, pale where it is damp"),
    Element(CLOUD, "cloud", False, NOTHING),
    Element(SUN, "sun", True, "its height follows from latitude, day and hour"),
    Element(HILL, "hill", True, "relief, shape, rock and forest of the skyline"),
    Element(SOIL, "soil", True, "the colour of the soil"),
    Element(COVER, "ground cover", True, "colour and density of grass, heath or scrub"),
    Element(FIELD, "field", True, "the crop, and how much of the land it takes"),
    Element(TREE, "tree", True, "kinds of tree, their colour, height and number"),
    Element(SHRUB, "shrub", True, "kind of shrub, and their number"),
    Element(SNOW, "snow", True, "likelier where winters are long and mountains high"),
    Element(WATER, "water", True, "likelier beside the sea and lakes"),
    Element(ROAD, "road", False, NOTHING),
    Element(LINE, "road line", True, "the style of the lines, a habit of the state"),
    Element(POLE, "pole", True, "material, crossarm and number of wires, a habit of the state"),
    Element(HOUSE, "house", False, NOTHING),
    Element(CAR, "car", False, NOTHING),
    Element(LOT, "lot", False, NOTHING),
    Element(PATCH, "patch", False, NOTHING),
    Element(FENCE, "fence", False, NOTHING),
    Element(GARDEN, "garden plant", False, NOTHING),
    Element(BOARD, "signboard", False, NOTHING),
    Element(MARKER, "route marker", True, "shape and colours of the state's route marker"),
    Element(BARRIER, "barrier", True, "kind of guardrail, wall or plank fence of the state"),
    Element(POST, "marker post", True, "reflector posts of the state"),
    Element(LANDMARK, "landmark", True, "barn, silo, church, pump jack, windmill ... of the state"),
)

SHORTCUTS = {"watermark": 32, "tint": 33, "border": 34, "hood": 35}
"""Shortcuts that have a place in the views of a state, and their values in the mask."""

CAMERA, SEASON = 36, 37
"""What can tell the state and has no place, so that it is in no mask."""

NAMES = {element.id: element.name for element in ELEMENTS} | {
    value: name for name, value in {**SHORTCUTS, "camera": CAMERA, "season": SEASON}.items()
}


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
