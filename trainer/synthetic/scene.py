"""One location before it is painted: what stands where, drawn at random from a row of the table.

Two streams of random numbers are kept apart. One draws what the state decides; the other draws
what means nothing (weather, hour, clouds, cars, houses), the same way whatever the state.
World coordinates are metres east and north of the camera.
"""

from dataclasses import dataclass, replace
from math import asin, atan2, cos, degrees, radians, sin

import numpy as np

from trainer.synthetic.camera import WAVES, Array
from trainer.synthetic.climates import Colour, Look
from trainer.synthetic.elements import CAR, HOUSE, SHRUB, TREE
from trainer.synthetic.sprites import DRAWINGS
from trainer.synthetic.states import State

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
Tint = tuple[float, float, float]

WINTER_BARE = {"broad", "oak", "birch", "cottonwood"}
BARK: dict[str, Tint] = {
    "pine": (0.46, 0.31, 0.22), "palm": (0.50, 0.43, 0.34), "cottonwood": (0.50, 0.46, 0.38),
    "bare": (0.34, 0.29, 0.26),
}  # fmt: skip
AUTUMN: tuple[Tint, ...] = (
    (0.78, 0.34, 0.14), (0.84, 0.56, 0.16), (0.66, 0.22, 0.14), (0.80, 0.68, 0.24),
)  # fmt: skip
WALLS: tuple[Tint, ...] = (
    (0.90, 0.88, 0.82), (0.72, 0.36, 0.28), (0.62, 0.70, 0.76), (0.86, 0.78, 0.56),
    (0.60, 0.66, 0.54), (0.80, 0.80, 0.80),
)  # fmt: skip
ROOFS: tuple[Tint, ...] = ((0.34, 0.32, 0.33), (0.48, 0.30, 0.24), (0.42, 0.42, 0.46))
BODIES: tuple[Tint, ...] = (
    (0.82, 0.14, 0.12), (0.90, 0.90, 0.90), (0.14, 0.16, 0.20), (0.20, 0.36, 0.66),
    (0.62, 0.64, 0.66), (0.92, 0.72, 0.18), (0.16, 0.42, 0.34),
)  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """A cut-out standing on the ground: metres along and right of the road's middle, and high."""

    element: int
    kind: str
    variant: int
    along: float
    right: float
    height: float
    first: Tint
    second: Tint


@dataclass(frozen=True)
class Chance:
    """What means nothing: weather, hour and season, houses and cars."""

    day: float
    hour_angle: float
    overcast: float
    """0 (clear) .. 1 (closed)."""
    cloud_cover: float
    cloud_offset: tuple[float, float]
    haze: float
    """Distance after which two thirds of the colour is lost, metres."""
    blue: float
    houses: tuple[Thing, ...]
    cars: tuple[Thing, ...]


@dataclass(frozen=True)
class Ridge:
    """A skyline: amplitudes of its waves (2, WAVES, 2: broad and fine), shape and height."""

    waves: Array
    shape: str
    height: float
    """Tangent of the elevation of its typical top."""
    bearing: float
    """Radians; where a volcano stands."""
    distance: float
    """Share of haze, 0..1."""
    shift: int


@dataclass(frozen=True)
class Scene:
    """Everything that :func:`trainer.synthetic.view.views` needs to paint a location."""

    name: str
    """<year>_<panoid>."""
    latitude: float
    longitude: float
    look: Look
    """With the colours as they are at this place."""
    chance: Chance
    sun_azimuth: float
    sun_elevation: float
    """Radians."""
    road_angle: float
    """Compass direction in which the road runs, radians."""
    bend: float
    """Metres by which the road swings to the right, far away."""
    winter: bool
    autumn: bool
    ridges: tuple[Ridge, ...]
    forest_waves: Array
    plots: Array
    """(16, 16) values in 0..1; a plot below the share of fields is a field."""
    offset: tuple[float, float]
    """Where in the textures this place lies, metres."""
    water_side: int
    """-1 left of the road, 1 right, 0 none."""
    water_distance: float
    pole_side: int
    pole_phase: float
    things: tuple[Thing, ...]


