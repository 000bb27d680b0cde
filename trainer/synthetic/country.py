"""The country: what the land is like at a latitude and longitude, and where the states lie.

`country.csv` is the table: 191 control points from Alaska to Maine. Mean temperatures of January
and July (Celsius) and yearly rain (mm) are rounded from the US Climate Normals 1991-2020 of NOAA;
relief (degrees of the skyline above the horizon) and the shape of the skyline follow the
physiographic divisions of the US Geological Survey; shares of forest and cropland the National
Land Cover Database, the usual crop the census of agriculture of the USDA; soils the orders of the
Natural Resources Conservation Service; trees the range maps of the US Forest Service. All of it is
public geography, rounded by hand. Between the points every column is interpolated.

`borders.csv` has the outlines of the states, simplified from the cartographic boundaries of the US
Census Bureau (US Atlas 3.0.1, 1:10,000,000) to some 10 km.
"""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
HERE = Path(__file__).parent

RIDGES = ("flat", "rolling", "ridges", "peaks", "mesa", "volcano")
TREES = (
    "broad", "oak", "birch", "cottonwood", "pine", "spruce", "spire", "juniper", "mesquite",
    "saguaro", "palm", "cypress",
)  # fmt: skip
SHRUBS = ("bush", "sage", "agave", "tuft", "fern")
CROPS = (
    "corn", "soy", "wheat", "hay", "cotton", "rice", "cane", "orchard", "potato", "beet", "tobacco",
)  # fmt: skip
SOILS = {
    "mollisol": (66, 54, 44), "haplustoll": (112, 92, 68), "alfisol": (134, 104, 76),
    "ultisol": (172, 104, 70), "clay": (186, 84, 54), "sandy": (198, 154, 114),
    "sand": (206, 190, 160), "spodosol": (124, 112, 98), "inceptisol": (118, 94, 72),
    "aridisol": (194, 158, 118), "red": (200, 118, 78), "pale": (204, 184, 152),
    "permian": (180, 92, 62), "vertisol": (76, 68, 62), "loess": (150, 122, 88),
    "entisol": (168, 140, 106), "andisol": (86, 72, 62), "gelisol": (98, 90, 84),
    "oxisol": (132, 62, 46), "histosol": (62, 54, 48),
}  # fmt: skip
"""Colour of the topsoil, sRGB, after the Munsell colours of the orders and of state soils."""
EARTH = 6371.0
"""Radius, kilometres."""
SMOOTHING = 60.0
"""Kilometres within which a control point's neighbourhood is nearly uniform."""


@dataclass(frozen=True)
class Fields:
    """The land at N places; all arrays have N rows."""

    latitude: Array
    january: Array
    july: Array
    """Mean temperatures, Celsius."""
    rain: Array
    """Millimetres a year."""
    relief: Array
    """Degrees of the skyline above the horizon."""
    forest: Array
    cropland: Array
    water: Array
    """Shares in 0..1."""
    soil: Array
    """(N, 3), sRGB in 0..1."""
    ridges: Array
    trees: Array
    shrubs: Array
    crops: Array
    """Weights of the names in `RIDGES`, `TREES`, `SHRUBS` and `CROPS`; rows sum to 1."""


@lru_cache(maxsize=1)
def _control() -> tuple[Array, Array]:
    """Return the control points: unit vectors (P, 3), and the columns of the table (P, F)."""
    with (HERE / "country.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    points = _unit(
        np.array([float(row["latitude"]) for row in rows]),
        np.array([float(row["longitude"]) for row in rows]),
    )
    columns = [
        [
            *(float(row[name]) for name in ("january", "july", "rain")),
            np.log(float(row["relief"])),
            *(float(row[name]) for name in ("forest", "cropland", "water")),
            *(value / 255 for value in SOILS[row["soil"]]),
            *_weights(row["ridge"], RIDGES),
            *_weights(row["trees"], TREES),
            *_weights(row["shrub"], SHRUBS),
            *_weights(row["crop"], CROPS),
        ]
        for row in rows
    ]
    return points, np.array(columns)


