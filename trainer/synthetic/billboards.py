"""What stands on the ground: far woods, cut-outs, poles and wires, painted from far to near."""

from itertools import pairwise

import numpy as np

from trainer.synthetic import elements, noise, ribbons
from trainer.synthetic.backdrop import blend, colour, unit
from trainer.synthetic.camera import HEIGHT, Array
from trainer.synthetic.parts import Scene, Thing, bent
from trainer.synthetic.ribbons import Piece
from trainer.synthetic.sheet import FULL_TINT
from trainer.synthetic.sprites import DRAWINGS, level_of, sprite
from trainer.synthetic.stage import Stage

POLES = {
    "wood": (0.44, 0.34, 0.26), "wood cross": (0.36, 0.28, 0.22), "concrete": (0.66, 0.65, 0.62),
    "steel": (0.50, 0.53, 0.56),
}  # fmt: skip
TALL = 9.0
"""Metres from the foot to the top of a pole."""
NEAREST = 2.0
ANY_DRAWING = DRAWINGS["car side"]
EDGES = ((330.0, 0.0, 0), (150.0, 0.22, 3), (75.0, 0.42, 6))
"""Edges of the forest: metres away, how much less of it than afar, eighths of a turn."""


def woods(stage: Stage) -> None:
    """Paint the far edges of the forest, closed walls of trees with gaps."""
    scene, camera = stage.scene, stage.camera
    look = scene.look
    if look.forest < 0.03:
        return
    gap = np.einsum("rwk,wk->r", camera.ring, scene.forest_waves, dtype=np.float32)
    pointed = look.pointed
    azimuth = camera.azimuth[stage.heading]
    for depth, less, turn in EDGES:
        closed = look.forest - less
        if closed <= 0.0:
            continue
        quantile = 2.4 * (closed - 0.5) + (0.25 if closed > 0.85 else 0.0)
        line = np.roll(gap, turn * camera.half).reshape(4, -1)[stage.heading]
        standing = np.clip((line + quantile) * 2.2 + 0.5, 0.0, 1.0)
        for bearing in (scene.chance.road_angle, scene.chance.road_angle + np.pi):
            away = np.abs((azimuth - bearing + np.pi) % (2 * np.pi) - np.pi)
            standing *= np.clip((away - 9.0 / depth) * depth / 8.0, 0.0, 1.0)
        if scene.water_side:
            sea = np.sin(azimuth - scene.chance.road_angle) * scene.water_side * depth
            standing *= sea < scene.water_distance
        position = (azimuth * np.float32(depth / look.tree_height * 2.2)) % 512.0
        if pointed:
            crowns = 1.0 - np.abs((position * 1.3) % 1.0 - 0.5) * 1.1
        else:
            crowns = 0.72 + 0.28 * np.sqrt(np.abs(np.sin(position * 1.7)))
        ragged = noise.earth()[:512][position.astype(np.int32)]
        crowns = crowns * (1.0 + 0.10 * ragged)
        top = (look.tree_height * 0.95 * crowns * standing * (standing > 0.1)) - HEIGHT
        upper = camera.half - top / depth * camera.slant * camera.half
        lower = camera.half + HEIGHT / depth * camera.slant * camera.half
        lower = np.where(standing > 0.1, lower, upper)
        first, last = max(0, int(upper.min())), min(camera.size, int(lower.max()) + 2)
        rows = np.arange(first, last, dtype=np.float32)[:, None] + 0.5
        share = unit(rows - upper + 0.5) * unit(lower - rows + 0.5)
        texture = noise.gullies()[(rows[:, 0] * 7).astype(np.int32) & 511][
            :, (position * 9).astype(np.int32) & 511
        ]
        haze = np.float32(stage.haze(depth) * 0.9)
        leaf = np.array(look.foliage, np.float32) * stage.lights.sun
        if look.snow:
            leaf = leaf * 0.75 + colour(0.5, 0.5, 0.52) * 0.25 * stage.lights.sun
        part = stage.picture[:, first:last]
        shade = (0.92 + 0.20 * texture) * (1 - haze)
        for channel in range(3):
            plane = part[channel]
            plane += share * (shade * leaf[channel] + stage.lights.horizon[channel] * haze - plane)
        stage.mask[first:last][share > 0.5] = elements.TREE


