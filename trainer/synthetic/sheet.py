"""A surface on which cut-outs are drawn: shares of two tints and of grey, not colours yet."""

from math import pi

import numpy as np
from PIL import Image, ImageDraw

CANVAS = 256
FULL_TINT = 160
"""The value in a plane of shares that stands for 1; shares go up to 1.6."""

Point = tuple[float, float]


class Sheet:
    """A drawing surface of unit height: x from the middle to the right, y from the foot upwards."""

    def __init__(self, width: float, random: np.random.Generator) -> None:
        self.width = width
        self.random = random
        size = (max(2, round(CANVAS * width)), CANVAS)
        self.paint = Image.new("RGB", size)
        self.cover = Image.new("L", size)
        self._paint = ImageDraw.Draw(self.paint)
        self._cover = ImageDraw.Draw(self.cover)

    def _at(self, point: Point) -> Point:
        return (point[0] + self.width / 2) * CANVAS, (1.0 - point[1]) * CANVAS

    @staticmethod
    def _ink(first: float = 0.0, second: float = 0.0, grey: float = 0.0) -> tuple[int, int, int]:
        red, green, blue = (
            min(255, max(0, round(FULL_TINT * value))) for value in (first, second, grey)
        )
        return red, green, blue

    def polygon(self, points: list[Point], **ink: float) -> None:
        """Fill a polygon; ``first``, ``second`` and ``grey`` are its shades, 0..1.6."""
        corners = [self._at(point) for point in points]
        self._paint.polygon(corners, fill=self._ink(**ink))
        self._cover.polygon(corners, fill=255)

    def blob(self, x: float, y: float, wide: float, high: float, **ink: float) -> None:
        """Fill an ellipse around (x, y) with these half-axes."""
        left, top = self._at((x - wide, y + high))
        right, bottom = self._at((x + wide, y - high))
        self._paint.ellipse((left, top, right, bottom), fill=self._ink(**ink))
        self._cover.ellipse((left, top, right, bottom), fill=255)

    def stroke(self, points: list[Point], width: float, **ink: float) -> None:
        """Draw a line of this width through the points."""
        corners = [self._at(point) for point in points]
        pixels = max(1, round(width * CANVAS))
        self._paint.line(corners, fill=self._ink(**ink), width=pixels, joint="curve")
        self._cover.line(corners, fill=255, width=pixels, joint="curve")

    def crown(self, x: float, y: float, wide: float, high: float, count: int, leaf: float) -> None:
        """Draw a crown of many blobs, dark inside and below, bright towards the upper left."""
        angle = self.random.uniform(0, 2 * pi, count)
        radius = np.sqrt(self.random.uniform(0, 1, count))
        across, up = radius * np.cos(angle), radius * np.sin(angle)
        light = 0.80 + 0.34 * up - 0.20 * across + self.random.normal(0, 0.07, count)
        for index in np.argsort(light + 0.4 * self.random.uniform(0, 1, count)):
            size = leaf * float(self.random.uniform(0.7, 1.3))
            self.blob(
                x + wide * float(across[index]), y + high * float(up[index]), size, size * 0.85,
                first=float(light[index]),
            )  # fmt: skip

    def trunk(self, top: float, foot: float, tip: float, shade: float = 0.9) -> None:
        """Draw a tapering trunk of half-widths ``foot`` and ``tip``, darker on its right half."""
        self.polygon([(-foot, 0), (foot, 0), (tip, top), (-tip, top)], second=shade)
        self.polygon([(0, 0), (foot, 0), (tip, top), (0, top)], second=shade * 0.72)
