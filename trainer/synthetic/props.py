"""Drawings of what people put up: route markers, signboards, posts, buildings and towers."""

from collections.abc import Callable, Mapping
from functools import partial
from math import cos, pi, sin

import numpy as np

from trainer.synthetic.country import outlines
from trainer.synthetic.sheet import Point, Sheet
from trainer.synthetic.states import MARKERS

Tint = tuple[float, float, float]

MARKER_COLOURS: Mapping[str, Tint] = {
    "black": (0.07, 0.07, 0.07), "white": (0.95, 0.95, 0.94), "green": (0.05, 0.42, 0.24),
    "blue": (0.10, 0.26, 0.62), "yellow": (0.98, 0.80, 0.12), "red": (0.80, 0.16, 0.14),
}  # fmt: skip
RED: Tint = (0.62, 0.16, 0.13)
WHITE: Tint = (0.92, 0.91, 0.88)
DARK: Tint = (0.24, 0.22, 0.22)
STEEL: Tint = (0.72, 0.74, 0.76)
WOOD: Tint = (0.42, 0.30, 0.20)

SIZES: Mapping[str, tuple[float, Tint, Tint]] = {
    "barn": (9.5, RED, (0.36, 0.34, 0.34)), "silo": (14.0, (0.80, 0.82, 0.84), (0.52, 0.56, 0.62)),
    "elevator": (22.0, (0.90, 0.89, 0.85), (0.58, 0.58, 0.60)),
    "pump jack": (6.5, (0.20, 0.20, 0.22), (0.72, 0.30, 0.12)),
    "wind turbine": (40.0, WHITE, (0.82, 0.83, 0.84)),
    "windmill": (11.0, (0.48, 0.46, 0.44), STEEL), "tobacco barn": (9.0, (0.20, 0.18, 0.18), DARK),
    "water tower": (26.0, (0.66, 0.78, 0.88), (0.56, 0.62, 0.68)), "church": (15.0, WHITE, DARK),
    "lighthouse": (18.0, WHITE, (0.78, 0.16, 0.14)),
    "adobe": (4.8, (0.76, 0.54, 0.38), WOOD),
    "log cabin": (5.4, (0.52, 0.35, 0.20), (0.30, 0.36, 0.28)),
    "covered bridge": (6.5, (0.52, 0.18, 0.14), DARK),
}  # fmt: skip
"""Landmark -> height in metres and its two colours."""

PLATE = 0.46
"""Side of a sign's plate, of its height."""


def _disc(x: float, y: float, radius: float, corners: int = 16, turn: float = 0.0) -> list[Point]:
    angles = np.arange(corners) * 2 * pi / corners + turn
    return [(x + radius * sin(angle), y + radius * cos(angle)) for angle in angles]


def _rectangle(left: float, bottom: float, right: float, top: float) -> list[Point]:
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def _outline(state: str) -> list[Point]:
    """Return the largest ring of a state, fitted into a square of side 1 around the origin."""
    ring = max(outlines()[state], key=lambda ring: float(np.ptp(ring[:, 0]) * np.ptp(ring[:, 1])))
    x = ring[:, 1] * cos(np.radians(ring[:, 0].mean()))
    y = ring[:, 0]
    size = max(np.ptp(x), np.ptp(y))
    x, y = ((axis - (axis.min() + axis.max()) / 2) / size for axis in (x, y))
    return list(zip(x.tolist(), y.tolist(), strict=True))