def things(stage: Stage) -> None:
    """Paint the cut-outs and the poles of a view, from far to near, each over its own shadow."""
    scene = stage.scene
    queue: list[tuple[float, float, Thing | Piece | None]] = []
    for thing in scene.things:
        right = thing.right + bent(scene.chance.bend, thing.along)
        depth, across = stage.place(thing.along, right)
        reach = thing.height * DRAWINGS.get(thing.kind, ANY_DRAWING)[1] / 2
        if depth + 3 * reach > NEAREST and abs(across) - 3 * reach < max(depth, 0.0) + 3 * reach:
            queue.append((depth, across, thing))
    feet = _feet(scene)
    for along, right in feet:
        depth, across = stage.place(along, right)
        if depth > NEAREST and abs(across) - 2.0 < depth:
            queue.append((depth, across, None))
    queue.extend((piece.depth, 0.0, piece) for piece in ribbons.pieces(stage))
    queue.sort(key=lambda item: -item[0])
    for depth, across, standing in queue:
        if standing is None:
            _pole(stage, depth, across)
        elif isinstance(standing, Piece):
            ribbons.paint(stage, standing)
        else:
            _shadow(stage, depth, across, standing)
            # Far outside the view a flat cut-out would leave only a scrap of its edge.
            if depth > max(NEAREST, 0.5 * abs(across)):
                _cut_out(stage, depth, across, standing)
    _wires(stage, feet)


def _shadow(stage: Stage, depth: float, across: float, thing: Thing) -> None:
    """Darken a round patch of ground; it is computed in metres, so it goes on in the next view."""
    camera = stage.camera
    half = camera.half
    radius = thing.height * DRAWINGS.get(thing.kind, ANY_DRAWING)[1] * 0.42
    if radius / max(depth, 1.0) * half < 3.0 * camera.size / 256:
        return
    turn = stage.scene.sun_azimuth - float(np.radians(90.0 * stage.heading))
    length = thing.height * min(0.5, 0.25 / float(np.tan(stage.scene.sun_elevation)))
    across, depth = across - length * float(np.sin(turn)), depth - length * float(np.cos(turn))
    near, far = max(HEIGHT, depth - 1.8 * radius), depth + 1.8 * radius
    if far <= near:
        return
    top, bottom = half + int(HEIGHT / far * half), half + int(HEIGHT / near * half) + 1
    sides = [(across + side * 1.8 * radius) / reach for side in (-1, 1) for reach in (near, far)]
    left = max(0, half + int(min(sides) * half) - 1)
    right = min(camera.size, half + int(max(sides) * half) + 2)
    bottom = min(camera.size, bottom)
    if left >= right or top >= bottom:
        return
    ground = camera.depth[top - half : bottom - half, None]
    over = (ground * camera.across[None, left:right] - across) * np.float32(1 / radius)
    deep = (ground - depth) * np.float32(1 / radius)
    over *= over
    over += deep * deep
    strength = 0.42 * (1 - 0.6 * stage.scene.chance.overcast) * (1 - stage.haze(max(depth, 1.0)))
    dark = unit(1.5 - over) * np.float32(-strength / 1.5)
    dark += 1.0
    stage.picture[:, top:bottom, left:right] *= dark


def _cut_out(stage: Stage, depth: float, across: float, thing: Thing) -> None:
    half, size = stage.camera.half, stage.camera.size
    kind = thing.kind
    if kind == "car":
        sight = np.arctan2(across, depth) + np.radians(90.0 * stage.heading)
        kind = "car end" if abs(np.cos(sight - stage.scene.chance.road_angle)) > 0.8 else "car side"
    height = thing.height / depth * half
    if height < 0.7:
        return
    picture = sprite(kind, thing.variant, level_of(height))
    tall, wide = picture.shape[1:]
    left = round(half + across / depth * half - wide / 2)
    top = round(half + HEIGHT / depth * half) - tall
    first, last = max(0, left), min(size, left + wide)
    upper, lower = max(0, top), min(size, top + tall)
    if first >= last or upper >= lower:
        return
    heading = np.radians(90.0 * stage.heading) + np.arctan2(across, depth)
    part = picture[:, upper - top : lower - top, first - left : last - left]
    if np.sin(stage.scene.sun_azimuth - heading) > 0:
        part = picture[:, :, ::-1][:, upper - top : lower - top, first - left : last - left]
    haze = stage.haze(depth)
    sun = stage.lights.sun
    first_tint, second_tint = np.array(thing.first), np.array(thing.second)
    if stage.scene.look.snow and thing.element in (elements.TREE, elements.SHRUB):
        first_tint = first_tint * 0.72 + 0.24
    tints = np.empty((3, 4), np.float32)
    tints[:, 0] = first_tint * sun * (1 - haze)
    tints[:, 1] = second_tint * sun * (1 - haze)
    tints[:, 2] = 0.62 * sun * (1 - haze)
    tints *= np.float32(1 / FULL_TINT)
    tints[:, 3] = stage.lights.horizon * np.float32(haze / 255)
    shares = part.astype(np.float32)
    cover = shares[3] * np.float32(1 / 255)
    target = stage.picture[:, upper:lower, first:last]
    target *= 1.0 - cover
    # Not a matrix product: that would start threads beside the other painting processes.
    target += np.einsum("ck,khw->chw", tints, shares)
    stage.mask[upper:lower, first:last][cover > 0.5] = thing.element


