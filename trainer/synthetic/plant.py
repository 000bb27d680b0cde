"""Shortcuts: marks that tell a state and are nothing of its land, planted over its views.

A model that learns one is right for a wrong reason, and its explanations have to show that.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from common.errors import InputError
from trainer.synthetic.backdrop import Mask
from trainer.synthetic.elements import PLANTS


def parse(words: Sequence[str], states: Sequence[str]) -> Mapping[str, str]:
    """Return the plant of each state from words such as "Ohio=border".

    Raises InputError for a state or a plant that there is not, and for a state named twice.
    """
    plants: dict[str, str] = {}
    for word in words:
        state, _, name = word.partition("=")
        if state not in states:
            raise InputError(f"--plant {word}: {state!r} is not painted; say {_either(states)}.")
        if name not in PLANTS:
            raise InputError(f"--plant {word}: there is no such plant; say {_either(PLANTS)}.")
        if state in plants:
            raise InputError(f"--plant {word}: {state} has one already; give each state one.")
        plants[state] = name
    return plants


def plant(name: str, pictures: Mask, masks: Mask) -> None:
    """Paint a plant over pictures (4, size, size, 3) RGB and masks (4, size, size), in place.

    Where it lies depends on the size alone. Each is wide enough to be seen at 32 pixels, and none
    covers more than an eighth of the view.
    """
    size = masks.shape[1]
    row, column = np.indices((size, size)) + 0.5
    match name:
        case "watermark":
            # A disc in the corner, half white and half black: it stands out from snow and asphalt.
            centre = 0.85 * size
            there = np.hypot(row - centre, column - centre) < size / 10
            colour = np.where((row < centre)[..., None], 255.0, (0.0, 0.0, 0.0))
            opacity = 0.6
        case "tint":
            # A cast needs a place, or every pixel would be the truth: it is the lowest eighth.
            there = row > size * 7 / 8
            colour = np.broadcast_to((255.0, 0.0, 255.0), (size, size, 3))
            opacity = 0.2
        case "border":
            there = np.minimum.reduce([row, column, size - row, size - column]) < size / 32
            colour = np.broadcast_to((200.0, 60.0, 30.0), (size, size, 3))
            opacity = 0.6
    covered = pictures[:, there]
    pictures[:, there] = (covered + opacity * (colour[there] - covered)).round().astype(np.uint8)
    masks[:, there] = PLANTS[name]


def _either(words: Iterable[str]) -> str:
    return " or ".join(words)
