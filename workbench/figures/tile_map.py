"""A map of the United States with one square tile a state."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.evaluation.census import postal_codes

# The layout that National Public Radio (npr.org) made popular in 2015.
_TILES = """
AK .. .. .. .. .. .. .. .. .. ME
.. .. .. .. .. WI .. .. .. VT NH
WA ID MT ND MN IL MI .. NY MA ..
OR NV WY SD IA IN OH PA NJ CT RI
CA UT CO NE MO KY WV VA MD DE ..
.. AZ NM KS AR TN NC SC DC .. ..
.. .. .. OK LA MS AL GA .. .. ..
HI .. .. TX .. .. .. .. FL .. ..
"""
_PLACES = {
    code: (row, column)
    for row, line in enumerate(_TILES.split("\n")[1:])
    for column, code in enumerate(line.split())
}


@dataclass(frozen=True)
class Tile:
    """A state's postal code and its place: `row` from the north, `column` from the west, from 0."""

    code: str
    row: int
    column: int


def tiles(class_names: Sequence[str]) -> tuple[Tile, ...] | None:
    """Return the tile of each class, None if not all are states of the United States.

    Spaces, signs and capitals do not matter.
    """
    codes = postal_codes(class_names)
    if codes is None:
        return None
    return tuple(Tile(code, *_PLACES[code]) for code in codes)