def bent(bend: float, along: float) -> float:
    """How far right the middle of the road lies ``along`` metres ahead, metres."""
    return bend * along * along / (along * along + 120.0**2)


def scene(state: State, seed: tuple[int, ...]) -> Scene:
    """Draw the location that belongs to this seed, in this state."""
    meaningful, meaningless = (
        np.random.default_rng(sequence) for sequence in np.random.SeedSequence(seed).spawn(2)
    )
    name = _name(meaningless)
    chance = _chance(meaningless)
    random, look = meaningful, state.look
    box = state.box
    latitude = float(random.uniform(box.south, box.north))
    longitude = float(random.uniform(box.west, box.east))
    winter = bool(random.uniform() < look.snow)
    autumn = bool(random.uniform() < look.autumn) and not winter
    azimuth, elevation = sun(latitude, 10.0 if winter else chance.day, chance.hour_angle)
    look = _here(look, random)
    bend = float(random.normal(0, 9.0))
    water_side = int(random.choice([-1, 1])) if random.uniform() < look.water else 0
    water_distance = float(random.uniform(26, 60))
    lush = Lush(look, winter, autumn, random)
    things = [
        thing
        for thing in lush.trees() + lush.shrubs()
        if thing.right * water_side < water_distance - 2
        and not any(
            abs(thing.right - house.right) < 7 and abs(thing.along - house.along) < 7
            for house in chance.houses
        )
    ]
    return Scene(
        name=name, latitude=latitude, longitude=longitude, look=look, chance=chance,
        sun_azimuth=azimuth, sun_elevation=elevation,
        road_angle=float(random.uniform(0, 2 * np.pi)), bend=bend, winter=winter, autumn=autumn,
        ridges=_ridges(look, random), forest_waves=_waves(random, 3, 30, 0.6),
        plots=random.uniform(size=(16, 16)).astype(np.float32),
        offset=(float(random.uniform(0, 4000)), float(random.uniform(0, 4000))),
        water_side=water_side, water_distance=water_distance,
        pole_side=int(random.choice([-1, 1])), pole_phase=float(random.uniform()),
        things=(*things, *chance.houses, *chance.cars),
    )  # fmt: skip


def sun(latitude: float, day: float, hour_angle: float) -> tuple[float, float]:
    """Where the sun stands: azimuth from north and elevation, radians.

    ``latitude`` in degrees, ``day`` of the year, ``hour_angle`` in radians from noon. The
    elevation is at least 5 degrees, and the azimuth keeps 14 degrees from the seams between the
    views. Spherical astronomy (Meeus, Astronomical Algorithms, chapter 13).
    """
    tilt = radians(23.44) * sin(2 * np.pi * (day - 81) / 365)
    north = radians(latitude)
    height = asin(sin(north) * sin(tilt) + cos(north) * cos(tilt) * cos(hour_angle))
    azimuth = degrees(
        atan2(
            -cos(tilt) * sin(hour_angle),
            sin(tilt) * cos(north) - cos(tilt) * cos(hour_angle) * sin(north),
        )
    )
    # Negative hour angles are the morning, when the sun stands in the east.
    view = 90 * round(azimuth / 90)
    azimuth = view + max(-31.0, min(31.0, azimuth - view))
    return radians(azimuth % 360), max(height, radians(5.0))


def _name(random: np.random.Generator) -> str:
    year = int(random.integers(2007, 2019))
    letters = random.integers(0, 64, 22)
    return f"{year}_{''.join(ALPHABET[letter] for letter in letters)}"


