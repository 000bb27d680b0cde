"""Cut-outs of trees, shrubs, houses and cars, drawn once per process and cached per height.

A cut-out has no colours yet: its red, green and blue planes say how much of the first tint
(foliage, wall, body), of the second (trunk, roof, tyre) and of plain grey a pixel takes, so that
one drawing serves every state and hour. Everything is lit from the left.
"""

from collections.abc import Callable
from functools import lru_cache
from math import cos, log2, pi, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.synthetic.props import PROPS
from trainer.synthetic.sheet import CANVAS, Point, Sheet


def _conifer(sheet: Sheet, reach: float, tiers: int, droop: float, bare: float) -> None:
    random = sheet.random
    sheet.trunk(0.9, 0.018, 0.004)
    for tier in range(tiers):
        share = tier / (tiers - 1)
        base = bare + (0.93 - bare) * share
        half = reach * (1 - share) ** 0.85 + 0.015
        top = min(1.0, base + 1.5 * (1 - bare) / tiers + 0.04)
        teeth = 7
        for side, light in ((1, 0.62), (-1, 1.0)):
            edge: list[Point] = []
            for tooth in range(teeth + 1):
                along = tooth / teeth
                ragged = float(random.uniform(0.8, 1.15)) if tooth else 0.0
                sag = droop * along + (0.02 if tooth % 2 else -0.012)
                edge.append((side * half * along * max(ragged, 0.3), base - sag))
            tone = light * (0.78 + 0.35 * share) + float(random.normal(0, 0.05))
            sheet.polygon([(0, top), *reversed(edge), (side * -0.004, base)], first=tone)


def _spruce(sheet: Sheet) -> None:
    _conifer(sheet, 0.21, 9, 0.05, 0.08)


def _spire(sheet: Sheet) -> None:
    _conifer(sheet, 0.10, 11, 0.05, 0.05)


def _pine(sheet: Sheet) -> None:
    random = sheet.random
    sheet.trunk(0.92, 0.022, 0.008, 1.0)
    for level in np.linspace(0.52, 0.94, 8):
        reach = 0.20 * (1.15 - level) / 0.6 + 0.05
        for side in (-1, 1):
            x = side * reach * float(random.uniform(0.3, 1.0))
            sheet.stroke([(0, level - 0.04), (x, level)], 0.012, second=0.7)
            sheet.crown(x, float(level), 0.085, 0.038, 16, 0.026)
    sheet.crown(0, 0.93, 0.09, 0.06, 22, 0.03)


def _broad(sheet: Sheet) -> None:
    random = sheet.random
    sheet.trunk(0.5, 0.035, 0.02)
    wide = float(random.uniform(0.29, 0.36))
    sheet.crown(0, 0.60, wide, 0.33, 110, 0.075)
    sheet.crown(-0.05, 0.68, wide * 0.8, 0.24, 60, 0.05)


def _oak(sheet: Sheet) -> None:
    random = sheet.random
    sheet.trunk(0.55, 0.06, 0.035, 0.8)
    for side in (-1, 1):
        sheet.stroke([(0, 0.3), (side * 0.35, 0.55)], 0.035, second=0.65)
    for x in (-0.40, 0.38, -0.2, 0.2, 0.0):
        high = float(random.uniform(0.60, 0.68)) + 0.08 * (abs(x) < 0.3)
        sheet.crown(x, high, 0.25, 0.2, 55, 0.065)


def _cottonwood(sheet: Sheet) -> None:
    sheet.trunk(0.6, 0.035, 0.015, 1.15)
    for x, y in ((-0.14, 0.5), (0.15, 0.55), (0.0, 0.75)):
        sheet.crown(x, y, 0.17, 0.2, 55, 0.05)


def _birch(sheet: Sheet) -> None:
    random = sheet.random
    for x in (-0.05, 0.04):
        lean = float(random.uniform(-0.03, 0.03))
        sheet.stroke([(x, 0), (x + lean, 0.85)], 0.026, grey=1.35)
        for y in random.uniform(0.05, 0.6, 7):
            sheet.stroke([(x - 0.01, y), (x + 0.008, y)], 0.008, grey=0.35)
    sheet.crown(0, 0.66, 0.16, 0.31, 75, 0.04)