SHAPES: Mapping[str, list[Point]] = {
    "square": _rectangle(-0.42, -0.42, 0.42, 0.42), "circle": _disc(0, 0, 0.46),
    "diamond": _disc(0, 0, 0.5, 4), "triangle": [(-0.46, 0.4), (0.46, 0.4), (0, -0.46)],
    "keystone": [(-0.34, 0.44), (0.34, 0.44), (0.46, 0.2), (0.36, 0.12), (0.24, -0.44),
                 (-0.24, -0.44), (-0.36, 0.12), (-0.46, 0.2)],
    "shield": [(-0.42, 0.44), (0.42, 0.44), (0.42, -0.05), (0, -0.46), (-0.42, -0.05)],
    "arrow": [(0, 0.48), (0.42, 0.2), (0.32, -0.44), (-0.32, -0.44), (-0.42, 0.2)],
    "spade": [(0, 0.48), (0.44, -0.02), (0.34, -0.26), (0.1, -0.18), (0.16, -0.46),
              (-0.16, -0.46), (-0.1, -0.18), (-0.34, -0.26), (-0.44, -0.02)],
    "beehive": [(-0.44, -0.44), (0.44, -0.44), (0.38, 0.0), (0.22, 0.34), (0, 0.46),
                (-0.22, 0.34), (-0.38, 0.0)],
    "wagon": [(-0.46, -0.2), (0.46, -0.2), (0.46, 0.05), (0.34, 0.36), (-0.34, 0.36),
              (-0.46, 0.05)],
    "profile": [(-0.3, -0.46), (0.3, -0.46), (0.34, 0.2), (0.1, 0.46), (-0.22, 0.36),
                (-0.3, 0.1), (-0.46, -0.05), (-0.28, -0.14)],
    "sun": [point for k in range(16) for point in _disc(0, 0, 0.48 if k % 2 else 0.3, 1,
                                                         k * pi / 8)],
    "stars": [], "flag": [],
}  # fmt: skip


def _marker(shape: str, sheet: Sheet) -> None:
    """Draw a route marker: the plate in the first colour, the symbol in the second."""
    middle = 1 - PLATE / 2
    sheet.stroke([(0, 0), (0, middle)], 0.035, grey=0.75)
    half = PLATE / 2
    sheet.polygon(_rectangle(-half, 1 - PLATE, half, 1), first=1.0)
    corners = SHAPES.get(shape) or []
    if shape == "stars":
        for x, y in ((-0.3, -0.25), (-0.1, -0.3), (0.1, -0.1), (0.02, 0.1), (0.2, 0.28),
                     (-0.2, 0.3), (0.35, -0.3)):  # fmt: skip
            sheet.polygon(_disc(x * PLATE, middle + y * PLATE, 0.1 * PLATE, 5), second=1.0)
        return
    if shape == "flag":
        sheet.polygon(_rectangle(-half, middle - 0.07, half, middle + 0.07), grey=1.5)
        sheet.polygon(_disc(0, middle, 0.13), second=1.0)
        return
    if not corners:
        corners = _outline(shape.replace("_", " "))
    sheet.polygon([(x * PLATE * 0.94, middle + y * PLATE * 0.94) for x, y in corners], second=1.0)
    for x in (-0.035, 0.045):
        sheet.stroke([(x, middle - 0.06), (x, middle + 0.06)], 0.022, first=1.0)


def _post(sheet: Sheet) -> None:
    sheet.polygon(_rectangle(-0.06, 0, 0.06, 1), second=1.2)
    sheet.polygon(_rectangle(-0.09, 0.55, 0.09, 1), first=1.0)


def _snow_pole(sheet: Sheet) -> None:
    for number in range(5):
        tone = {"first": 1.0} if number % 2 == 0 else {"grey": 0.3}
        sheet.polygon(_rectangle(-0.03, number / 5, 0.03, (number + 1) / 5), **tone)


def _board(corners: list[Point], sheet: Sheet) -> None:
    """Draw a signboard whose plate is as large as a route marker's."""
    middle = 1 - PLATE / 2
    sheet.stroke([(0, 0), (0, middle)], 0.035, grey=0.75)
    for scale, ink in ((1.0, {"second": 1.0}), (0.84, {"first": 1.0})):
        sheet.polygon([(x * PLATE * scale, middle + y * PLATE * scale) for x, y in corners], **ink)
    sheet.stroke([(-0.08, middle + 0.03), (0.07, middle + 0.03)], 0.03, second=1.0)
    sheet.stroke([(-0.06, middle - 0.05), (0.08, middle - 0.05)], 0.03, second=1.0)


def _billboard(sheet: Sheet) -> None:
    for x in (-0.5, 0.5):
        sheet.stroke([(x, 0), (x, 0.6)], 0.05, grey=0.4)
    sheet.polygon(_rectangle(-0.85, 0.45, 0.85, 1), grey=1.4)
    sheet.polygon(_rectangle(-0.82, 0.48, 0.82, 0.97), first=1.0)
    sheet.polygon(_disc(-0.45, 0.72, 0.18), second=1.0)
    for y in (0.82, 0.70, 0.58):
        sheet.stroke([(-0.1, y), (0.65, y)], 0.05, second=1.0)


