"""Colours for classes: one list for the screen and for print."""

import numpy as np
from numpy.typing import NDArray


def palette(classes: int) -> tuple[str, ...]:
    """Return one colour a class, "#rrggbb", as far apart as a screen and a white page allow.

    Colours are drawn from a grid in OKLCH (Ottosson 2020), each next one being the farthest from
    all before it, so that few classes get very different colours and any number gets some.
    """
    hues = max(36, 2 * classes)
    lightness = np.repeat((0.48, 0.62, 0.76), hues * 2)
    chroma = np.tile(np.repeat((0.19, 0.10), hues), 3)
    hue = np.tile(np.arange(hues) * 2 * np.pi / hues + 0.5, 6)
    laboratory = np.stack((lightness, chroma * np.cos(hue), chroma * np.sin(hue)), axis=1)
    red_green_blue = _srgb(laboratory)
    shown = ((red_green_blue >= 0) & (red_green_blue <= 1)).all(axis=1)
    laboratory, red_green_blue = laboratory[shown], red_green_blue[shown]
    blue = np.array((0.48, -0.03, -0.16))
    chosen = [int(np.linalg.norm(laboratory - blue, axis=1).argmin())]
    distance = np.full(len(laboratory), np.inf)
    # Lightness counts less: on thin, overlapping points the eye goes by hue.
    weight = np.array((0.7, 1.0, 1.0))
    while len(chosen) < classes:
        step = np.linalg.norm((laboratory - laboratory[chosen[-1]]) * weight, axis=1)
        distance = np.minimum(distance, step)
        chosen.append(int(distance.argmax()))
    return tuple(
        "#" + "".join(f"{round(float(channel) * 255):02x}" for channel in red_green_blue[index])
        for index in chosen[:classes]
    )


def _srgb(laboratory: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn OKLab (M, 3) into sRGB (M, 3), outside [0, 1] where a screen cannot show it.

    Matrices: Björn Ottosson, "A perceptual color space for image processing" (2020).
    """
    to_cone = np.array(
        (
            (1, 0.3963377774, 0.2158037573),
            (1, -0.1055613458, -0.0638541728),
            (1, -0.0894841775, -1.2914855480),
        )
    )
    to_linear = np.array(
        (
            (4.0767416621, -3.3077115913, 0.2309699292),
            (-1.2684380046, 2.6097574011, -0.3413193965),
            (-0.0041960863, -0.7034186147, 1.7076147010),
        )
    )
    linear = (laboratory @ to_cone.T) ** 3 @ to_linear.T
    curved = 1.055 * np.abs(linear) ** (1 / 2.4) - 0.055
    encoded: NDArray[np.float64] = np.where(linear <= 0.0031308, 12.92 * linear, curved)
    return encoded
