"""Where that stands which tells the state, and how it looks, from the values of `generator.py`."""

from collections.abc import Mapping
from math import radians

import numpy as np

from trainer.synthetic import elements as e
from trainer.synthetic import generator
from trainer.synthetic.camera import WAVES, Array
from trainer.synthetic.draws import beside_road, between, either_side, shade, verge_distance
from trainer.synthetic.generator import DECIDUOUS, HEIGHTS, LEAVES, Values
from trainer.synthetic.parts import Look, Ribbon, Ridge, Thing, Tint
from trainer.synthetic.props import MARKER_COLOURS, SIZES

BARK: Mapping[str, Tint] = {
    "pine": (0.46, 0.31, 0.22), "palm": (0.50, 0.43, 0.34), "cottonwood": (0.50, 0.46, 0.38),
    "bare": (0.40, 0.35, 0.31),
}  # fmt: skip
AUTUMN: tuple[Tint, ...] = (
    (0.78, 0.34, 0.14), (0.84, 0.56, 0.16), (0.66, 0.22, 0.14), (0.80, 0.68, 0.24),
)  # fmt: skip
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


def _number(values: Values, element: int, variable: str) -> float:
    value = values[element][variable]
    assert isinstance(value, float)
    return value


def look(values: Values, season: str, spacing: float) -> Look:
    """Return how the land looks; `spacing` is that of the poles, metres."""

    def share(element: int, variable: str) -> float:
        return float(np.clip(_number(values, element, variable), 0, 1))

    kind = str(values[e.TREE]["kind"])
    crop = CROP_COLOURS[str(values[e.FIELD]["crop"])].get(season, STUBBLE)
    leaf = _leaf(values, kind)
    turned = kind in DECIDUOUS and values[e.TREE]["turned"] == "yes"
    bare = kind in DECIDUOUS and values[e.TREE]["bare"] == "yes"
    if turned:
        leaf = between(leaf, (0.70, 0.42, 0.16), 0.7)
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
        pole=str(values[e.POLE]["kind"]), wires=int(str(values[e.POLE]["wires"])), spacing=spacing,
    )  # fmt: skip


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


def trees(values: Values, random: np.random.Generator) -> list[Thing]:
    """Return the trees, also where water or a house will stand."""
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
        right = either_side(random) * verge_distance(random, height, kind, 60.0)
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


def shrubs(values: Values, land: Look, random: np.random.Generator) -> list[Thing]:
    """Return the shrubs of a land."""
    heights = {"sage": 1.1, "agave": 1.1, "tuft": 0.7, "fern": 1.0, "bush": 1.4}
    kind = str(values[e.SHRUB]["kind"])
    count = int(np.clip(np.exp(_number(values, e.SHRUB, "number")), 0, 110))
    things = []
    for _ in range(count):
        leaf = shade(random, land.foliage if not land.snow else (0.4, 0.37, 0.32), 0.08)
        if kind in {"sage", "tuft"}:
            leaf = between(land.cover, leaf, 0.4)
        things.append(
            Thing(
                e.SHRUB, kind, int(random.integers(4)), float(random.uniform(-60, 60)),
                either_side(random) * (6.5 + 45.0 * float(random.uniform()) ** 1.5),
                heights[kind] * float(np.exp(random.normal(0, 0.25))),
                (leaf[0] * 1.15, leaf[1] * 1.15, leaf[2] * 1.15), (0.4, 0.32, 0.25),
            )
        )  # fmt: skip
    return things


def markers(values: Values, lane: float, random: np.random.Generator) -> list[Thing]:
    """Return the two route markers, if there are any."""
    design = str(values[e.MARKER]["design"])
    if design == "none":
        return []
    shape, plate, symbol = design.split()
    return [
        Thing(e.MARKER, f"marker {shape}", 0, *beside_road(random, lane),
              float(random.uniform(2.8, 3.6)), MARKER_COLOURS[plate], MARKER_COLOURS[symbol])
        for _ in range(2)
    ]  # fmt: skip


def posts(values: Values, lane: float, random: np.random.Generator) -> list[Thing]:
    """Return the reflector posts or snow poles."""
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


def landmark(values: Values, random: np.random.Generator) -> list[Thing]:
    """Return the landmark, if there is one."""
    kind = str(values[e.LANDMARK]["kind"])
    along, far, side = random.uniform(-1, 1), random.uniform(1.5, 4.5), either_side(random)
    if kind == "none":
        return []
    height, first, second = SIZES[kind]
    distance = max(13.0, height * far)
    return [Thing(e.LANDMARK, kind, 0, float(along) * distance, side * distance, height, first,
                  second)]  # fmt: skip


def barriers(values: Values, lane: float, random: np.random.Generator) -> list[Ribbon]:
    """Return the barrier, if there is one."""
    start, length = random.uniform(-30, 0), random.uniform(25, 60)
    right, tone = either_side(random) * (lane + random.uniform(1.2, 3.5)), random.uniform(0.9, 1.1)
    kind = str(values[e.BARRIER]["kind"])
    if kind == "none":
        return []
    return [Ribbon(e.BARRIER, kind, float(start), float(start + length), float(right),
                   (float(tone),) * 3)]  # fmt: skip


def waves(random: np.random.Generator, low: int, high: int, slope: float) -> Array:
    """Amplitudes of a periodic random line of unit deviation, (WAVES, 2)."""
    number = np.arange(1, WAVES + 1)
    size = np.where((number >= low) & (number <= high), number**-slope, 0.0)
    size /= np.sqrt(np.sum(size**2))
    return (random.standard_normal((WAVES, 2)) * size[:, None]).astype(np.float32)


def ridges(values: Values, random: np.random.Generator) -> tuple[Ridge, ...]:
    """Draw the skylines, the farthest first."""
    shape = str(values[e.HILL]["shape"])
    degrees = min(30.0, float(np.exp(_number(values, e.HILL, "relief"))))
    height = float(np.tan(radians(degrees)))
    bearing = float(random.uniform(0, 2 * np.pi))

    def ridge(shape: str, share: float, distance: float, low: int, high: int) -> Ridge:
        both = np.stack([waves(random, low, high, 0.7), waves(random, 12, WAVES, 1.0)])
        return Ridge(both, shape, height * share, bearing, distance,
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