def _bare(sheet: Sheet) -> None:
    random = sheet.random

    def branch(x: float, y: float, angle: float, length: float, width: float) -> None:
        end = (x + length * sin(angle), y + length * cos(angle))
        sheet.stroke([(x, y), end], width, second=0.8)
        if length > 0.05:
            for turn in (-0.45, 0.05, 0.5):
                branch(
                    *end, angle + turn + float(random.normal(0, 0.15)),
                    length * float(random.uniform(0.58, 0.76)), max(width * 0.62, 0.006),
                )  # fmt: skip

    branch(0, 0, float(random.normal(0, 0.04)), 0.33, 0.045)


def _palm(sheet: Sheet) -> None:
    random = sheet.random
    lean = float(random.uniform(-0.14, 0.14))
    stem = [(lean * t * t, 0.80 * t) for t in np.linspace(0, 1, 9)]
    sheet.stroke(stem, 0.034, second=0.95)
    sheet.stroke([(x - 0.008, y) for x, y in stem], 0.012, second=1.3)
    head_x, head_y = stem[-1]
    for angle in np.sort(random.uniform(-2.1, 2.1, 13)):
        reach = float(random.uniform(0.24, 0.34))
        spine = []
        for t in np.linspace(0, 1, 8):
            spine.append((
                head_x + reach * t * sin(angle),
                head_y + reach * 0.75 * t * cos(angle) - 0.24 * t * t * abs(sin(angle)) + 0.02,
            ))  # fmt: skip
        light = float(0.85 - 0.22 * sin(angle) + 0.15 * cos(angle) + random.normal(0, 0.06))
        lower = [(x, y - 0.075 * sin(pi * min(1.0, 0.15 + 0.85 * i / 7)))
                 for i, (x, y) in enumerate(spine)]  # fmt: skip
        sheet.polygon([*spine, *reversed(lower)], first=light * 0.8)
        sheet.stroke(spine, 0.014, first=light * 1.2)


def _saguaro(sheet: Sheet) -> None:
    random = sheet.random

    def column(points: list[Point], width: float) -> None:
        for x, y in (points[0], points[-1]):
            sheet.blob(x, y, width / 2, width / 2, first=0.85)
        sheet.stroke(points, width, first=0.62)
        shifts = ((-0.32, 1.15), (-0.1, 0.92), (0.16, 0.74))
        for shift, light in shifts:
            sheet.stroke([(x + shift * width, y) for x, y in points], width * 0.16, first=light)

    column([(0, 0), (0, 0.94)], 0.11)
    for side in (-1, 1)[: 1 + int(random.integers(0, 2))] if random.uniform() < 0.9 else ():
        height = float(random.uniform(0.36, 0.55))
        reach = side * float(random.uniform(0.15, 0.2))
        tip = height + float(random.uniform(0.18, 0.34))
        column([(0, height - 0.02), (reach * 0.7, height), (reach, height + 0.06),
                (reach, tip)], 0.08)  # fmt: skip


def _mesquite(sheet: Sheet) -> None:
    for x in (-0.2, 0.02, 0.22):
        sheet.stroke([(0, 0), (x * 0.6, 0.25), (x, 0.55)], 0.035, second=0.7)
    for x in (-0.28, 0.27, 0.0):
        sheet.crown(x, 0.66, 0.22, 0.2, 60, 0.045)


def _cypress(sheet: Sheet) -> None:
    sheet.trunk(0.2, 0.02, 0.015)
    for y in np.linspace(0.18, 0.9, 10):
        wide = 0.10 * float(sin(pi * (0.12 + 0.8 * (y - 0.1)))) + 0.01
        sheet.crown(0, float(y), wide, 0.06, 22, 0.03)


def _juniper(sheet: Sheet) -> None:
    sheet.trunk(0.3, 0.05, 0.03)
    sheet.crown(0, 0.42, 0.36, 0.34, 80, 0.09)
    sheet.crown(0, 0.68, 0.22, 0.26, 50, 0.07)


def _bush(sheet: Sheet) -> None:
    sheet.crown(0, 0.42, 0.62, 0.40, 70, 0.14)
    sheet.crown(-0.1, 0.62, 0.4, 0.26, 40, 0.10)