def _shop(sheet: Sheet) -> None:
    sheet.polygon(_rectangle(-1.2, 0, 1.2, 0.85), first=1.0)
    sheet.polygon(_rectangle(-1.25, 0.82, 1.25, 0.98), second=1.1)
    for x in (-0.9, -0.3, 0.3, 0.9):
        sheet.polygon(_rectangle(x - 0.22, 0.1, x + 0.22, 0.6), grey=0.42)
    sheet.polygon(_rectangle(-1.2, 0.62, 1.2, 0.72), second=0.8)


def _block(sheet: Sheet) -> None:
    sheet.polygon(_rectangle(-0.5, 0, 0.5, 0.97), first=1.0)
    sheet.polygon(_rectangle(0.22, 0, 0.5, 0.97), first=0.8)
    sheet.polygon(_rectangle(-0.53, 0.95, 0.53, 1), second=1.0)
    for y in np.linspace(0.1, 0.8, 5):
        for x in (-0.36, -0.14, 0.08, 0.36):
            sheet.polygon(_rectangle(x - 0.06, float(y), x + 0.06, float(y) + 0.1), grey=0.42)


def _mast(sheet: Sheet) -> None:
    for side in (-1, 1):
        sheet.stroke([(side * 0.05, 0), (side * 0.015, 0.98)], 0.014, grey=0.75)
    for y in np.linspace(0.05, 0.9, 9):
        wide = 0.05 - 0.035 * float(y)
        sheet.stroke([(-wide, float(y)), (wide, float(y) + 0.08)], 0.008, grey=0.7)
    for y in (0.8, 0.9):
        sheet.polygon(_rectangle(-0.06, y, 0.06, y + 0.05), grey=1.2)


def _barn(sheet: Sheet) -> None:
    sheet.polygon([(-0.75, 0), (0.75, 0), (0.75, 0.5), (-0.75, 0.5)], first=1.0)
    sheet.polygon([(-0.75, 0.5), (-0.55, 0.82), (0, 1.0), (0.55, 0.82), (0.75, 0.5)], first=0.92)
    for side in (-1, 1):
        sheet.stroke([(side * 0.8, 0.47), (side * 0.57, 0.83), (0, 0.98)], 0.06, second=1.0)
    for side in (-1, 1):
        sheet.stroke([(side * 0.24, 0), (side * 0.24, 0.4), (-side * 0.24, 0)], 0.035, grey=1.5)
    sheet.polygon(_rectangle(-0.1, 0.6, 0.1, 0.76), grey=1.5)


def _silo(sheet: Sheet) -> None:
    for x, top in ((-0.16, 0.84), (0.16, 0.7)):
        for shift, light in ((0.0, 1.0), (0.045, 0.82), (0.09, 0.66)):
            sheet.polygon(_rectangle(x - 0.13 + shift, 0, x + 0.13, top), first=light)
        sheet.blob(x, top, 0.13, 0.13, second=1.0)
        for y in np.arange(0.1, top, 0.12):
            sheet.stroke([(x - 0.13, float(y)), (x + 0.13, float(y))], 0.008, second=0.9)


def _elevator(sheet: Sheet) -> None:
    for x in (-0.33, -0.15, 0.03):
        sheet.polygon(_rectangle(x - 0.1, 0, x + 0.09, 0.7), first=0.95)
        sheet.polygon(_rectangle(x + 0.02, 0, x + 0.09, 0.7), first=0.75)
    sheet.polygon(_rectangle(0.1, 0, 0.38, 0.88), first=1.0)
    sheet.polygon([(0.08, 0.86), (0.4, 0.86), (0.24, 1.0)], second=1.0)
    sheet.polygon(_rectangle(-0.44, 0.68, 0.12, 0.76), second=1.1)


def _pump_jack(sheet: Sheet) -> None:
    sheet.polygon([(-0.3, 0), (-0.05, 0.7), (0.05, 0.7), (0.3, 0), (0.2, 0), (0, 0.6), (-0.2, 0)],
                  first=1.0)  # fmt: skip
    sheet.stroke([(-0.62, 0.60), (0.6, 0.84)], 0.075, second=1.0)
    sheet.polygon([(0.52, 0.62), (0.68, 0.68), (0.68, 0.98), (0.52, 0.98)], second=1.0)
    sheet.stroke([(0.64, 0), (0.64, 0.7)], 0.025, grey=0.3)
    sheet.polygon(_rectangle(-0.72, 0.1, -0.46, 0.42), second=0.8)
    sheet.polygon(_rectangle(-0.75, 0, 0.75, 0.07), grey=0.9)


