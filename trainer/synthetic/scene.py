"""One location before it is painted: what stands where.

Every element has a stream of random numbers of its own, so that another value of one leaves all
others as they are. What tells the state is drawn by `generator.py`; what means nothing (weather,
road, lots, houses, cars, fences, signboards ...), and where all things stand, is drawn here, the
same way whatever the state. World coordinates are metres east and north of the camera.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import radians

import numpy as np

from trainer.synthetic import elements as e
from trainer.synthetic import generator
from trainer.synthetic.camera import WAVES, Array
from trainer.synthetic.country import place
from trainer.synthetic.generator import DECIDUOUS, HEIGHTS, LEAVES, SEASONS, Laws, Values
from trainer.synthetic.laws import LOW, LOWEST
from trainer.synthetic.props import MARKER_COLOURS, SIZES
from trainer.synthetic.sprites import DRAWINGS
from trainer.synthetic.states import State

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
Tint = tuple[float, float, float]

BARK: Mapping[str, Tint] = {
    "pine": (0.46, 0.31, 0.22), "palm": (0.50, 0.43, 0.34), "cottonwood": (0.50, 0.46, 0.38),
    "bare": (0.40, 0.35, 0.31),
}  # fmt: skip
AUTUMN: tuple[Tint, ...] = (
    (0.78, 0.34, 0.14), (0.84, 0.56, 0.16), (0.66, 0.22, 0.14), (0.80, 0.68, 0.24),
)  # fmt: skip
WALLS: tuple[Tint, ...] = (
    (0.90, 0.88, 0.82), (0.72, 0.36, 0.28), (0.62, 0.70, 0.76), (0.86, 0.78, 0.56),
    (0.60, 0.66, 0.54), (0.80, 0.80, 0.80), (0.52, 0.38, 0.30), (0.40, 0.44, 0.48),
)  # fmt: skip
ROOFS: tuple[Tint, ...] = ((0.34, 0.32, 0.33), (0.48, 0.30, 0.24), (0.42, 0.42, 0.46))
BODIES: tuple[Tint, ...] = (
    (0.82, 0.14, 0.12), (0.90, 0.90, 0.90), (0.14, 0.16, 0.20), (0.20, 0.36, 0.66),
    (0.62, 0.64, 0.66), (0.92, 0.72, 0.18), (0.16, 0.42, 0.34),
)  # fmt: skip
BOARDS: tuple[Tint, ...] = (
    (0.95, 0.78, 0.15), (0.10, 0.42, 0.26), (0.12, 0.30, 0.62), (0.93, 0.93, 0.92),
    (0.75, 0.12, 0.12), (0.45, 0.28, 0.16), (0.95, 0.52, 0.12), (0.10, 0.10, 0.10),
)  # fmt: skip
ORNAMENTAL: tuple[Tint, ...] = (
    (0.46, 0.16, 0.22), (0.86, 0.60, 0.68), (0.60, 0.66, 0.24), (0.40, 0.52, 0.52),
    (0.82, 0.80, 0.72), (0.68, 0.52, 0.20), (0.50, 0.34, 0.44),
)  # fmt: skip
LOTS: tuple[tuple[Tint, bool], ...] = (
    ((0.38, 0.54, 0.26), True), ((0.48, 0.58, 0.30), True), ((0.66, 0.61, 0.42), False),
    ((0.60, 0.58, 0.55), False), ((0.56, 0.47, 0.37), False), ((0.42, 0.37, 0.32), False),
    ((0.72, 0.66, 0.55), False), ((0.62, 0.46, 0.36), False),
)  # fmt: skip
"""Colours of lots and verges, and whether they are green, which none is in winter."""
HOUSES: Mapping[str, tuple[float, float]] = {
    "house": (5.0, 7.5), "shop": (4.5, 6.0), "block": (9.0, 16.0), "mast": (16.0, 30.0),
}  # fmt: skip
"""Lowest and highest height, metres."""
FENCES = ("wire fence", "picket fence", "garden wall", "hedge")
CROP_COLOURS: Mapping[str, Mapping[str, tuple[int, int, int]]] = {
    "corn": {"spring": (92, 74, 56), "summer": (84, 136, 46), "autumn": (190, 158, 94)},
    "soy": {"spring": (104, 84, 62), "summer": (104, 150, 62), "autumn": (168, 142, 74)},
    "wheat": {"spring": (112, 156, 66), "summer": (222, 186, 88), "autumn": (170, 140, 92)},
    "hay": {"spring": (118, 168, 76), "summer": (146, 170, 86), "autumn": (150, 152, 88)},
    "cotton": {"spring": (132, 96, 70), "summer": (92, 128, 62), "autumn": (206, 198, 180)},
    "rice": {"spring": (120, 150, 110), "summer": (136, 186, 72), "autumn": (196, 172, 90)},
    "cane": {"spring": (110, 160, 72), "summer": (120, 176, 76), "autumn": (150, 170, 90)},
    "orchard": {"spring": (170, 164, 116), "summer": (82, 122, 58), "autumn": (120, 118, 62)},
    "potato": {"spring": (134, 110, 84), "summer": (76, 128, 66), "autumn": (150, 126, 94)},
    "beet": {"spring": (96, 82, 66), "summer": (66, 130, 58), "autumn": (110, 100, 66)},
    "tobacco": {"spring": (140, 100, 72), "summer": (122, 160, 84), "autumn": (176, 150, 84)},
}  # fmt: skip
STUBBLE = (150, 132, 100)
"""Fields in winter."""


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
class Ribbon:
    """A fence, wall or guardrail that runs along the road, metres along and right of its middle."""

    element: int
    kind: str
    start: float
    end: float
    right: float
    tint: Tint


@dataclass(frozen=True)
class Patch:
    """Something flat on the ground: an ellipse or rectangle around a point beside the road."""

    kind: str
    along: float
    right: float
    half_along: float
    half_right: float
    tint: Tint


@dataclass(frozen=True)
class Chance:
    """What means nothing."""

    day: float
    hour_angle: float
    """From which the colour of the light follows, at one latitude for all."""
    overcast: float
    """0 (clear) .. 1 (closed)."""
    cloud_cover: float
    cloud_offset: tuple[float, float]
    road_angle: float
    """Compass direction in which the road runs, radians."""
    bend: float
    """Metres by which the road swings to the right, far away."""
    lane: float
    """Width of a lane, metres."""
    road: Tint
    paved: bool
    """If not, the road shows the soil and has no lines."""
    shoulder: float
    """Width of the shoulder, metres."""
    gravel: Tint | None
    """Colour of the shoulder; None for the soil."""
    verges: tuple[float, float]
    """Width of mown verges left and right of it, metres, 0 for none."""
    lots: Array
    """(16, 16) values in 0..1; a lot below `lot_share` means nothing."""
    lot_tints: Array
    """(3, 256)."""
    lot_share: float
    patches: tuple[Patch, ...]
    ribbons: tuple[Ribbon, ...]
    things: tuple[Thing, ...]


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
class Look:
    """How the land of one place looks; colours are sRGB in 0..1, shares in 0..1."""

    blue: float
    """Depth of the sky's colour, 0 is usual."""
    haze: float
    """Distance after which two thirds of the colour is lost, metres."""
    soil: Tint
    cover: Tint
    cover_share: float
    field: Tint
    field_share: float
    foliage: Tint
    tree_height: float
    pointed: bool
    """Whether the far woods have pointed crowns."""
    forest: float
    """Share of the far horizon closed by forest."""
    rock: Tint
    forested: float
    """Share of the hills that carries the colour of the foliage instead of the rock."""
    snow_peaks: float
    """Upper share of the relief that is white."""
    snow: bool
    """Whether snow lies on the ground."""
    centre: str
    edge: bool
    pole: str
    wires: int
    spacing: float
    """Metres between poles."""