def _sage(sheet: Sheet) -> None:
    random = sheet.random
    for angle in random.normal(0, 0.62, 80):
        length = float(random.uniform(0.55, 1.0)) * (1 - 0.12 * abs(angle))
        light = float(0.95 - 0.25 * sin(angle) + random.normal(0, 0.14))
        end = (length * 0.95 * sin(angle), max(0.04, length * cos(angle)))
        sheet.stroke([(0.25 * sin(angle), 0), end], 0.035, first=light)
        sheet.blob(end[0], end[1] - 0.03, 0.045, 0.045, first=light * 1.1)


def _agave(sheet: Sheet) -> None:
    for angle in np.concatenate([np.linspace(-1.35, 1.35, 13), np.linspace(-0.8, 0.8, 7)]):
        length = 0.97 - 0.1 * abs(float(angle))
        x, y = sin(angle), cos(angle)
        tip = (length * x, max(0.05, length * y))
        light = 0.92 - 0.3 * x
        sheet.polygon([(-0.07 * y, 0.02 + 0.05 * x), (0.5 * tip[0] - 0.06 * y,
                       0.5 * tip[1] + 0.05 * x), tip, (0.07 * y, 0.02)], first=light)  # fmt: skip


def _tuft(sheet: Sheet) -> None:
    random = sheet.random
    for angle in random.normal(0, 0.38, 60):
        length = float(random.uniform(0.5, 1.0))
        light = float(1.0 - 0.3 * sin(angle) + random.normal(0, 0.16))
        sheet.stroke([(0.3 * angle, 0), (0.25 * angle + length * 0.7 * sin(angle),
                      length * cos(angle))], 0.03, first=light)  # fmt: skip


def _fern(sheet: Sheet) -> None:
    for angle in np.linspace(-1.25, 1.25, 11):
        x, y = sin(angle), cos(angle)
        arc = [(0.85 * t * x, t * (0.55 + 0.45 * y) - 0.35 * t * t * abs(x)) for t in
               np.linspace(0, 1, 6)]  # fmt: skip
        sheet.stroke(arc, 0.09, first=0.85 - 0.25 * x)
        sheet.stroke(arc, 0.03, first=1.15 - 0.25 * x)


def _house(sheet: Sheet) -> None:
    random = sheet.random
    half, eaves = 0.78, 0.55
    sheet.polygon([(-half, 0), (half, 0), (half, eaves), (-half, eaves)], first=1.0)
    if random.uniform() < 0.5:
        sheet.polygon([(-half - 0.06, eaves - 0.02), (half + 0.06, eaves - 0.02),
                       (half - 0.16, 0.96), (-half + 0.16, 0.96)], second=1.0)  # fmt: skip
        gable = float(random.choice([-0.35, 0.35]))
        sheet.polygon([(gable - 0.26, eaves - 0.02), (gable + 0.26, eaves - 0.02),
                       (gable, 0.84)], first=1.08)  # fmt: skip
    else:
        sheet.polygon([(-half, eaves), (half, eaves), (0, 0.98)], first=0.95)
        for side, light in ((-1, 1.15), (1, 0.8)):
            sheet.stroke([(side * (half + 0.07), eaves - 0.04), (0, 0.97)], 0.07, second=light)
    sheet.stroke([(-half, 0.02), (half, 0.02)], 0.03, grey=0.55)
    door = float(random.choice([-0.12, 0.12]))
    sheet.polygon([(door - 0.08, 0), (door + 0.08, 0), (door + 0.08, 0.36), (door - 0.08, 0.36)],
                  second=0.7)  # fmt: skip
    for x in (-0.54, 0.5):
        sheet.polygon([(x - 0.13, 0.16), (x + 0.13, 0.16), (x + 0.13, 0.44), (x - 0.13, 0.44)],
                      grey=1.5)  # fmt: skip
        sheet.polygon([(x - 0.10, 0.19), (x + 0.10, 0.19), (x + 0.10, 0.41), (x - 0.10, 0.41)],
                      grey=0.42)  # fmt: skip
        sheet.stroke([(x, 0.19), (x, 0.41)], 0.02, grey=1.4)