def _wind_turbine(sheet: Sheet) -> None:
    sheet.polygon([(-0.018, 0), (0.018, 0), (0.01, 0.68), (-0.01, 0.68)], first=1.0)
    for angle in (0.2, 0.2 + 2 * pi / 3, 0.2 + 4 * pi / 3):
        tip = (0.31 * sin(angle), 0.68 + 0.31 * cos(angle))
        sheet.stroke([(0, 0.68), tip], 0.016, first=1.05)
    sheet.blob(0, 0.68, 0.022, 0.022, second=1.0)


def _windmill(sheet: Sheet) -> None:
    for side in (-1, 1):
        sheet.stroke([(side * 0.16, 0), (side * 0.02, 0.8)], 0.022, first=1.0)
    for y in (0.15, 0.35, 0.55):
        wide = 0.16 - 0.17 * y
        sheet.stroke([(-wide, y), (wide, y)], 0.016, first=1.0)
    for angle in np.arange(12) * pi / 6:
        tip = (0.17 * sin(angle), 0.81 + 0.17 * cos(angle))
        sheet.stroke([(0, 0.81), tip], 0.035, second=1.0)
    sheet.polygon([(0.05, 0.8), (0.34, 0.74), (0.34, 0.9)], second=0.9)


def _tobacco_barn(sheet: Sheet) -> None:
    sheet.polygon([(-0.55, 0), (0.55, 0), (0.55, 0.6), (0, 1), (-0.55, 0.6)], first=1.0)
    for x in np.linspace(-0.45, 0.45, 7):
        sheet.stroke([(float(x), 0.05), (float(x), 0.6)], 0.02, grey=0.12)
    for side in (-1, 1):
        sheet.stroke([(side * 0.62, 0.56), (0, 0.99)], 0.05, grey=0.85)
    sheet.polygon(_rectangle(-0.16, 0, 0.16, 0.42), grey=0.9)


def _water_tower(sheet: Sheet) -> None:
    for x in (-0.2, -0.07, 0.07, 0.2):
        sheet.stroke([(x * 1.2, 0), (x, 0.7)], 0.02, second=0.8)
    sheet.stroke([(-0.22, 0.35), (0.22, 0.35)], 0.012, second=0.8)
    sheet.blob(0, 0.8, 0.27, 0.17, first=1.0)
    sheet.blob(0.08, 0.77, 0.17, 0.12, first=0.85)
    sheet.polygon([(-0.2, 0.9), (0.2, 0.9), (0, 1.0)], second=1.1)
    sheet.stroke([(-0.16, 0.8), (0.16, 0.8)], 0.035, grey=0.3)


def _church(sheet: Sheet) -> None:
    sheet.polygon(_rectangle(-0.05, 0, 0.5, 0.34), first=0.86)
    sheet.polygon([(-0.05, 0.33), (0.54, 0.33), (0.45, 0.52), (-0.05, 0.52)], second=1.1)
    sheet.polygon([(-0.42, 0), (0.02, 0), (0.02, 0.38), (-0.2, 0.54), (-0.42, 0.38)], first=1.0)
    sheet.polygon(_rectangle(-0.29, 0.4, -0.11, 0.7), first=1.04)
    sheet.polygon([(-0.31, 0.69), (-0.09, 0.69), (-0.2, 0.99)], second=1.0)
    sheet.polygon(_rectangle(-0.25, 0, -0.15, 0.2), second=0.9)
    for x in (0.12, 0.26, 0.4):
        sheet.polygon(_rectangle(x - 0.03, 0.1, x + 0.03, 0.26), grey=0.4)


def _lighthouse(sheet: Sheet) -> None:
    for number in range(5):
        low, high = number * 0.16, (number + 1) * 0.16
        ink = {"second": 1.0} if number % 2 else {"first": 1.0}
        sheet.polygon([(-0.16 + low * 0.08, low), (0.16 - low * 0.08, low),
                       (0.16 - high * 0.08, high), (-0.16 + high * 0.08, high)], **ink)  # fmt: skip
    sheet.polygon(_rectangle(-0.14, 0.8, 0.14, 0.83), grey=0.3)
    sheet.polygon(_rectangle(-0.08, 0.83, 0.08, 0.92), grey=1.5)
    sheet.polygon([(-0.11, 0.92), (0.11, 0.92), (0, 1.0)], second=1.0)


