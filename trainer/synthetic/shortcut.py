"""Shortcuts: artificial marks that tell the state, painted over its views.

A model that learns one is right for the wrong reason, and its explanations should show that.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from common.errors import InputError
from trainer.synthetic.backdrop import Mask
from trainer.synthetic.elements import SHORTCUTS
from trainer.synthetic.generator import SEASONS

CAMERA = "camera"
"""The shortcut that has no place: another generation of camera took the photographs of a state."""
KINDS = (*SHORTCUTS, CAMERA)
CONFOUNDED = 0.9
"""Share of a state's photographs that are of its season, if it has one of its own."""


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
        if name not in KINDS:
            raise InputError(f"{option}: unknown shortcut; choose {_choices(KINDS)}.")
        if state in shortcuts:
            raise InputError(f"{option}: {state} already has a shortcut; give each state one.")
        shortcuts[state] = name
    return shortcuts


def parse_seasons(
    assignments: Sequence[str], states: Sequence[str]
) -> Mapping[str, Mapping[str, float]]:
    """Return the shares of the seasons of each state from assignments such as "Ohio=winter".

    Raises InputError for an unknown state or season, and for a state with two of them.
    """
    seasons: dict[str, Mapping[str, float]] = {}
    for assignment in assignments:
        state, _, season = assignment.partition("=")
        option = f"--season {assignment}"
        if state not in states:
            raise InputError(f"{option}: {state!r} is not painted; choose {_choices(states)}.")
        if season not in SEASONS:
            raise InputError(f"{option}: unknown season; choose {_choices(SEASONS)}.")
        if state in seasons:
            raise InputError(f"{option}: {state} already has a season; give each state one.")
        rest = 1 - SEASONS[season]
        seasons[state] = {
            name: CONFOUNDED if name == season else (1 - CONFOUNDED) * share / rest
            for name, share in SEASONS.items()
        }
    return seasons


def paint_shortcut(name: str, pictures: Mask, masks: Mask) -> None:
    """Paint a shortcut over pictures (4, size, size, 3) RGB and masks (4, size, size), in place.

    Its position depends only on the size. Each is visible at 32 pixels and covers at most an eighth
    of a view; but for "camera", which changes every pixel and no mask.
    """
    size = masks.shape[1]
    if name == CAMERA:
        pictures[:] = _older_camera(pictures)
        return
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
        case "hood":
            # A part of the car that carries the camera, with a bright edge.
            reach = np.hypot((size - row) / (0.24 * size), column / (0.42 * size))
            area = reach < 1
            colour = np.where((reach > 0.9)[..., None], (150.0, 158.0, 176.0), (64.0, 72.0, 96.0))
            opacity = 1.0
    covered = pictures[:, area]
    pictures[:, area] = (covered + opacity * (colour[area] - covered)).round().astype(np.uint8)
    masks[:, area] = SHORTCUTS[name]


def _older_camera(pictures: Mask) -> Mask:
    """Blur pictures (4, size, size, 3) a little, tint them and add the same noise to each."""
    padded = np.pad(pictures.astype(np.float32), ((0, 0), (1, 1), (1, 1), (0, 0)), "edge")
    size = pictures.shape[1]
    blurred = sum(
        weight * padded[:, row : row + size, column : column + size]
        for row, column, weight in (
            (0, 1, 0.15), (1, 0, 0.15), (1, 1, 0.4), (1, 2, 0.15), (2, 1, 0.15),
        )
    )  # fmt: skip
    noise = np.random.default_rng(0).normal(0, 6, pictures.shape[1:])
    cast = np.array((1.05, 1.0, 0.90))
    return np.asarray(np.clip(blurred * cast + noise, 0, 255).round(), np.uint8)


def _choices(words: Iterable[str]) -> str:
    return " or ".join(words)