def _weights(text: str, names: tuple[str, ...]) -> list[float]:
    """Read "broad 8 oak 2", or one name alone, as weights that sum to 1 in the order of names."""
    words = text.split()
    parts = dict(zip(words[::2], map(float, words[1::2] or ["1"]), strict=True))
    if not set(parts) <= set(names):
        raise ValueError(f"country.csv: {text!r} has a name that is not one of {names}")
    return [parts.get(name, 0.0) / sum(parts.values()) for name in names]


def _unit(latitude: Array, longitude: Array) -> Array:
    north, east = np.radians(latitude), np.radians(longitude)
    return np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1
    )


def fields(latitude: Array, longitude: Array) -> Fields:
    """Return the land at places (N,), degrees: inverse-distance weights of the control points."""
    points, columns = _control()
    chord = 2 - 2 * _unit(latitude, longitude) @ points.T
    weights = (np.maximum(chord, 0) * EARTH**2 + SMOOTHING**2) ** -2.0
    values = (weights / weights.sum(axis=1, keepdims=True)) @ columns
    ends = np.cumsum([10, len(RIDGES), len(TREES), len(SHRUBS)])
    scalars, ridges, trees, shrubs, crops = np.split(values, ends, axis=1)
    january, july, rain, relief, forest, cropland, water = scalars[:, :7].T
    return Fields(
        latitude, january, july, rain, np.exp(relief), forest, cropland, water, scalars[:, 7:10],
        ridges, trees, shrubs, crops,
    )  # fmt: skip


@lru_cache(maxsize=1)
def outlines() -> dict[str, tuple[Array, ...]]:
    """Return the rings of each state, (K, 2) latitude and longitude in degrees."""
    rings: dict[str, tuple[Array, ...]] = {}
    with (HERE / "borders.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            ring = np.array(row["ring"].split(), dtype=float).reshape(-1, 2)
            rings[row["state"]] = (*rings.get(row["state"], ()), ring)
    return rings


def inside(state: str, latitude: Array, longitude: Array) -> NDArray[np.bool_]:
    """Return which places (N,), degrees, lie in a state, by the even-odd rule."""
    result = np.zeros(len(latitude), bool)
    for ring in outlines()[state]:
        odd = np.zeros(len(latitude), bool)
        for (y, x), (v, u) in zip(ring, np.roll(ring, 1, axis=0), strict=True):
            if y != v:
                crosses = (y > latitude) != (v > latitude)
                odd ^= crosses & (longitude < (u - x) * (latitude - y) / (v - y) + x)
        result |= odd
    return result


def _box(state: str) -> tuple[Array, Array]:
    """Return the lowest and highest sine of latitude, and longitude, of a state."""
    ring = np.concatenate(outlines()[state])
    corners = np.stack([np.sin(np.radians(ring[:, 0])), ring[:, 1]], axis=1)
    return corners.min(axis=0), corners.max(axis=0)


def _in_box(state: str, shares: Array) -> tuple[Array, Array]:
    low, high = _box(state)
    sine, longitude = (low + (high - low) * shares).T
    return np.degrees(np.arcsin(sine)), longitude


def place(state: str, random: np.random.Generator) -> tuple[float, float]:
    """Draw a place uniformly from the area of a state: latitude and longitude, degrees.

    Degrees are rounded to six digits, as they are written.
    """
    while True:
        latitude, longitude = (values.round(6) for values in _in_box(state, random.random((32, 2))))
        if (hits := np.flatnonzero(inside(state, latitude, longitude))).size:
            return float(latitude[hits[0]]), float(longitude[hits[0]])


def grid(state: str, count: int) -> tuple[Array, Array]:
    """Return `count` places that cover the area of a state evenly (the R2 sequence)."""
    steps = np.array([0.7548776662466927, 0.5698402909980532])
    total = 4 * count
    while True:
        shares = (0.5 + steps * np.arange(total)[:, None]) % 1.0
        latitude, longitude = _in_box(state, np.asarray(shares, np.float64))
        hits = np.flatnonzero(inside(state, latitude, longitude))[:count]
        if len(hits) == count:
            return latitude[hits], longitude[hits]
        total *= 2