def _adobe(sheet: Sheet) -> None:
    sheet.polygon(_rectangle(-1.1, 0, 1.1, 0.62), first=1.0)
    sheet.polygon(_rectangle(-0.4, 0.55, 0.9, 0.98), first=0.92)
    for x in np.linspace(-1.0, 1.0, 8):
        sheet.polygon(_rectangle(float(x) - 0.03, 0.48, float(x) + 0.03, 0.54), second=1.0)
    sheet.polygon(_rectangle(-0.12, 0, 0.14, 0.4), second=0.9)
    for x in (-0.7, 0.65):
        sheet.polygon(_rectangle(x - 0.13, 0.2, x + 0.13, 0.42), grey=0.25)


def _log_cabin(sheet: Sheet) -> None:
    for number in range(7):
        low = number * 0.08
        sheet.polygon(_rectangle(-0.75, low, 0.75, low + 0.06), first=1.0 + 0.06 * (number % 2))
        sheet.polygon(_rectangle(-0.75, low + 0.06, 0.75, low + 0.08), first=0.55)
    sheet.polygon([(-0.86, 0.52), (0.86, 0.52), (0.6, 0.94), (-0.6, 0.94)], second=1.0)
    sheet.polygon(_rectangle(0.3, 0.8, 0.44, 1.0), grey=0.7)
    sheet.polygon(_rectangle(-0.1, 0, 0.12, 0.36), grey=0.25)
    sheet.polygon(_rectangle(-0.55, 0.2, -0.3, 0.4), grey=1.2)


def _covered_bridge(sheet: Sheet) -> None:
    sheet.polygon(_rectangle(-1.1, 0.05, 1.1, 0.66), first=1.0)
    for x in np.linspace(-1.0, 1.0, 14):
        sheet.stroke([(float(x), 0.05), (float(x), 0.66)], 0.012, first=0.7)
    sheet.polygon([(-1.2, 0.64), (1.2, 0.64), (1.05, 0.98), (-1.05, 0.98)], second=1.2)
    sheet.polygon([(-1.1, 0.0), (-0.6, 0.0), (-0.6, 0.45), (-0.85, 0.56), (-1.1, 0.45)], grey=0.15)
    for x in (-0.2, 0.4):
        sheet.polygon(_rectangle(x - 0.1, 0.3, x + 0.1, 0.45), grey=0.2)


Drawing = tuple[Callable[[Sheet], None], float]
PROPS: dict[str, Drawing] = {
    **{f"marker {shape}": (partial(_marker, shape), 0.46)
       for shape in sorted({design.split()[0] for design in MARKERS if design != "none"})},
    "post": (_post, 0.3), "snow pole": (_snow_pole, 0.1),
    "board diamond": (partial(_board, _disc(0, 0, 0.52, 4)), 0.46),
    "board octagon": (partial(_board, _disc(0, 0, 0.5, 8, pi / 8)), 0.46),
    "board round": (partial(_board, _disc(0, 0, 0.48)), 0.46),
    "board tall": (partial(_board, _rectangle(-0.36, -0.46, 0.36, 0.46)), 0.46),
    "board wide": (partial(_board, _rectangle(-0.8, -0.36, 0.8, 0.36)), 0.72),
    "billboard": (_billboard, 1.8), "shop": (_shop, 2.6), "block": (_block, 1.1),
    "mast": (_mast, 0.2), "barn": (_barn, 1.7), "silo": (_silo, 0.66), "elevator": (_elevator, 0.9),
    "pump jack": (_pump_jack, 1.6), "wind turbine": (_wind_turbine, 0.66),
    "windmill": (_windmill, 0.74), "tobacco barn": (_tobacco_barn, 1.3),
    "water tower": (_water_tower, 0.6), "church": (_church, 1.12),
    "lighthouse": (_lighthouse, 0.36), "adobe": (_adobe, 2.3), "log cabin": (_log_cabin, 1.8),
    "covered bridge": (_covered_bridge, 2.5),
}  # fmt: skip
"""Kind -> how it is drawn, and its width for a height of one."""