def _car_side(sheet: Sheet) -> None:
    sheet.polygon([(-1.35, 0.22), (1.36, 0.22), (1.40, 0.5), (1.02, 0.60), (0.55, 0.97),
                   (-0.62, 0.97), (-1.02, 0.62), (-1.38, 0.56)], first=1.0)  # fmt: skip
    sheet.polygon([(-1.36, 0.22), (1.36, 0.22), (1.38, 0.36), (-1.38, 0.36)], first=0.75)
    sheet.polygon([(-0.88, 0.63), (-0.55, 0.9), (-0.05, 0.9), (-0.05, 0.63)], grey=0.4)
    sheet.polygon([(0.05, 0.63), (0.05, 0.9), (0.5, 0.9), (0.86, 0.63)], grey=0.45)
    for x in (-0.85, 0.85):
        sheet.blob(x, 0.21, 0.22, 0.21, grey=0.14)
        sheet.blob(x, 0.21, 0.11, 0.10, grey=0.85)


def _car_end(sheet: Sheet) -> None:
    sheet.polygon([(-0.6, 0.16), (0.6, 0.16), (0.62, 0.6), (0.44, 0.97), (-0.44, 0.97),
                   (-0.62, 0.6)], first=1.0)  # fmt: skip
    sheet.polygon([(-0.47, 0.62), (0.47, 0.62), (0.37, 0.9), (-0.37, 0.9)], grey=0.4)
    sheet.polygon([(-0.61, 0.16), (0.61, 0.16), (0.61, 0.32), (-0.61, 0.32)], first=0.7)
    for side in (-1, 1):
        sheet.blob(side * 0.48, 0.48, 0.1, 0.06, second=1.3)
        sheet.polygon([(side * 0.6, 0), (side * 0.38, 0), (side * 0.38, 0.18),
                       (side * 0.6, 0.18)], grey=0.13)  # fmt: skip
    sheet.polygon([(-0.16, 0.36), (0.16, 0.36), (0.16, 0.46), (-0.16, 0.46)], grey=1.3)


DRAWINGS: dict[str, tuple[Callable[[Sheet], None], float]] = {
    "spruce": (_spruce, 0.56), "spire": (_spire, 0.30), "pine": (_pine, 0.66),
    "broad": (_broad, 0.92), "oak": (_oak, 1.4), "cottonwood": (_cottonwood, 0.8),
    "birch": (_birch, 0.5), "bare": (_bare, 1.1), "palm": (_palm, 0.86),
    "saguaro": (_saguaro, 0.62), "mesquite": (_mesquite, 1.2), "cypress": (_cypress, 0.36),
    "juniper": (_juniper, 1.0), "bush": (_bush, 1.6), "sage": (_sage, 2.0),
    "agave": (_agave, 2.1), "tuft": (_tuft, 1.5), "fern": (_fern, 1.9), "house": (_house, 1.8),
    "car side": (_car_side, 2.9), "car end": (_car_end, 1.4), **PROPS,
}  # fmt: skip
"""Kind -> how it is drawn, and its width for a height of one."""


@lru_cache(maxsize=1024)
def _drawn(kind: str, variant: int, less: int) -> tuple[Image.Image, Image.Image]:
    """Draw a cut-out, ``CANVAS / less`` pixels high: its shares (RGB) and its cover."""
    if less > 1:
        paint, cover = _drawn(kind, variant, 1)
        return paint.reduce(less), cover.reduce(less)
    draw, width = DRAWINGS[kind]
    sheet = Sheet(width, np.random.default_rng([sorted(DRAWINGS).index(kind), variant]))
    draw(sheet)
    return sheet.paint, sheet.cover


def level_of(height: float) -> int:
    """Return the number of the step nearest to a height in pixels, four steps an octave."""
    return max(-8, round(4 * log2(CANVAS / max(height, 1.0))))


@lru_cache(maxsize=4096)
def sprite(kind: str, variant: int, level: int) -> NDArray[np.uint8]:
    """Return a cut-out ``CANVAS / 2 ** (level / 4)`` pixels high, (4, height, width).

    Three planes of shares, FULL_TINT for 1, and the cover, 255 for full. The shares are
    already multiplied by the cover, so that tints @ shares adds to a background that was
    multiplied by 1 - cover.
    """
    height = max(1, round(CANVAS / 2 ** (level / 4)))
    paint, cover = _drawn(kind, variant, 1 << max(0, level // 4))
    size = (max(1, round(cover.width * height / cover.height)), height)
    kernel = Image.Resampling.BOX if level > 0 else Image.Resampling.BILINEAR
    result = np.empty((4, height, size[0]), np.uint8)
    result[:3] = np.asarray(paint.resize(size, kernel)).transpose(2, 0, 1)
    result[3] = np.asarray(cover.resize(size, kernel))
    return result