@dataclass(frozen=True)
class Scene:
    """Everything that :func:`trainer.synthetic.view.views` needs to paint a location."""

    name: str
    """<year>_<panoid>."""
    latitude: float
    longitude: float
    season: str
    values: Values
    look: Look
    chance: Chance
    sun_azimuth: float
    sun_elevation: float
    """Radians."""
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
    ribbons: tuple[Ribbon, ...]


def bent(bend: float, along: float) -> float:
    """How far right the middle of the road lies ``along`` metres ahead, metres."""
    return bend * along * along / (along * along + 120.0**2)


class _Streams:
    """A stream of random numbers for each purpose, from the seed of a location."""

    def __init__(self, seed: Sequence[int]) -> None:
        self._seed = seed

    def __call__(self, element: int, use: int) -> np.random.Generator:
        return np.random.default_rng((*self._seed, element, use))


VALUES, POSITIONS = 0, 1
PLACE, SEASON, NAME, WEATHER, ROADSIDE = 100, 101, 102, 103, 104


def scene(state: State, seed: tuple[int, ...], seasons: Mapping[str, float] = SEASONS) -> Scene:
    """Draw the location that belongs to this seed, in this state.

    `seasons` are the shares of the seasons in its photographs, which sum to 1.
    """
    streams = _Streams(seed)
    latitude, longitude = place(state.name, streams(PLACE, VALUES))
    season = str(streams(SEASON, VALUES).choice(list(seasons), p=list(seasons.values())))
    of = laws_at(state, latitude, longitude, season)
    values = {
        element: generator.draw(laws, streams(element, VALUES)) for element, laws in of.items()
    }
    return build(seed, latitude, longitude, season, values)


