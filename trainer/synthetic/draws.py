"""Random colours and places that several kinds of things share."""

import numpy as np

from trainer.synthetic.parts import Tint
from trainer.synthetic.sprites import DRAWINGS


def between(first: Tint, second: Tint, share: float) -> Tint:
    """Return a colour that is `share` of the way from the first to the second."""
    red, green, blue = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    return red, green, blue


def shade(random: np.random.Generator, tint: Tint, spread: float) -> Tint:
    """Draw a colour near another one."""
    tone = float(random.normal(1, spread))
    warm = float(random.normal(1, spread * 0.6))
    return tint[0] * tone * warm, tint[1] * tone, tint[2] * tone


def either_side(random: np.random.Generator) -> float:
    """Draw -1, left of the road, or 1, right of it."""
    return float(random.choice([-1, 1]))


def verge_distance(random: np.random.Generator, height: float, kind: str, reach: float) -> float:
    """Draw a distance from the road, metres, at which a thing fits into a view."""
    near = max(8.5, 0.95 * height * DRAWINGS[kind][1])
    return near + float(reach * random.uniform() ** 1.6)


def beside_road(random: np.random.Generator, lane: float) -> tuple[float, float]:
    """Draw a place beside the road for a sign: metres along and right."""
    along = either_side(random) * (4.0 + 14.0 * float(random.uniform()) ** 1.5)
    return along, either_side(random) * (lane + float(random.uniform(1.4, 3.6)))