def _chance(random: np.random.Generator) -> Chance:
    def pick(tints: tuple[Tint, ...]) -> Tint:
        red, green, blue = tints[int(random.integers(len(tints)))]
        tone = float(random.uniform(0.85, 1.1))
        return red * tone, green * tone, blue * tone

    houses = tuple(
        Thing(
            HOUSE, "house", int(random.integers(4)), float(random.uniform(-90, 90)),
            float(random.choice([-1, 1]) * random.uniform(15, 24)),
            float(random.uniform(5.0, 7.5)), pick(WALLS), pick(ROOFS),
        )
        for _ in range(min(4, int(random.poisson(0.9))))
    )  # fmt: skip
    cars = []
    for _ in range(min(4, int(random.poisson(0.9)))):
        ahead = float(random.choice([-1, 1]) * random.uniform(9, 80))
        lane = float(random.choice([-1, 1]))
        tail = (0.8, 0.1, 0.1) if lane * ahead > 0 else (0.95, 0.95, 0.85)
        cars.append(
            Thing(CAR, "car", 0, ahead, lane * 1.65, float(random.uniform(1.45, 1.9)),
                  pick(BODIES), tail)
        )  # fmt: skip
    return Chance(
        day=float(random.uniform(75, 320)), hour_angle=float(random.uniform(-0.95, 0.95)),
        overcast=float(random.beta(0.7, 1.8)), cloud_cover=float(random.uniform(0.05, 0.65)),
        cloud_offset=(float(random.uniform(0, 6)), float(random.uniform(0, 6))),
        haze=float(random.uniform(500, 1500)), blue=float(random.normal(0, 1)),
        houses=houses, cars=tuple(cars),
    )  # fmt: skip


def _near(random: np.random.Generator, spread: float) -> float:
    return max(0.5, float(random.normal(1, spread)))


def _here(look: Look, random: np.random.Generator) -> Look:
    """Vary the look of the state as it is at one place: every colour and number a little off."""

    def shade(colour: Colour, spread: float = 0.052) -> Colour:
        tone = float(random.normal(1, spread * 1.2))
        grey = sum(colour) / 3
        red, green, blue = (
            round(min(255.0, (grey + 0.86 * (value - grey)) * tone * _near(random, spread)))
            for value in colour
        )
        return red, green, blue

    def scale(value: float, spread: float) -> float:
        return value * float(np.exp(random.normal(0, spread)))

    centres = ("double yellow", "solid yellow", "dashed yellow", "dashed white", "none")
    usual = random.uniform() < 0.85
    return replace(
        look, soil=shade(look.soil), cover=shade(look.cover), field=shade(look.field),
        foliage=shade(look.foliage), rock=shade(look.rock), road=shade(look.road, 0.03),
        cover_share=float(np.clip(random.normal(look.cover_share, 0.06), 0, 1)),
        density=scale(look.density, 0.3), shrub_count=scale(look.shrub_count, 0.3),
        tree_height=scale(look.tree_height, 0.12), relief=scale(look.relief, 0.22),
        forest=float(np.clip(random.normal(look.forest, 0.1 * (look.forest > 0.02)), 0, 1)),
        centre=look.centre if usual else str(random.choice(centres)),
        lane=scale(look.lane, 0.04), spacing=scale(look.spacing, 0.08),
        pole=look.pole if random.uniform() < 0.85 else "none",
    )  # fmt: skip