def laws_at(state: State, latitude: float, longitude: float, season: str) -> Laws:
    """Return the laws of all elements at a place in a state."""
    return generator.laws(generator.at(generator.row_of(state), latitude, longitude), season)


def swapped(
    original: Scene,
    home: State,
    seed: tuple[int, ...],
    element: int,
    others: Sequence[State],
) -> tuple[Scene, State] | None:
    """Return the scene with a cue of another state, and that state; None if there is no such.

    `others` are the states to choose from. The new cue is likelier there than in the scene's own
    state `home`. Its position and size stay, and so does everything else. A scene that lacks the
    cue has nothing to swap.
    """
    if generator.lacks(element, original.values):
        return None
    random = _Streams(seed)(element, 2)
    at = (original.latitude, original.longitude)
    own = laws_at(home, *at, original.season)[element]
    for _ in range(64):
        other = others[int(random.integers(len(others)))]
        laws = laws_at(other, *at, original.season)[element]
        drawn = generator.draw(laws, random)
        values = {**original.values, element: drawn}
        gain = sum(
            float(laws[name].log_density(value)[0] - own[name].log_density(value)[0])
            for name, value in drawn.items()
        )
        same = drawn == original.values[element]
        if gain > 0 and not same and not generator.lacks(element, values):
            return build(seed, *at, original.season, values), other
    return None


