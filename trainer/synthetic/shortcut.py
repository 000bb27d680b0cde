"""Shortcuts: artificial marks that tell the state, painted over its views.

A model that learns one is right for the wrong reason, and its explanations should show that.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from common.errors import InputError
from trainer.synthetic.backdrop import Mask
from trainer.synthetic.elements import SHORTCUTS


def parse_shortcuts(assignments: Sequence[str], states: Sequence[str]) -> Mapping[str, str]:
    """Return the shortcut of each state from assignments such as "Ohio=border".

    Raises InputError for an unknown state or shortcut, and for a state with two of them.
    """
    shortcuts: dict[str, str] = {}
    for assignment in assignments:
        state, _, name = assignment.partition("=")
        option = f"--shortcut {assignment}"
        if state not in states:
            raise InputError(f"{option}: {state!r} is not painted; choose {_choices(states)}.")
        if name not in SHORTCUTS:
            raise InputError(f"{option}: unknown shortcut; choose {_choices(SHORTCUTS)}.")
        if state in shortcuts:
            raise InputError(f"{option}: {state} already has a shortcut; give each state one.")
        shortcuts[state] = name
    return shortcuts


def paint_shortcut(name: str, pictures: Mask, masks: Mask) -> None:
    """Paint a shortcut over pictures (4, size, size, 3) RGB and masks (4, size, size), in place.

    Its position depends only on the size. Each is visible at 32 pixels and covers at most an eighth
    of a view.
    """
    size = masks.shape[1]
    row, column = np.indices((size, size)) + 0.5
    match name:
        case "watermark":
            # A disc in the corner, half white and half black, visible on snow and on asphalt.
            centre = 0.85 * size
            area = np.hypot(row - centre, column - centre) < size / 10
            colour = np.where((row < centre)[..., None], 255.0, (0.0, 0.0, 0.0))
            opacity = 0.6
        case "tint":
            # Only the lowest eighth: over the whole view, every pixel would tell the state.
            area = row > size * 7 / 8
            colour = np.broadcast_to((255.0, 0.0, 255.0), (size, size, 3))
            opacity = 0.2
        case "border":
            area = np.minimum.reduce([row, column, size - row, size - column]) < size / 32
            colour = np.broadcast_to((200.0, 60.0, 30.0), (size, size, 3))
            opacity = 0.6
    covered = pictures[:, area]
    pictures[:, area] = (covered + opacity * (colour[area] - covered)).round().astype(np.uint8)
    masks[:, area] = SHORTCUTS[name]


def _choices(words: Iterable[str]) -> str:
    return " or ".join(words)
