"""A map of the United States with one square tile a state."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.evaluation.census import letters

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
_CODES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA",
    "colorado": "CO", "connecticut": "CT", "delaware": "DE", "districtofcolumbia": "DC",
    "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID", "illinois": "IL",
    "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA",
    "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV",
    "newhampshire": "NH", "newjersey": "NJ", "newmexico": "NM", "newyork": "NY",
    "northcarolina": "NC", "northdakota": "ND", "ohio": "OH", "oklahoma": "OK", "oregon": "OR",
    "pennsylvania": "PA", "rhodeisland": "RI", "southcarolina": "SC", "southdakota": "SD",
    "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA",
    "washington": "WA", "westvirginia": "WV", "wisconsin": "WI", "wyoming": "WY",
}  # fmt: skip
"""The postal code of each state by its name in small letters."""
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
    codes = [_CODES.get(letters(name), "") for name in class_names]
    if not codes or not all(codes):
        return None
    return tuple(Tile(code, *_PLACES[code]) for code in codes)