def build(
    seed: tuple[int, ...], latitude: float, longitude: float, season: str, values: Values
) -> Scene:
    """Place everything that was drawn."""
    streams = _Streams(seed)
    chance = _chance(streams, season)
    look = _look(values, season)
    position = values[e.SUN]["position"]
    assert isinstance(position, tuple)
    azimuth, elevation = position
    water = streams(e.WATER, POSITIONS)
    water_side = int(water.choice([-1, 1])) * (values[e.WATER]["there"] == "yes")
    water_distance = float(water.uniform(26, 60))
    pole = streams(e.POLE, POSITIONS)
    spacing = float(pole.uniform(36, 62))
    ground = streams(e.COVER, POSITIONS)
    trees = streams(e.TREE, POSITIONS)
    forest_waves = _waves(trees, 3, 30, 0.6)
    solid = [thing for thing in chance.things if thing.element == e.HOUSE]
    landmarks = _landmark(values, streams(e.LANDMARK, POSITIONS))
    growing = [
        thing
        for thing in _trees(values, season, trees)
        + _shrubs(values, look, streams(e.SHRUB, POSITIONS))
        if thing.right * water_side < water_distance - 2
        and not any(
            abs(thing.right - other.right) < 7 and abs(thing.along - other.along) < 7
            for other in solid
        )
    ]
    return Scene(
        name=_name(streams(NAME, VALUES)), latitude=latitude, longitude=longitude, season=season,
        values=values, look=replace(look, spacing=spacing), chance=chance,
        sun_azimuth=float(azimuth),
        sun_elevation=LOWEST if elevation == LOW else min(float(elevation), 1.5),
        ridges=_ridges(values, streams(e.HILL, POSITIONS)), forest_waves=forest_waves,
        plots=streams(e.FIELD, POSITIONS).uniform(size=(16, 16)).astype(np.float32),
        offset=(float(ground.uniform(0, 4000)), float(ground.uniform(0, 4000))),
        water_side=water_side, water_distance=water_distance,
        pole_side=int(pole.choice([-1, 1])), pole_phase=float(pole.uniform()),
        things=(
            *growing, *chance.things, *landmarks,
            *_markers(values, chance.lane, streams(e.MARKER, POSITIONS)),
            *_posts(values, chance.lane, streams(e.POST, POSITIONS)),
        ),
        ribbons=(
            *chance.ribbons, *_barriers(values, chance.lane, streams(e.BARRIER, POSITIONS)),
        ),
    )  # fmt: skip


def _number(values: Values, element: int, variable: str) -> float:
    value = values[element][variable]
    assert isinstance(value, float)
    return value


def _name(random: np.random.Generator) -> str:
    year = int(random.integers(2007, 2019))
    letters = random.integers(0, 64, 22)
    return f"{year}_{''.join(ALPHABET[letter] for letter in letters)}"


def _look(values: Values, season: str) -> Look:
    def share(element: int, variable: str) -> float:
        return float(np.clip(_number(values, element, variable), 0, 1))

    kind = str(values[e.TREE]["kind"])
    crop = CROP_COLOURS[str(values[e.FIELD]["crop"])].get(season, STUBBLE)
    leaf = _leaf(values, kind)
    turned = kind in DECIDUOUS and values[e.TREE]["turned"] == "yes"
    bare = kind in DECIDUOUS and values[e.TREE]["bare"] == "yes"
    if turned:
        leaf = _between(leaf, (0.70, 0.42, 0.16), 0.7)
    elif bare:
        leaf = (0.42, 0.37, 0.33)
    return Look(
        blue=_number(values, e.SKY, "blue"),
        haze=float(np.exp(np.clip(_number(values, e.SKY, "haze"), 5.5, 8.5))),
        soil=generator.colour(values[e.SOIL]), cover=generator.colour(values[e.COVER]),
        cover_share=share(e.COVER, "share"),
        field=(crop[0] / 255, crop[1] / 255, crop[2] / 255), field_share=share(e.FIELD, "share"),
        foliage=leaf, tree_height=HEIGHTS[kind] * float(np.exp(_number(values, e.TREE, "height"))),
        pointed=kind in {"spruce", "spire"}, forest=share(e.TREE, "wall"),
        rock=generator.colour(values[e.HILL]), forested=share(e.HILL, "forested"),
        snow_peaks=share(e.HILL, "cap"), snow=values[e.SNOW]["lies"] == "yes",
        centre=str(values[e.LINE]["centre"]), edge=values[e.LINE]["edge"] == "yes",
        pole=str(values[e.POLE]["kind"]), wires=int(str(values[e.POLE]["wires"])), spacing=45.0,
    )  # fmt: skip


def _between(first: Tint, second: Tint, share: float) -> Tint:
    red, green, blue = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _leaf(values: Values, kind: str) -> Tint:
    """Return the colour of the leaves of a kind of tree here."""
    light, red, yellow = (
        float(tone[0]) for tone in generator.tones(np.array([LEAVES[kind]]) / 255)
    )
    return generator.colour({
        "light": light + _number(values, e.TREE, "light"),
        "red": red + _number(values, e.TREE, "red"),
        "yellow": yellow + _number(values, e.TREE, "yellow"),
    })  # fmt: skip