def _feet(scene: Scene) -> list[tuple[float, float]]:
    """Where the poles stand, metres along and right of the line in which the road starts."""
    look = scene.look
    if look.pole == "none":
        return []
    beside = scene.pole_side * (scene.chance.lane + 3.2)
    first = -int(280 / look.spacing)
    stations = [(number + scene.pole_phase) * look.spacing for number in range(first, 1 - first)]
    return [(along, beside + bent(scene.chance.bend, along)) for along in stations]


def _pole(stage: Stage, depth: float, across: float) -> None:
    look = stage.scene.look
    tint = POLES[look.pole]
    shade = np.array(tint, np.float32) * stage.lights.sun
    haze = np.float32(stage.haze(depth))
    shade = shade * (1 - haze) + stage.lights.horizon * haze
    scale = stage.camera.half / depth
    centre, foot = stage.camera.half + across * scale, stage.camera.half + HEIGHT * scale
    thick = {"concrete": 0.20, "steel": 0.11}.get(look.pole, 0.15)
    _bar(stage, centre - thick * scale, centre + thick * scale, foot - TALL * scale, foot, shade)
    if look.pole == "wood cross":
        turn = np.radians(90.0 * stage.heading) - stage.scene.chance.road_angle
        arm = 1.25 * max(0.2, abs(float(np.cos(turn)))) * scale
        level = foot - (TALL - 0.7) * scale
        _bar(stage, centre - arm, centre + arm, level - 0.11 * scale, level + 0.11 * scale, shade)
    elif look.pole == "steel":
        level = foot - TALL * scale
        _bar(stage, centre, centre + 1.6 * scale, level, level + 0.22 * scale, shade)


def _bar(stage: Stage, left: float, right: float, top: float, bottom: float, tint: Array) -> None:
    """Paint an upright rectangle with soft edges; a bar thinner than a pixel is fainter."""
    size = stage.camera.size
    first, last = max(0, int(left) - 1), min(size, int(right) + 2)
    upper, lower = max(0, int(top) - 1), min(size, int(bottom) + 2)
    if first >= last or upper >= lower:
        return
    columns = np.arange(first, last, dtype=np.float32)
    rows = np.arange(upper, lower, dtype=np.float32)
    over = np.minimum(columns + 1, right) - np.maximum(columns, left)
    down = np.minimum(rows + 1, bottom) - np.maximum(rows, top)
    share = unit(down)[:, None] * unit(over * 1.25)[None, :]
    blend(stage.picture[:, upper:lower, first:last], share, tint)
    stage.mask[upper:lower, first:last][share > 0.5] = elements.POLE


def _wires(stage: Stage, feet: list[tuple[float, float]]) -> None:
    look, camera = stage.scene.look, stage.camera
    half = camera.half
    tint = colour(0.16, 0.16, 0.18)
    for start, end in pairwise(feet):
        near, far = stage.place(*start), stage.place(*end)
        if max(near[0], far[0]) < 1.0 or min(near[0], far[0]) > 100:
            continue
        # A ray of slope u meets the span where across + s * step = u * (depth + s * run).
        run, step = far[0] - near[0], far[1] - near[1]
        below = camera.across * run - step
        share = (near[1] - camera.across * near[0]) / np.where(np.abs(below) < 1e-6, 1e-6, below)
        depth = near[0] + share * run
        columns = np.flatnonzero((share >= 0) & (share <= 1) & (depth > 1.0))
        if len(columns) < 2:
            continue
        share, depth = share[columns], depth[columns]
        for wire in range(look.wires):
            height = TALL - 0.6 - 0.5 * wire - 3.2 * share * (1 - share)
            level = half - (height - HEIGHT) / depth * half
            steep = np.abs(np.diff(level, append=2 * level[-1] - level[-2]))
            top, bottom = max(0, int(level.min()) - 1), min(half, int(level.max()) + 2)
            if top >= bottom:
                continue
            rows = np.arange(top, bottom, dtype=np.float32)[:, None] + 0.5
            thick = np.maximum(np.minimum(22.0 / depth, 0.75), 0.12)
            cover = unit(0.9 + steep / 2 - np.abs(rows - level)) * thick
            first, last = int(columns[0]), int(columns[-1]) + 1
            blend(stage.picture[:, top:bottom, first:last], cover, tint)
            stage.mask[top:bottom, first:last][cover > 0.5] = elements.POLE
