"""What means nothing: weather, road, lots, houses, gardens, cars, fences, signboards.

All of it is drawn the same way whatever the state.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from trainer.synthetic import elements as e
from trainer.synthetic import generator
from trainer.synthetic.draws import beside_road, either_side, shade, verge_distance
from trainer.synthetic.parts import Chance, Patch, Ribbon, Thing, Tint

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
INKS: tuple[Tint, Tint] = ((0.95, 0.95, 0.94), (0.07, 0.07, 0.07))
"""Rim and writing of dark and of light boards."""
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


def _pick(random: np.random.Generator, tints: Sequence[Tint]) -> Tint:
    red, green, blue = tints[int(random.integers(len(tints)))]
    tone = float(random.uniform(0.85, 1.1))
    return red * tone, green * tone, blue * tone


def chance(weather_random: np.random.Generator, random: np.random.Generator, season: str) -> Chance:
    """Draw the weather with the first stream of random numbers and all else with the second."""
    first, last = generator.DAYS[season]
    weather = {
        "day": float(weather_random.uniform(first, last)),
        "hour_angle": float(weather_random.uniform(-0.95, 0.95)),
        "overcast": float(weather_random.beta(0.7, 1.8)),
        "cloud_cover": float(weather_random.uniform(0.3, 0.85)),
        "cloud_offset": (float(weather_random.uniform(0, 6)), float(weather_random.uniform(0, 6))),
    }
    palette = [tint for tint, green in LOTS if not (green and season == "winter")]
    lane = float(random.uniform(3.1, 3.8))
    grey = float(np.clip(random.normal(0.46, 0.07), 0.28, 0.62))
    warm = float(random.normal(0, 0.015))
    lot_tints = np.array([shade(random, _pick(random, palette), 0.05) for _ in range(256)])
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
        along = either_side(random) * (2.0 + 26.0 * float(random.uniform()) ** 1.5)
        kind = str(random.choice(["tar", "concrete", "puddle", "bar", "arrow"],
                                 p=[0.3, 0.15, 0.3, 0.15, 0.1]))  # fmt: skip
        if kind == "puddle":
            right = float(random.uniform(-12, 12))
            patches.append(Patch(kind, along, right, float(random.uniform(0.5, 2.2)),
                                 float(random.uniform(0.5, 2.0)), (0, 0, 0)))  # fmt: skip
        elif kind in ("bar", "arrow"):
            tint = (0.92, 0.92, 0.90) if random.uniform() < 0.6 else (0.92, 0.74, 0.2)
            size = (0.25, lane * 0.45) if kind == "bar" else (1.2, 0.09)
            patches.append(Patch(kind, along, either_side(random) * lane / 2, *size, tint))
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
                   either_side(random) * (lane + float(random.uniform(1.5, 9.0))), tint)
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
                  either_side(random) * distance, height, _pick(random, WALLS),
                  _pick(random, ROOFS))
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
                  either_side(random) * verge_distance(random, height, kind, 50.0), height, tint,
                  (0.36, 0.29, 0.23))
        )  # fmt: skip
    return things


def _cars(random: np.random.Generator) -> list[Thing]:
    cars = []
    for _ in range(min(5, int(random.poisson(1.5)))):
        ahead = either_side(random) * (8.0 + 60.0 * float(random.uniform()) ** 1.5)
        lane = either_side(random)
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
        second = INKS[int(sum(first) > 1.5)]
        if random.uniform() < 0.2:
            height = float(random.uniform(5, 9))
            along, right = (
                float(random.uniform(-60, 60)),
                either_side(random) * (lane + 2.0 * height),
            )
            kind = "billboard"
        else:
            height = float(random.uniform(2.6, 3.6))
            along, right = beside_road(random, lane)
            kind = str(random.choice(["board diamond", "board wide", "board octagon", "board tall",
                                      "board round"]))  # fmt: skip
        things.append(Thing(e.BOARD, kind, 0, along, right, height, first, second))
    return things