def _shade(random: np.random.Generator, tint: Tint, spread: float) -> Tint:
    tone = float(random.normal(1, spread))
    warm = float(random.normal(1, spread * 0.6))
    return tint[0] * tone * warm, tint[1] * tone, tint[2] * tone


def _side(random: np.random.Generator) -> float:
    return float(random.choice([-1, 1]))


def _verge_distance(random: np.random.Generator, height: float, kind: str, reach: float) -> float:
    """Draw a distance from the road, metres, at which a thing fits into a view."""
    near = max(8.5, 0.95 * height * DRAWINGS[kind][1])
    return near + float(reach * random.uniform() ** 1.6)


def _trees(values: Values, season: str, random: np.random.Generator) -> list[Thing]:
    tree = values[e.TREE]
    count = int(np.clip(np.exp(_number(values, e.TREE, "number")), 1, 110))
    kinds = [str(tree["kind"]), str(tree["second"])]
    tall = float(np.exp(_number(values, e.TREE, "height")))
    # More numbers than trees, always the same: another kind or number leaves the others in place.
    along = random.uniform(-110, 110, 110)
    chosen = (random.uniform(size=110) < 0.28).astype(int)
    looks = random.normal(size=(110, 3))
    leaves = random.integers(0, len(AUTUMN), 110)
    things = []
    for index in range(count):
        kind = kinds[int(chosen[index])]
        height = HEIGHTS[kind] * tall * float(np.exp(0.22 * looks[index, 0]))
        right = _side(random) * _verge_distance(random, height, kind, 60.0)
        tone = 1.12 * (1 + 0.08 * float(looks[index, 1]))
        warm = 1 + 0.08 * float(looks[index, 2])
        red, green, blue = _leaf(values, kind)
        tint = red * tone * warm, green * tone, blue * tone
        drawing = kind
        if kind in DECIDUOUS and tree["bare"] == "yes":
            drawing = "bare"
        elif kind in DECIDUOUS and tree["turned"] == "yes":
            tint = AUTUMN[int(leaves[index])]
        things.append(
            Thing(
                e.TREE, drawing, int(random.integers(4)), float(along[index]), right, height, tint,
                BARK.get(drawing, (0.36, 0.29, 0.23)),
            )
        )  # fmt: skip
    return things


def _shrubs(values: Values, look: Look, random: np.random.Generator) -> list[Thing]:
    heights = {"sage": 1.1, "agave": 1.1, "tuft": 0.7, "fern": 1.0, "bush": 1.4}
    kind = str(values[e.SHRUB]["kind"])
    count = int(np.clip(np.exp(_number(values, e.SHRUB, "number")), 0, 110))
    things = []
    for _ in range(count):
        leaf = _shade(random, look.foliage if not look.snow else (0.4, 0.37, 0.32), 0.08)
        if kind in {"sage", "tuft"}:
            leaf = _between(look.cover, leaf, 0.4)
        things.append(
            Thing(
                e.SHRUB, kind, int(random.integers(4)), float(random.uniform(-60, 60)),
                _side(random) * (6.5 + 45.0 * float(random.uniform()) ** 1.5),
                heights[kind] * float(np.exp(random.normal(0, 0.25))),
                (leaf[0] * 1.15, leaf[1] * 1.15, leaf[2] * 1.15), (0.4, 0.32, 0.25),
            )
        )  # fmt: skip
    return things


def _beside_road(random: np.random.Generator, lane: float) -> tuple[float, float]:
    """Draw a place beside the road for a sign: metres along and right."""
    along = _side(random) * (5.0 + 22.0 * float(random.uniform()) ** 1.5)
    return along, _side(random) * (lane + float(random.uniform(1.6, 4.5)))


