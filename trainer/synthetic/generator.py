"""The generator: from a state to a place, from the place to what each element looks like.

It is a Bayesian network: the state is uniform, the place uniform within the state, and given
state, place and season every variable of every element is independent of the others. So every
density is known, and with it what an element says about the state (`evidence.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trainer.synthetic import elements as e
from trainer.synthetic.country import CROPS, RIDGES, SHRUBS, TREES, Array, Fields, fields
from trainer.synthetic.distributions import (
    Categorical,
    Distribution,
    Normal,
    SunPosition,
    Value,
    bernoulli,
    categorical,
)
from trainer.synthetic.states import (
    BARRIERS,
    CENTRES,
    LANDMARKS,
    MARKERS,
    NAMES,
    POLES,
    POSTS,
    STATES,
    WIRES,
    State,
    usual,
)

SEASONS = {"spring": 0.25, "summer": 0.4, "autumn": 0.2, "winter": 0.15}
"""Seasons and their shares of the photographs."""
DAYS = {"spring": (75, 150), "summer": (150, 245), "autumn": (262, 318), "winter": (335, 425)}

Distributions = Mapping[int, Mapping[str, Distribution]]
"""Element -> variable -> its distribution."""
Rows = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Values = Mapping[int, Mapping[str, Value]]
"""Element -> variable -> what was drawn."""

PRESENCE: Mapping[int, tuple[str, str]] = {
    e.SNOW: ("lies", "no"), e.WATER: ("there", "no"), e.POLE: ("kind", "none"),
    e.MARKER: ("design", "none"), e.BARRIER: ("kind", "none"), e.POST: ("kind", "none"),
    e.LANDMARK: ("kind", "none"), e.LINE: ("centre", "none"),
}  # fmt: skip
"""Elements that a scene can lack: the variable that decides, and its value if the scene does."""
CUES = (e.LINE, e.POLE, e.MARKER, e.BARRIER, e.POST, e.LANDMARK)
"""Elements that follow from the state alone; their size and position do not."""

# How sure the habits of a state are; the remainder is shared with the rest of the country.
CENTRE_HABIT, EDGE_HABIT, POLE_HABIT, WIRES_HABIT, POST_HABIT = 0.72, 0.86, 0.76, 0.65, 0.72
BARRIER_SHARE, BARRIER_HABIT = 0.5, 0.85
MARKER_SHARE, MARKER_HABIT = 0.65, 0.93
LANDMARK_SHARE = 0.5

LEAVES: Mapping[str, tuple[int, int, int]] = {
    "broad": (70, 112, 54), "oak": (82, 104, 56), "birch": (112, 138, 70),
    "cottonwood": (104, 132, 70), "pine": (62, 94, 54), "spruce": (46, 82, 56),
    "spire": (42, 72, 58), "juniper": (86, 104, 72), "mesquite": (110, 126, 78),
    "saguaro": (92, 122, 74), "palm": (66, 128, 56), "cypress": (54, 86, 52),
}  # fmt: skip
HEIGHTS: Mapping[str, float] = {
    "broad": 12, "oak": 11, "birch": 10, "cottonwood": 11, "pine": 15, "spruce": 15, "spire": 8,
    "juniper": 4.5, "mesquite": 4.5, "saguaro": 6, "palm": 11, "cypress": 11,
}  # fmt: skip
SCATTERED: Mapping[str, float] = {"saguaro": 0.5, "juniper": 0.3, "palm": 0.4, "mesquite": 0.2}
"""Kinds that stand in the open: their number, of that in a closed forest."""
DECIDUOUS = frozenset({"broad", "oak", "birch", "cottonwood"})


@dataclass(frozen=True)
class Places:
    """N places: the land there, and the rows of their states in `STATES`."""

    land: Fields
    states: Rows


def at(state: int, latitude: float, longitude: float) -> Places:
    """Return one place in the state with this row of `STATES`."""
    return Places(fields(np.array([latitude]), np.array([longitude])), np.array([state]))


def ramp(value: Array, low: float, high: float) -> Array:
    """Rise smoothly from 0 to 1, with a quarter at `low` and three quarters at `high`."""
    return np.asarray(1 / (1 + 9.0 ** ((low + high - 2 * value) / (high - low) / 2)))


def tones(colour: Array) -> tuple[Array, Array, Array]:
    """Turn sRGB (N, 3) into lightness, redness and yellowness, (N,) each."""
    red, green, blue = colour[:, 0], colour[:, 1], colour[:, 2]
    return (red + green + blue) / 3, red - green, (red + green) / 2 - blue


def colour(values: Mapping[str, Value]) -> tuple[float, float, float]:
    """Turn the variables light, red and yellow back into sRGB in 0..1."""
    light, red, yellow = (float(values[name]) for name in ("light", "red", "yellow"))  # type: ignore[arg-type]
    half = light + yellow / 3
    clipped = np.clip([half + red / 2, half - red / 2, light - 2 * yellow / 3], 0.03, 0.97)
    return float(clipped[0]), float(clipped[1]), float(clipped[2])


def _color_distributions(mean: Array) -> dict[str, Distribution]:
    light, red, yellow = tones(mean)
    return {
        "light": Normal(light, 0.07),
        "red": Normal(red, 0.035),
        "yellow": Normal(yellow, 0.027),
    }


def _mix(share: Array, first: Sequence[float], second: Sequence[float]) -> Array:
    """Mix two sRGB colours in 0..255 by shares (N,) of the first; (N, 3) in 0..1."""
    mixed = share[:, None] * np.array(first) + (1 - share[:, None]) * np.array(second)
    return np.asarray(mixed / 255, np.float64)


def _cover(land: Fields, season: str) -> tuple[Array, Array]:
    """Return the colour of what grows on open ground, (N, 3), and the share that it covers."""
    moist = ramp(land.rain, 380, 800)
    green = _mix(ramp(land.rain, 700, 1500), (84, 140, 62), (116, 146, 72))
    warm = ramp(land.january, 2, 14)
    straw = np.array({"spring": (150, 152, 96), "summer": (180, 164, 104)}.get(
        season, (176, 154, 104))) / 255  # fmt: skip
    grey = np.array((150, 146, 110)) / 255
    living = {"spring": 0.95, "summer": 1.0, "autumn": 0.7, "winter": 0.25}[season]
    lush = moist * (living + (1 - living) * warm)
    # Summers without rain, from California to Oregon's valleys, turn the hills to straw.
    dry_summer = ramp(-land.latitude, -44, -39) * (land.january > 4) * (land.rain < 700)
    lush = lush * (1 - 0.7 * dry_summer * (season in ("summer", "autumn")))
    arid = ramp(-land.rain, -330, -180)[:, None]
    tundra = ramp(-land.july, -13, -11)[:, None]
    mean = lush[:, None] * green + (1 - lush[:, None]) * (straw * (1 - arid) + grey * arid)
    mean = mean * (1 - tundra) + tundra * np.array((138, 122, 80)) / 255
    return mean, 0.22 + 0.72 * ramp(land.rain, 200, 480)


def _turned(land: Fields, season: str) -> Array:
    """Return the chance that broadleaved trees stand in autumn colours."""
    return 0.95 * ramp(-land.january, -7, 0) * (season == "autumn")


def _bare(land: Fields, season: str) -> Array:
    """Return the chance that broadleaved trees have lost their leaves."""
    chance = {"winter": 0.97, "autumn": 0.12, "spring": 0.12}.get(season, 0.0)
    return chance * ramp(-land.january, -10, -4)


def _snow(land: Fields, season: str) -> Array:
    chance = {"winter": 0.9, "spring": 0.2, "autumn": 0.15}.get(season, 0.0)
    cold = -5.0 if season == "winter" else -14.0
    return chance * ramp(-land.january, -1 - cold - 4, -1 - cold + 4)


def place_distributions(places: Places, season: str) -> dict[int, dict[str, Distribution]]:
    """Return the distributions of the elements that follow from where one stands."""
    land = places.land
    damp = ramp(land.rain, 450, 1100)
    stone = 0.35 + 0.5 * ramp(-land.rain, -600, -250)[:, None]
    rock = stone * land.soil + (1 - stone) * np.array((112, 116, 120)) / 255
    cover, dense = _cover(land, season)
    leaf_light = 0.02 * (1 - damp) - 0.02 * damp
    trees = land.trees
    scattered = trees @ np.array([SCATTERED.get(kind, 0.0) for kind in TREES])
    cold = np.clip(-land.january / 25, 0, 1)
    caps = ramp(land.relief, 12, 20) * ramp(-land.january, -2, 6)
    reach = {"winter": 0.6, "spring": 0.5, "autumn": 0.3, "summer": 0.25}[season]
    return {
        e.SKY: {
            "blue": Normal(1.2 * (0.5 - damp), 0.75),
            "haze": Normal(np.log(900) + 0.7 * (0.5 - damp), 0.4),
        },
        e.SUN: {"position": SunPosition(land.latitude, DAYS[season])},
        e.HILL: {
            "shape": categorical(RIDGES, land.ridges, 0.12),
            "relief": Normal(np.log(1.15 * land.relief + 0.25), 0.6),
            "forested": Normal(np.clip(land.forest * 1.2, 0, 0.95), 0.28),
            "cap": Normal(reach * caps, 0.08),
            **_color_distributions(rock),
        },
        e.SOIL: _color_distributions(land.soil),
        e.COVER: {"share": Normal(dense, 0.13), **_color_distributions(cover)},
        e.FIELD: {
            "crop": categorical(CROPS, land.crops, 0.2),
            "share": Normal(land.cropland, 0.2),
        },
        e.TREE: {
            "kind": categorical(TREES, trees, 0.06),
            "second": categorical(TREES, trees, 0.08),
            "number": Normal(np.log(8 + 52 * np.maximum(land.forest, scattered)), 0.6),
            "height": Normal(0.10 * (damp - 0.5) - 0.35 * cold, 0.2),
            "wall": Normal(np.clip(land.forest * 1.15 - 0.05, 0, 1), 0.25),
            "light": Normal(leaf_light, 0.04),
            "red": Normal(0.03 * (1 - damp), 0.035),
            "yellow": Normal(0.02 * (1 - damp), 0.035),
            "turned": bernoulli(_turned(land, season)),
            "bare": bernoulli(_bare(land, season)),
        },
        e.SHRUB: {
            "kind": categorical(SHRUBS, land.shrubs, 0.2),
            "number": Normal(np.log(7 + 50 * ramp(-land.rain, -420, -250)), 0.6),
        },
        e.SNOW: {"lies": bernoulli(_snow(land, season))},
        e.WATER: {"there": bernoulli(land.water)},
    }  # fmt: skip


@lru_cache(maxsize=1)
def _habits() -> dict[tuple[int, str], tuple[tuple[str, ...], Array]]:
    """Return the names and weights (50, C) of each variable that follows from the state alone."""

    def rows(
        names: tuple[str, ...], share: float, own: Sequence[str], none: float = 0.0
    ) -> tuple[tuple[str, ...], Array]:
        """Give each state its own name; the rest follows how often the country has each."""
        rest = [own.count(name) + 0.6 for name in names]
        if none:
            rest[0] = 0.0
        table = np.array([usual(names, name, share, rest) for name in own])
        if none:
            table *= 1 - none
            table[:, 0] = none
        return names, table

    def of(attribute: str) -> list[str]:
        return [str(getattr(state, attribute)) for state in STATES]

    edge = [EDGE_HABIT if state.edge else 1 - EDGE_HABIT for state in STATES]
    landmarks = np.array([
        [LANDMARK_SHARE * (dict(state.landmarks).get(name, 0.0) + 0.12)
         / (sum(weight for _, weight in state.landmarks) + 0.12 * (len(LANDMARKS) - 1))
         if name != "none" else 1 - LANDMARK_SHARE for name in LANDMARKS]
        for state in STATES
    ])  # fmt: skip
    return {
        (e.LINE, "centre"): rows(CENTRES, CENTRE_HABIT, of("centre")),
        (e.LINE, "edge"): (("yes", "no"), np.array([[yes, 1 - yes] for yes in edge])),
        (e.POLE, "kind"): rows(POLES, POLE_HABIT, of("pole")),
        (e.POLE, "wires"): rows(WIRES, WIRES_HABIT, of("wires")),
        (e.MARKER, "design"): rows(MARKERS, MARKER_HABIT, of("marker"), 1 - MARKER_SHARE),
        (e.BARRIER, "kind"): rows(BARRIERS, BARRIER_HABIT, of("barrier"), 1 - BARRIER_SHARE),
        (e.POST, "kind"): rows(POSTS, POST_HABIT, of("post")),
        (e.LANDMARK, "kind"): (LANDMARKS, landmarks),
    }


def state_distributions(states: Rows) -> dict[int, dict[str, Distribution]]:
    """Return the distributions of the cues: elements that follow from the state alone."""
    distributions: dict[int, dict[str, Distribution]] = {}
    for (element, variable), (names, weights) in _habits().items():
        distributions.setdefault(element, {})[variable] = Categorical(names, weights[states])
    return distributions


def distributions(places: Places, season: str) -> Distributions:
    """Return the distributions of all elements at N places."""
    return {**place_distributions(places, season), **state_distributions(places.states)}


def draw(of: Mapping[str, Distribution], random: np.random.Generator) -> dict[str, Value]:
    """Draw the variables of one element."""
    return {name: distribution.sample(random) for name, distribution in of.items()}


def lacks(element: int, values: Values) -> bool:
    """Return whether a scene is without this element."""
    return element in PRESENCE and values[element][PRESENCE[element][0]] == PRESENCE[element][1]


def row_of(state: State) -> int:
    """Return the row of a state in `STATES`."""
    return NAMES.index(state.name)
