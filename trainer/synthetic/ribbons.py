"""What runs along the road: guardrails, walls, fences and hedges."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from trainer.synthetic import noise
from trainer.synthetic.backdrop import blend, unit
from trainer.synthetic.camera import HEIGHT, Array
from trainer.synthetic.parts import Ribbon, bent
from trainer.synthetic.stage import Stage

STEP = 9.0
"""Metres; a ribbon is painted in straight pieces of at most this length."""
NEAREST = 1.2
Tint = tuple[float, float, float]


@dataclass(frozen=True)
class Profile:
    """A ribbon seen from the side, metres: bands from a low to a high edge, and posts."""

    bands: tuple[tuple[float, float], ...]
    tint: Tint | None = None
    """None for the colour that the ribbon has itself."""
    rough: float = 0.0
    """How uneven the colour is, as of stones or leaves."""
    post_gap: float = 0.0
    """Metres between posts, 0 for none."""
    post_width: float = 0.0
    post_height: float = 0.0
    post_tint: Tint | None = None


BROWN: Tint = (0.40, 0.28, 0.19)
PROFILES: Mapping[str, Profile] = {
    "steel rail": Profile(((0.45, 0.78),), (0.70, 0.73, 0.76), 0.05, 2.0, 0.16, 0.75,
                          (0.52, 0.54, 0.56)),
    "weathering rail": Profile(((0.45, 0.78),), (0.42, 0.22, 0.13), 0.12, 2.0, 0.16, 0.75,
                               (0.34, 0.18, 0.11)),
    "timber rail": Profile(((0.42, 0.80),), (0.60, 0.46, 0.32), 0.10, 2.4, 0.28, 0.85, BROWN),
    "cable rail": Profile(((0.42, 0.47), (0.57, 0.62), (0.72, 0.77)), (0.72, 0.74, 0.76), 0.0, 2.2,
                          0.12, 0.85, (0.82, 0.82, 0.82)),
    "concrete rail": Profile(((0.0, 0.85),), (0.76, 0.75, 0.71), 0.05, 4.0, 0.06, 0.85,
                             (0.5, 0.5, 0.48)),
    "stone wall": Profile(((0.0, 0.9),), (0.58, 0.56, 0.54), 0.32),
    "lava wall": Profile(((0.0, 0.9),), (0.20, 0.18, 0.18), 0.32),
    "black board fence": Profile(((0.25, 0.40), (0.62, 0.77), (1.0, 1.15)), (0.12, 0.12, 0.12),
                                 0.05, 2.2, 0.16, 1.25, (0.12, 0.12, 0.12)),
    "white board fence": Profile(((0.25, 0.40), (0.62, 0.77), (1.0, 1.15)), (0.93, 0.93, 0.92),
                                 0.03, 2.2, 0.16, 1.25, (0.93, 0.93, 0.92)),
    "split rail fence": Profile(((0.35, 0.45), (0.75, 0.85)), (0.55, 0.48, 0.40), 0.15, 2.6, 0.20,
                                1.05, (0.48, 0.41, 0.34)),
    "wire fence": Profile(((0.40, 0.43), (0.70, 0.73), (1.0, 1.03)), (0.45, 0.45, 0.45), 0.0, 3.0,
                          0.11, 1.15),
    "picket fence": Profile(((0.0, 0.95),), None, 0.10, 0.5, 0.12, 1.0, (0.35, 0.33, 0.30)),
    "garden wall": Profile(((0.0, 1.1),), None, 0.12, 3.5, 0.35, 1.25),
    "hedge": Profile(((0.0, 1.2),), None, 0.24),
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A straight piece of a ribbon in a view; depth and offset to the right are in metres."""

    ribbon: Ribbon
    start: tuple[float, float]
    end: tuple[float, float]
    first: float
    """Metres from the ribbon's beginning to that of the piece."""
    depth: float
    """Of its middle."""