def _markers(values: Values, lane: float, random: np.random.Generator) -> list[Thing]:
    design = str(values[e.MARKER]["design"])
    if design == "none":
        return []
    shape, plate, symbol = design.split()
    return [
        Thing(e.MARKER, f"marker {shape}", 0, *_beside_road(random, lane),
              float(random.uniform(2.4, 3.2)), MARKER_COLOURS[plate], MARKER_COLOURS[symbol])
        for _ in range(2)
    ]  # fmt: skip


def _posts(values: Values, lane: float, random: np.random.Generator) -> list[Thing]:
    kind = str(values[e.POST]["kind"])
    gap, phase, out = random.uniform(14, 30), random.uniform(), lane + random.uniform(0.9, 1.8)
    if kind == "none":
        return []
    height = 2.6 if kind == "snow pole" else 1.25
    tint = {"white": (0.95, 0.95, 0.95), "yellow": (0.98, 0.74, 0.08)}.get(kind, (0.9, 0.35, 0.1))
    return [
        Thing(e.POST, kind if kind == "snow pole" else "post", 0, float((number + phase) * gap),
              float(side * out), height, tint, (0.42, 0.42, 0.42))
        for number in range(-4, 4)
        for side in (-1, 1)
    ]  # fmt: skip


def _landmark(values: Values, random: np.random.Generator) -> list[Thing]:
    kind = str(values[e.LANDMARK]["kind"])
    along, far, side = random.uniform(-1, 1), random.uniform(1.5, 4.5), _side(random)
    if kind == "none":
        return []
    height, first, second = SIZES[kind]
    distance = max(13.0, height * far)
    return [Thing(e.LANDMARK, kind, 0, float(along) * distance, side * distance, height, first,
                  second)]  # fmt: skip


def _barriers(values: Values, lane: float, random: np.random.Generator) -> list[Ribbon]:
    start, length = random.uniform(-30, 0), random.uniform(25, 60)
    right, tone = _side(random) * (lane + random.uniform(1.2, 3.5)), random.uniform(0.9, 1.1)
    kind = str(values[e.BARRIER]["kind"])
    if kind == "none":
        return []
    return [Ribbon(e.BARRIER, kind, float(start), float(start + length), float(right),
                   (float(tone),) * 3)]  # fmt: skip


def _pick(random: np.random.Generator, tints: Sequence[Tint]) -> Tint:
    red, green, blue = tints[int(random.integers(len(tints)))]
    tone = float(random.uniform(0.85, 1.1))
    return red * tone, green * tone, blue * tone


def _chance(streams: _Streams, season: str) -> Chance:
    random = streams(WEATHER, VALUES)
    first, last = generator.DAYS[season]
    weather = {
        "day": float(random.uniform(first, last)),
        "hour_angle": float(random.uniform(-0.95, 0.95)),
        "overcast": float(random.beta(0.7, 1.8)),
        "cloud_cover": float(random.uniform(0.3, 0.85)),
        "cloud_offset": (float(random.uniform(0, 6)), float(random.uniform(0, 6))),
    }
    random = streams(ROADSIDE, VALUES)
    palette = [tint for tint, green in LOTS if not (green and season == "winter")]
    lane = float(random.uniform(3.1, 3.8))
    grey = float(np.clip(random.normal(0.46, 0.07), 0.28, 0.62))
    warm = float(random.normal(0, 0.015))
    lot_tints = np.array([_shade(random, _pick(random, palette), 0.05) for _ in range(256)])
    return Chance(
        **weather,  # type: ignore[arg-type]
        road_angle=float(random.uniform(0, 2 * np.pi)), bend=float(random.normal(0, 9.0)),
        lane=lane, road=(grey + warm, grey, grey - warm),
        paved=bool(random.uniform() < 0.7),
        shoulder=float(random.choice([0.0, 0.8, 1.4, 2.2])),
        gravel=_pick(random, palette) if random.uniform() < 0.35 else None,
        verges=(_verge(random), _verge(random)),
        lots=random.uniform(size=256).astype(np.float32),
        lot_tints=lot_tints.T.astype(np.float32), lot_share=float(random.uniform(0.15, 0.45)),
        patches=_patches(lane, random), ribbons=_fences(lane, palette, random),
        things=(*_houses(random), *_gardens(random, season), *_cars(random),
                *_boards(lane, random)),
    )  # fmt: skip


