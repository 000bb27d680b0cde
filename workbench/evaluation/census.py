"""The states of the United States: Census divisions, land areas, neighbours, postal codes."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DIVISIONS = {
    "New England": "CT ME MA NH RI VT",
    "Middle Atlantic": "NJ NY PA",
    "East North Central": "IL IN MI OH WI",
    "West North Central": "IA KS MN MO NE ND SD",
    "South Atlantic": "DE DC FL GA MD NC SC VA WV",
    "East South Central": "AL KY MS TN",
    "West South Central": "AR LA OK TX",
    "Mountain": "AZ CO ID MT NV NM UT WY",
    "Pacific": "AK CA HI OR WA",
}
# Postal code, name, land area in km2 and neighbours.
#
# Areas: US Census Bureau, "State Area Measurements and Internal Point Coordinates", as of January
# 2010 (census.gov/geographies/reference-files/2010/geo/state-area.html). Neighbours share a border
# that is more than a point and not under a Great Lake or the sea: Knuth, "The Stanford GraphBase",
# 1993, contiguous-usa.dat. So Arizona and Colorado are none, nor are Michigan and Minnesota.
_TABLE = """
AL, Alabama, 131171, FL GA MS TN
AK, Alaska, 1477953,
AZ, Arizona, 294207, CA NV NM UT
AR, Arkansas, 134771, LA MS MO OK TN TX
CA, California, 403466, AZ NV OR
CO, Colorado, 268431, KS NE NM OK UT WY
CT, Connecticut, 12542, MA NY RI
DE, Delaware, 5047, MD NJ PA
DC, District of Columbia, 158, MD VA
FL, Florida, 138887, AL GA
GA, Georgia, 148959, AL FL NC SC TN
HI, Hawaii, 16635,
ID, Idaho, 214045, MT NV OR UT WA WY
IL, Illinois, 143793, IN IA KY MO WI
IN, Indiana, 92789, IL KY MI OH
IA, Iowa, 144669, IL MN MO NE SD WI
KS, Kansas, 211754, CO MO NE OK
KY, Kentucky, 102269, IL IN MO OH TN VA WV
LA, Louisiana, 111898, AR MS TX
ME, Maine, 79883, NH
MD, Maryland, 25142, DE DC PA VA WV
MA, Massachusetts, 20202, CT NH NY RI VT
MI, Michigan, 146435, IN OH WI
MN, Minnesota, 206232, IA ND SD WI
MS, Mississippi, 121531, AL AR LA TN
MO, Missouri, 178040, AR IL IA KS KY NE OK TN
MT, Montana, 376962, ID ND SD WY
NE, Nebraska, 198974, CO IA KS MO SD WY
NV, Nevada, 284332, AZ CA ID OR UT
NH, New Hampshire, 23187, ME MA VT
NJ, New Jersey, 19047, DE NY PA
NM, New Mexico, 314161, AZ CO OK TX
NY, New York, 122057, CT MA NJ PA VT
NC, North Carolina, 125920, GA SC TN VA
ND, North Dakota, 178711, MN MT SD
OH, Ohio, 105829, IN KY MI PA WV
OK, Oklahoma, 177660, AR CO KS MO NM TX
OR, Oregon, 248608, CA ID NV WA
PA, Pennsylvania, 115883, DE MD NJ NY OH WV
RI, Rhode Island, 2678, CT MA
SC, South Carolina, 77857, GA NC
SD, South Dakota, 196350, IA MN MT NE ND WY
TN, Tennessee, 106798, AL AR GA KY MS MO NC VA
TX, Texas, 676587, AR LA NM OK
UT, Utah, 212818, AZ CO ID NV WY
VT, Vermont, 23871, MA NH NY
VA, Virginia, 102279, DC KY MD NC TN WV
WA, Washington, 172119, ID OR
WV, West Virginia, 62259, KY MD OH PA VA
WI, Wisconsin, 140268, IL IA MI MN
WY, Wyoming, 251470, CO ID MT NE SD UT
"""


def letters(name: str) -> str:
    """Return a name in small letters, without spaces and signs."""
    return re.sub(r"[\W_]", "", name).lower()


_ROWS = [line.split(",") for line in _TABLE.strip().splitlines()]
_NAMES = {code: name.strip() for code, name, _, _ in _ROWS}
_AREAS = {code: float(area) for code, _, area, _ in _ROWS}
_NEIGHBORS = {code: frozenset(others.split()) for code, _, _, others in _ROWS}
_CODES = {letters(name): code for code, name in _NAMES.items()}
_DIVISION_OF = {code: division for division, codes in _DIVISIONS.items() for code in codes.split()}

DIVISIONS = tuple(_DIVISIONS)
"""The divisions from east to west, in the Bureau's order."""
STATES = tuple(_NAMES[code] for code in _DIVISION_OF)
"""The states of all divisions and the District of Columbia."""


def postal_codes(class_names: Sequence[str]) -> list[str] | None:
    """Return the postal code of each class, None if not all are states of the United States.

    Spaces, signs and capitals do not matter: "NewYork" and "new_york" are New York.
    """
    codes = [_CODES.get(letters(name), "") for name in class_names]
    return codes if codes and all(codes) else None


def divisions(class_names: Sequence[str]) -> list[str] | None:
    """Return the division of each class, None if not all are states (`postal_codes`)."""
    codes = postal_codes(class_names)
    return None if codes is None else [_DIVISION_OF[code] for code in codes]


def land_areas(class_names: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the land area of each class in km2, (S,), None if not all are states."""
    codes = postal_codes(class_names)
    return None if codes is None else np.array([_AREAS[code] for code in codes])


def neighbors(class_names: Sequence[str]) -> NDArray[np.bool_] | None:
    """Return which classes share a border, (S, S), symmetric; None if not all are states."""
    codes = postal_codes(class_names)
    if codes is None:
        return None
    return np.array([[one in _NEIGHBORS[other] for one in codes] for other in codes])