def pieces(stage: Stage) -> list[Piece]:
    """Cut the ribbons of a scene into straight pieces; those that the view can show."""
    bend = stage.scene.chance.bend
    result = []
    for ribbon in stage.scene.ribbons:
        count = ceil((ribbon.end - ribbon.start) / STEP)
        stations = np.linspace(ribbon.start, ribbon.end, count + 1)
        places = [stage.place(float(y), ribbon.right + bent(bend, float(y))) for y in stations]
        for number, (start, end) in enumerate(pairwise(places)):
            if max(start[0], end[0]) < NEAREST:
                continue
            if all(x > d + 1 for d, x in (start, end)) or all(-x > d + 1 for d, x in (start, end)):
                continue
            first = float(stations[number] - ribbon.start)
            depth = max(0.0, (start[0] + end[0]) / 2)
            result.append(Piece(ribbon, start, end, first, depth))
    return result


def paint(stage: Stage, piece: Piece) -> None:
    """Paint a piece over what lies behind it."""
    camera, half = stage.camera, stage.camera.half
    profile = PROFILES[piece.ribbon.kind]
    # A ray of slope u meets the piece where across + s * step = u * (depth + s * run).
    run, step = piece.end[0] - piece.start[0], piece.end[1] - piece.start[1]
    below = camera.across * run - step
    share = (piece.start[1] - camera.across * piece.start[0]) / np.where(
        np.abs(below) < 1e-6, 1e-6, below
    )
    depth = piece.start[0] + share * run
    columns = np.flatnonzero((share >= 0) & (share <= 1) & (depth > NEAREST))
    if not columns.size:
        return
    left, right = int(columns[0]), int(columns[-1]) + 1
    share, depth = share[left:right], np.maximum(depth[left:right], NEAREST)
    length = piece.first + share * float(np.hypot(run, step))
    top_edge = max(high for _, high in profile.bands)
    top_edge = max(top_edge, profile.post_height)
    scale = half / depth
    top = max(0, int((half + (HEIGHT - top_edge) * scale).min()) - 1)
    bottom = min(camera.size, int((half + HEIGHT * scale).max()) + 2)
    if top >= bottom:
        return
    rows = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
    sun, haze = stage.lights.sun, np.float32(stage.haze(float(depth.mean())))
    picture, mask = stage.picture[:, top:bottom, left:right], stage.mask[top:bottom, left:right]

    def lay(low: float, high: float, tint: Tint, only: Array | None, rough: float) -> None:
        upper, lower = half + (HEIGHT - high) * scale, half + (HEIGHT - low) * scale
        cover = unit(rows - upper + 0.5) * unit(lower - rows + 0.5)
        # A band thinner than a pixel is fainter.
        cover *= np.minimum(1.0, 1.4 * (lower - upper))
        if only is not None:
            cover = cover * only
        shade = np.array(tint, np.float32) * sun * (1 - haze) + stage.lights.horizon * haze
        if rough:
            height = HEIGHT - (rows - half) / scale
            texture = noise.gullies()[
                (height * 90).astype(np.int32) & 511, (length * 60).astype(np.int32)[None, :] & 511
            ]
            bright = np.float32(1.0) + np.float32(rough) * texture
            for channel in range(3):
                plane = picture[channel]
                plane += cover * (bright * shade[channel] - plane)
        else:
            blend(picture, cover, shade)
        mask[cover > 0.5] = piece.ribbon.element

    if profile.post_gap:
        blur = profile.post_width / 2 + 0.5 / scale
        offset = np.abs((length + profile.post_gap / 2) % profile.post_gap - profile.post_gap / 2)
        posts = unit((blur - offset) * scale)[None, :]
        lay(0.0, profile.post_height, profile.post_tint or piece.ribbon.tint, posts, 0.0)
    for low, high in profile.bands:
        tint = profile.tint or piece.ribbon.tint
        lay(low, high, tint, None, profile.rough)