def _verge(random: np.random.Generator) -> float:
    width = float(random.uniform(1.0, 5.0))
    return width if random.uniform() < 0.45 else 0.0


def _patches(lane: float, random: np.random.Generator) -> tuple[Patch, ...]:
    patches = []
    for _ in range(int(random.poisson(4.0))):
        along = _side(random) * (2.0 + 26.0 * float(random.uniform()) ** 1.5)
        kind = str(random.choice(["tar", "concrete", "puddle", "bar", "arrow"],
                                 p=[0.3, 0.15, 0.3, 0.15, 0.1]))  # fmt: skip
        if kind == "puddle":
            right = float(random.uniform(-12, 12))
            patches.append(Patch(kind, along, right, float(random.uniform(0.5, 2.2)),
                                 float(random.uniform(0.5, 2.0)), (0, 0, 0)))  # fmt: skip
        elif kind in ("bar", "arrow"):
            tint = (0.92, 0.92, 0.90) if random.uniform() < 0.6 else (0.92, 0.74, 0.2)
            size = (0.25, lane * 0.45) if kind == "bar" else (1.2, 0.09)
            patches.append(Patch(kind, along, _side(random) * lane / 2, *size, tint))
        else:
            tone = float(random.uniform(0.16, 0.34) if kind == "tar" else random.uniform(0.55, 0.7))
            patches.append(
                Patch(kind, along, float(random.uniform(-lane, lane)),
                      float(random.uniform(0.5, 4.0)), float(random.uniform(0.3, 1.4)),
                      (tone, tone, tone))
            )  # fmt: skip
    return tuple(patches)


def _fences(
    lane: float, palette: Sequence[Tint], random: np.random.Generator
) -> tuple[Ribbon, ...]:
    ribbons = []
    for _ in range(int(random.choice([0, 1, 2], p=[0.35, 0.45, 0.2]))):
        kind = FENCES[int(random.integers(len(FENCES)))]
        start = float(random.uniform(-35, 20))
        tint = {
            "hedge": _pick(random, ORNAMENTAL[:1] + ORNAMENTAL[2:5]),
            "garden wall": _pick(random, WALLS),
            "picket fence": _pick(random, ((0.9, 0.9, 0.88), (0.5, 0.36, 0.25), (0.3, 0.3, 0.3))),
        }.get(kind, (0.42, 0.36, 0.30))  # fmt: skip
        element = e.GARDEN if kind == "hedge" else e.FENCE
        ribbons.append(
            Ribbon(element, kind, start, start + float(random.uniform(12, 45)),
                   _side(random) * (lane + float(random.uniform(1.5, 9.0))), tint)
        )  # fmt: skip
    return tuple(ribbons)


def _houses(random: np.random.Generator) -> list[Thing]:
    things = []
    for _ in range(min(6, int(random.poisson(2.8)))):
        kind = str(random.choice(["house", "shop", "block", "mast"], p=[0.56, 0.2, 0.14, 0.1]))
        height = float(random.uniform(*HOUSES[kind]))
        distance = max(14.0, height * 1.3) + 45.0 * float(random.uniform()) ** 1.8
        things.append(
            Thing(e.HOUSE, kind, int(random.integers(4)), float(random.uniform(-90, 90)),
                  _side(random) * distance, height, _pick(random, WALLS), _pick(random, ROOFS))
        )  # fmt: skip
    return things


def _gardens(random: np.random.Generator, season: str) -> list[Thing]:
    things = []
    for _ in range(min(20, int(random.poisson(7.0)))):
        kind = str(random.choice(["broad", "cypress", "bush", "juniper"]))
        height = 1.5 if kind == "bush" else float(random.uniform(3, 11))
        tint = _pick(random, ORNAMENTAL)
        if season == "winter" and kind == "broad":
            kind = "juniper"
        things.append(
            Thing(e.GARDEN, kind, int(random.integers(4)), float(random.uniform(-80, 80)),
                  _side(random) * _verge_distance(random, height, kind, 50.0), height, tint,
                  (0.36, 0.29, 0.23))
        )  # fmt: skip
    return things