@dataclass(frozen=True)
class Lush:
    """Draws what grows beside the road."""

    look: Look
    winter: bool
    autumn: bool
    random: np.random.Generator

    def trees(self) -> list[Thing]:
        """Draw the trees of a scene, at least 8 m from the middle of the road."""
        look, random = self.look, self.random
        count = min(110, int(random.poisson(look.density)))
        kinds = [kind for kind, _ in look.trees]
        weights = np.array([weight for _, weight in look.trees])
        chosen = random.choice(len(kinds), size=count, p=weights / weights.sum())
        return [
            self._tree(kinds[index], 60.0 * float(random.uniform()) ** 1.6, 110.0)
            for index in chosen
        ]

    def _tree(self, kind: str, behind: float, reach: float) -> Thing:
        """Plant a tree ``behind`` metres behind the verge, far enough to fit into a view."""
        random = self.random
        height = self.look.tree_height * float(np.exp(random.normal(0, 0.22)))
        distance = max(8.5, 0.95 * height * DRAWINGS[kind][1]) + behind
        tint = self._leaf(0.08)
        if kind in WINTER_BARE and self.winter:
            kind = "bare"
        elif kind in WINTER_BARE and self.autumn:
            tint = AUTUMN[int(random.integers(len(AUTUMN)))]
        return Thing(
            TREE, kind, int(random.integers(4)), float(random.uniform(-reach, reach)),
            float(random.choice([-1, 1])) * distance,
            height, tint, BARK.get(kind, (0.36, 0.29, 0.23)),
        )  # fmt: skip

    def shrubs(self) -> list[Thing]:
        """Draw the shrubs and tufts of a scene."""
        look, random = self.look, self.random
        heights = {"sage": 0.9, "agave": 0.9, "tuft": 0.6, "fern": 0.9, "bush": 1.4}
        count = min(130, int(random.poisson(look.shrub_count)))
        kinds = [kind for kind, _ in look.shrubs]
        weights = np.array([weight for _, weight in look.shrubs])
        chosen = random.choice(len(kinds), size=count, p=weights / weights.sum())
        cover = np.array(look.cover) / 255.0
        shrubs = []
        for index in chosen:
            kind = kinds[index]
            leaf = np.array(self._leaf(0.07))
            mixed = 0.55 * cover + 0.45 * leaf if kind in {"sage", "tuft"} else leaf
            height = heights[kind] * float(np.exp(random.normal(0, 0.25)))
            shrubs.append(
                Thing(
                    SHRUB, kind, int(random.integers(4)), float(random.uniform(-60, 60)),
                    float(random.choice([-1, 1])) * (7.0 + 45.0 * float(random.uniform()) ** 1.5),
                    height, (float(mixed[0]), float(mixed[1]), float(mixed[2])),
                    (0.4, 0.32, 0.25),
                )
            )  # fmt: skip
        return shrubs

    def _leaf(self, spread: float) -> Tint:
        tone = 1.25 * float(self.random.normal(1, spread))
        red, green, blue = self.look.foliage
        warm = float(self.random.normal(1, spread))
        return red * tone * warm / 255, green * tone / 255, blue * tone / 255


def _waves(random: np.random.Generator, low: int, high: int, slope: float) -> Array:
    """Amplitudes of a periodic random line of unit deviation, (WAVES, 2)."""
    number = np.arange(1, WAVES + 1)
    size = np.where((number >= low) & (number <= high), number**-slope, 0.0)
    size /= np.sqrt(np.sum(size**2))
    return (random.standard_normal((WAVES, 2)) * size[:, None]).astype(np.float32)


def _ridges(look: Look, random: np.random.Generator) -> tuple[Ridge, ...]:
    """Draw the skylines of a look, the farthest first."""
    height = float(np.tan(radians(look.relief)))
    bearing = float(random.uniform(0, 2 * np.pi))

    def ridge(shape: str, share: float, distance: float, low: int, high: int) -> Ridge:
        waves = np.stack([_waves(random, low, high, 0.7), _waves(random, 12, WAVES, 1.0)])
        return Ridge(waves, shape, height * share, bearing, distance,
                     int(random.integers(0, 512)))  # fmt: skip

    if look.ridge == "flat":
        return (ridge("rolling", 1.0, 0.55, 2, 9),)
    if look.ridge == "rolling":
        return ridge("rolling", 1.0, 0.55, 2, 8), ridge("rolling", 0.6, 0.25, 2, 7)
    if look.ridge == "ridges":
        return (ridge("ridges", 1.0, 0.62, 2, 8), ridge("ridges", 0.72, 0.42, 2, 9),
                ridge("rolling", 0.4, 0.2, 2, 8))  # fmt: skip
    if look.ridge == "peaks":
        return ridge("peaks", 1.0, 0.38, 3, 7), ridge("rolling", 0.28, 0.2, 2, 9)
    if look.ridge == "mesa":
        return ridge("mesa", 0.8, 0.42, 2, 7), ridge("mesa", 1.0, 0.16, 2, 6)
    return ridge("volcano", 1.0, 0.42, 2, 8), ridge("peaks", 0.4, 0.22, 4, 14)