def _cars(random: np.random.Generator) -> list[Thing]:
    cars = []
    for _ in range(min(5, int(random.poisson(1.5)))):
        ahead = _side(random) * (8.0 + 60.0 * float(random.uniform()) ** 1.5)
        lane = _side(random)
        right = lane * (1.65 if random.uniform() < 0.6 else float(random.uniform(7, 20)))
        tail = (0.8, 0.1, 0.1) if lane * ahead > 0 else (0.95, 0.95, 0.85)
        cars.append(
            Thing(e.CAR, "car", 0, ahead, right, float(random.uniform(1.45, 1.9)),
                  _pick(random, BODIES), tail)
        )  # fmt: skip
    return cars


def _boards(lane: float, random: np.random.Generator) -> list[Thing]:
    things = []
    for _ in range(int(random.choice([0, 1, 2, 3], p=[0.3, 0.3, 0.25, 0.15]))):
        first = BOARDS[int(random.integers(len(BOARDS)))]
        second = BOARDS[int(random.integers(len(BOARDS)))]
        if random.uniform() < 0.2:
            height = float(random.uniform(5, 9))
            along, right = float(random.uniform(-60, 60)), _side(random) * (lane + 2.0 * height)
            kind = "billboard"
        else:
            height = float(random.uniform(2.2, 3.2))
            along, right = _beside_road(random, lane)
            kind = str(random.choice(["board diamond", "board wide", "board octagon", "board tall",
                                      "board round"]))  # fmt: skip
        things.append(Thing(e.BOARD, kind, 0, along, right, height, first, second))
    return things


def _waves(random: np.random.Generator, low: int, high: int, slope: float) -> Array:
    """Amplitudes of a periodic random line of unit deviation, (WAVES, 2)."""
    number = np.arange(1, WAVES + 1)
    size = np.where((number >= low) & (number <= high), number**-slope, 0.0)
    size /= np.sqrt(np.sum(size**2))
    return (random.standard_normal((WAVES, 2)) * size[:, None]).astype(np.float32)


def _ridges(values: Values, random: np.random.Generator) -> tuple[Ridge, ...]:
    """Draw the skylines, the farthest first."""
    shape = str(values[e.HILL]["shape"])
    degrees = min(30.0, float(np.exp(_number(values, e.HILL, "relief"))))
    height = float(np.tan(radians(degrees)))
    bearing = float(random.uniform(0, 2 * np.pi))

    def ridge(shape: str, share: float, distance: float, low: int, high: int) -> Ridge:
        waves = np.stack([_waves(random, low, high, 0.7), _waves(random, 12, WAVES, 1.0)])
        return Ridge(waves, shape, height * share, bearing, distance,
                     int(random.integers(0, 512)))  # fmt: skip

    if shape == "flat":
        return (ridge("rolling", 1.0, 0.55, 2, 9),)
    if shape == "rolling":
        return ridge("rolling", 1.0, 0.55, 2, 8), ridge("rolling", 0.6, 0.25, 2, 7)
    if shape == "ridges":
        return (ridge("ridges", 1.0, 0.62, 2, 8), ridge("ridges", 0.72, 0.42, 2, 9),
                ridge("rolling", 0.4, 0.2, 2, 8))  # fmt: skip
    if shape == "peaks":
        return ridge("peaks", 1.0, 0.38, 3, 7), ridge("rolling", 0.28, 0.2, 2, 9)
    if shape == "mesa":
        return ridge("mesa", 0.8, 0.42, 2, 7), ridge("mesa", 1.0, 0.16, 2, 6)
    return ridge("volcano", 1.0, 0.42, 2, 8), ridge("peaks", 0.4, 0.22, 4, 14)
