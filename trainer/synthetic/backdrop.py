"""Sky, hills and ground: everything that fills the picture behind the things that stand in it."""

from dataclasses import dataclass

import numpy as np

from trainer.synthetic import elements, noise
from trainer.synthetic.camera import HEIGHT, Array, Camera
from trainer.synthetic.distributions import sun
from trainer.synthetic.parts import Patch, Ridge, Scene

LIGHT_LATITUDE = 39.8
"""Degrees: the middle of the contiguous states."""
GLOWING = 0.6
"""Share of glow in the sky from which a pixel belongs to the sun: some 8 degrees around it."""

Mask = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def colour(*values: float) -> Array:
    """Return a colour as an array, (3,)."""
    return np.array(values, dtype=np.float32)


def blend(picture: Array, share: Array, tint: Array) -> None:
    """Lay ``tint`` (3,) over ``picture`` (3, rows, columns) with ``share`` (rows, columns)."""
    for channel in range(3):
        plane = picture[channel]
        plane += share * (tint[channel] - plane)


def unit(value: Array) -> Array:
    """Limit an array to 0..1 in place (much faster than numpy.clip on small arrays)."""
    np.maximum(value, 0.0, out=value)
    np.minimum(value, 1.0, out=value)
    return value


def smooth(value: Array, low: float, high: float) -> Array:
    """Ramp from 0 at ``low`` to 1 at ``high``."""
    ramp = (value - np.float32(low)) * np.float32(1.0 / (high - low))
    return unit(ramp)


@dataclass(frozen=True)
class Light:
    """Colours of the light of a scene; all (3,), 1 is full white."""

    sun: Array
    """What the ground and the things on it are multiplied by."""
    zenith: Array
    horizon: Array
    glow: Array
    cloud: Array
    shade: Array
    """The underside of clouds."""


def light(scene: Scene) -> Light:
    """Mix the light of a scene from its day, hour and weather, and from nothing of its state.

    It falls on clouds, houses and cars too, which must mean nothing; so it is that of one latitude
    for all. Only the depth of the blue at the zenith and where the sun stands tell the state.
    """
    chance = scene.chance
    height = max(0.09, float(np.sin(sun(LIGHT_LATITUDE, chance.day, chance.hour_angle)[1])))
    warm = max(0.0, 1.0 - height / 0.42) * (1.0 - chance.overcast)
    grey = chance.overcast
    level = (0.80 + 0.24 * min(1.0, height * 1.3)) * (1.0 - 0.16 * grey)
    white = colour(1.0 + 0.03 * warm, 1.0 - 0.05 * warm, 1.0 - 0.14 * warm) * np.float32(level)
    blue = 0.035 * scene.look.blue
    clear_zenith = colour(0.27 - blue, 0.49 - blue, 0.80 - 0.3 * blue)
    clear_horizon = colour(0.76, 0.86, 0.94) * (1 - warm) + colour(0.97, 0.84, 0.68) * warm
    dull_zenith, dull_horizon = colour(0.60, 0.65, 0.71), colour(0.80, 0.82, 0.83)
    dim = np.float32(0.82 + 0.18 * min(1.0, height * 2))
    return Light(
        sun=white.astype(np.float32),
        zenith=((clear_zenith * (1 - grey) + dull_zenith * grey) * dim).astype(np.float32),
        horizon=((clear_horizon * (1 - grey) + dull_horizon * grey) * dim).astype(np.float32),
        glow=(colour(1.0, 0.92 - 0.14 * warm, 0.72 - 0.3 * warm) * (1 - 0.75 * grey)).astype(
            np.float32
        ),
        cloud=colour(0.98, 0.97 - 0.05 * warm, 0.96 - 0.12 * warm) * (1 - 0.10 * grey) * dim,
        shade=colour(0.70, 0.73, 0.78) * (1 - 0.06 * grey) * dim,
    )


def sky(scene: Scene, lights: Light, camera: Camera, heading: int) -> tuple[Array, Mask]:
    """Paint the upper half of a view: picture (3, size / 2, size) and mask (size / 2, size)."""
    chance = scene.chance
    half, size = camera.half, camera.size
    mask = np.zeros((half, size), np.uint8)
    fall = camera.fall
    picture = lights.zenith[:, None, None] + (lights.horizon - lights.zenith)[:, None, None] * fall
    turn = camera.azimuth[heading] - np.float32(scene.sun_azimuth)
    across = (np.cos(turn) * np.float32(np.cos(scene.sun_elevation)))[None, :]
    towards = camera.elevation_cos * across
    towards += camera.elevation_sin * np.float32(np.sin(scene.sun_elevation))
    halo = np.maximum(towards, 0.0)
    halo *= halo
    halo *= halo
    wide = halo * np.float32(0.22)
    halo *= halo
    halo *= halo
    halo *= halo
    wide += halo * np.float32(0.55)
    blend(picture, wide, lights.glow)
    # The glow stands where the sun does, so it tells what the sun tells.
    mask[wide > GLOWING] = elements.SUN
    if chance.overcast < 0.7 and towards.max() > 0.999:
        disc = smooth(towards, np.cos(np.radians(2.0)), np.cos(np.radians(1.5)))
        blend(picture, disc, colour(1.0, 0.985, 0.90))
        mask[disc > 0.5] = elements.SUN
    _clouds(scene, lights, camera, heading, picture, mask)
    return picture, mask


def _clouds(
    scene: Scene, lights: Light, camera: Camera, heading: int, picture: Array, mask: Mask
) -> None:
    chance = scene.chance
    depth = 1.0 / camera.drop[::-1]
    angle = np.radians(90.0 * heading)
    east = np.float32(np.cos(angle)) * camera.across + np.float32(np.sin(angle))
    north = np.float32(-np.sin(angle)) * camera.across + np.float32(np.cos(angle))
    along = depth[:, None] * east + np.float32(chance.cloud_offset[0])
    over = depth[:, None] * north + np.float32(chance.cloud_offset[1])
    footprint = depth * np.float32(2.0 / camera.size) * np.maximum(1.0, 0.35 * depth)
    texture = noise.look_up(noise.clouds(), along, over, footprint, 0.012)
    cover = max(chance.cloud_cover, chance.overcast * 1.1)
    edge = 1.5 - 2.6 * cover
    share = smooth(texture, edge, edge + 0.75)
    share *= smooth(camera.drop[::-1], 0.01, 0.09)[:, None]
    thick = smooth(texture, edge + 0.2, edge + 2.2)
    for channel in range(3):
        plane = picture[channel]
        tint = lights.cloud[channel] + thick * (lights.shade[channel] - lights.cloud[channel])
        tint -= plane
        tint *= share
        plane += tint
    mask[share > 0.5] = elements.CLOUD


def skyline(ridge: Ridge, camera: Camera) -> Array:
    """Tangent of the elevation of a ridge for every column of the ring, (4, size)."""
    broad, fine = (
        np.einsum("rwk,wk->r", camera.ring, waves, dtype=np.float32) for waves in ridge.waves
    )
    match ridge.shape:
        case "peaks":
            tops = 1.0 - np.minimum(np.hypot(broad, 0.12), 1.7) / 1.7
            teeth = 1.0 - np.minimum(np.hypot(fine, 0.10), 1.7) / 1.7
            line = 0.16 + 0.68 * tops + 0.30 * teeth * (0.3 + tops)
        case "mesa":
            table = np.clip((broad - 0.35) / 0.07, 0, 1)
            step = np.clip((broad + 0.25) / 0.12, 0, 1)
            line = 0.10 + 0.05 * fine + 0.28 * step + 0.58 * table + 0.02 * table * fine
        case "volcano":
            turn = np.abs(
                (camera.azimuth.reshape(-1) - ridge.bearing + np.pi) % (2 * np.pi) - np.pi
            )
            cone = np.exp(-((turn / 0.55) ** 1.25))
            line = np.minimum(cone, 0.93) + 0.16 + 0.06 * broad + 0.025 * fine
        case "ridges":
            line = 0.72 + 0.20 * broad + 0.035 * fine
        case _:
            line = 0.5 + 0.34 * broad + 0.04 * fine
    return np.asarray(np.maximum(line, 0.02) * ridge.height, np.float32).reshape(4, -1)


def hills(
    scene: Scene, lights: Light, camera: Camera, heading: int, lines: list[Array],
    picture: Array, mask: Mask,
) -> None:  # fmt: skip
    """Paint the ridges, whose skylines are ``lines``, into the upper half of a view."""
    look = scene.look
    rise = camera.drop[::-1]
    turn = camera.azimuth[heading] - np.float32(scene.sun_azimuth)
    side = (-np.sin(turn) * np.float32(0.9) + np.float32(0.1))[None, :]
    rock, leaf = (np.array(tone, np.float32) for tone in (look.rock, look.foliage))
    for number, (ridge, line) in enumerate(zip(scene.ridges, lines, strict=True)):
        height = line[heading] * camera.slant
        rows = min(camera.half, int(np.ceil(float(height.max()) * camera.half)) + 1)
        if rows < 1:
            continue
        top = camera.half - rows
        up = rise[top:, None]
        share = unit((height[None, :] - up) * np.float32(camera.half) + 0.5)
        column = (camera.azimuth[heading] * np.float32(512 / (2 * np.pi) * 2)).astype(np.int32)
        column = (column + ridge.shift) & (noise.SIDE - 1)
        row = (up[:, 0] * 340).astype(np.int32) & (noise.SIDE - 1)
        relief = noise.gullies()[row][:, column]
        shade = 0.86 + 0.26 * relief * side
        forest = look.forested if number == 0 else min(1.0, look.forested * 1.1)
        base = rock * (1 - forest) + leaf * 1.05 * forest
        if look.snow:
            base = base * 0.55 + colour(0.88, 0.91, 0.95) * 0.45 * (1 - 0.4 * forest)
        far = np.float32(ridge.distance)
        haze = lights.horizon * 0.9 + colour(0.02, 0.03, 0.06)
        tint = base * lights.sun * (1 - far)
        part = picture[:, top:]
        bands = None
        if ridge.shape == "mesa":
            bands = 1.0 + 0.10 * np.sin(up * np.float32(95.0) + relief)
        for channel in range(3):
            plane = part[channel]
            value = shade * tint[channel]
            if bands is not None:
                value *= bands
            value += haze[channel] * far
            value -= plane
            value *= share
            plane += value
        view = mask[top:]
        solid = share > 0.5
        view[solid] = elements.HILL
        if look.snow_peaks > 0.02 and ridge.shape in ("peaks", "ridges", "mesa") and number == 0:
            level = ridge.height * (1.0 - look.snow_peaks)
            level_here = np.float32(level) * camera.slant[None, :]
            above = (up - level_here) * np.float32(7.0 / max(ridge.height, 0.02))
            snow = share * unit(above + 1.1 * relief)
            white = colour(0.96, 0.97, 1.0) * lights.sun
            blend(part, snow * (0.80 + 0.2 * relief * side), white * (1 - far * 0.5)
                  + haze * far * 0.5)  # fmt: skip
            view[(snow > 0.5) & solid] = elements.SNOW


def ground(scene: Scene, lights: Light, camera: Camera, heading: int) -> tuple[Array, Mask]:
    """Paint the lower half of a view: picture (3, size / 2, size) and mask (size / 2, size)."""
    look, chance = scene.look, scene.chance
    half, size = camera.half, camera.size
    depth = camera.depth
    turn = np.radians(90.0 * heading) - chance.road_angle
    cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    deep = depth[:, None]
    along = deep * (cosine - sine * camera.across)[None, :]
    right = deep * (sine + cosine * camera.across)[None, :]
    right += np.float32(chance.lane / 2)
    wide = depth * np.float32(2.0 / size)
    tall = depth * depth * np.float32(2.0 / size / HEIGHT)
    over = np.abs(cosine) * wide + np.abs(sine) * tall
    sweep = np.float32(chance.bend) * (along * along)
    sweep /= along * along + np.float32(120.0**2)
    middle = right - sweep
    beside = np.abs(middle)
    texel = np.float32(0.06 * 256 / size) if size < 256 else np.float32(0.06)
    coarse_print = np.maximum(wide, tall * 0.3)
    fine = noise.look_up(
        noise.earth(), along + np.float32(scene.offset[0]), right, coarse_print, float(texel)
    )
    coarse = noise.look_up(
        noise.clouds(), along + np.float32(scene.offset[1]), right, coarse_print, 0.35
    )
    soil, cover, field = (
        np.array(tone, np.float32) * lights.sun for tone in (look.soil, look.cover, look.field)
    )
    picture = np.empty((3, half, size), np.float32)
    picture[:] = soil[:, None, None]
    mask = np.full((half, size), elements.SOIL, np.uint8)
    patches = coarse * 0.7 + fine * 0.5
    bare = -1.9 + 3.6 * (1.0 - look.cover_share)
    grown = smooth(patches, bare - 0.18, bare + 0.18)
    far = smooth(depth, 60.0, 260.0)[:, None]
    grown += far * (np.float32(look.cover_share) - grown)
    blend(picture, grown, cover)
    mask[grown > 0.5] = elements.COVER
    if look.field_share > 0.01:
        plot = (np.floor(along * 0.011).astype(np.int32) & 15) * 16
        plot += np.floor(middle * 0.016 + 0.5).astype(np.int32) & 15
        planted = (scene.plots.reshape(-1).take(plot) < look.field_share).astype(np.float32)
        planted *= smooth(beside, chance.lane + 5.0, chance.lane + 5.6)
        furrow = np.sin(right * np.float32(2 * np.pi / 1.1))
        furrow *= np.clip(1.0 - over / 0.7, 0.0, 1.0)[:, None] * 0.20
        tone = 1.0 + furrow
        for channel in range(3):
            plane = picture[channel]
            plane += planted * (tone * field[channel] - plane)
        mask[planted > 0.5] = elements.FIELD
    _lots(scene, lights, along, middle, coarse, picture, mask)
    if scene.water_side:
        beach = right * np.float32(scene.water_side)
        level = scene.water_distance
        sand = smooth(beach, level - 8.0, level - 5.0)
        blend(picture, sand, soil * 1.08)
        mask[sand > 0.5] = elements.SOIL
    picture *= 1.0 + 0.085 * fine + 0.05 * coarse
    if look.snow:
        drift = smooth(coarse * 0.5 + fine * 0.35, -1.6, -1.1) * np.float32(0.95)
        drift *= smooth(beside, chance.lane + 0.1, chance.lane + 0.9)
        # Lots and verges are cleared.
        drift *= mask != elements.LOT
        blend(picture, drift, colour(0.93, 0.95, 0.99) * lights.sun)
        mask[drift > 0.5] = elements.SNOW
    if scene.water_side:
        shore = smooth(beach + coarse * 0.8, level - 0.5, level + 0.5)
        sea = lights.zenith * 0.45 + lights.horizon * 0.2 + colour(0.0, 0.08, 0.09)
        ripple = shore * (1.0 + 0.10 * fine)
        blend(picture, np.minimum(ripple, 1.05), sea.astype(np.float32))
        foam = np.maximum(0.0, 1.0 - np.abs(beach + coarse * 0.8 - level) / (0.5 + over[:, None]))
        blend(picture, foam * 0.5, colour(0.95, 0.96, 0.97) * lights.sun)
        mask[shore > 0.5] = elements.WATER
    _road(scene, lights, along, middle, over, fine, picture, mask)
    dull = (1.0 - np.exp(-depth / np.float32(look.haze)))[:, None] * np.float32(0.85)
    blend(picture, dull, lights.horizon)
    return picture, mask


def _lots(
    scene: Scene, lights: Light, along: Array, middle: Array, coarse: Array, picture: Array,
    mask: Mask,
) -> None:  # fmt: skip
    """Paint lots and verges, whose colours mean nothing, over the land."""
    chance = scene.chance
    # Edges wind a little, as those of grass do.
    frayed = middle + np.float32(0.35) * coarse
    beside = np.abs(frayed)
    lot = (np.floor((along + coarse) * 0.019).astype(np.int32) & 15) * 16
    lot += np.floor((frayed + 0.6 * coarse) * 0.027 + 0.5).astype(np.int32) & 15
    edge = np.float32(chance.lane + 0.35 + chance.shoulder)
    share = (chance.lots.take(lot) < chance.lot_share).astype(np.float32)
    share *= smooth(beside, float(edge) + 1.6, float(edge) + 2.0)
    verge = np.where(middle < 0, np.float32(chance.verges[0]), np.float32(chance.verges[1])) + edge
    # A verge has the colour of the land behind it, if that were a lot.
    near = unit((verge - beside) * np.float32(2.0)) * (verge > edge)
    np.maximum(share, near, out=share)
    for channel in range(3):
        plane = picture[channel]
        tint = chance.lot_tints[channel].take(lot) * lights.sun[channel]
        tint -= plane
        tint *= share
        plane += tint
    mask[share > 0.5] = elements.LOT


def _patches(
    scene: Scene, lights: Light, along: Array, middle: Array, beside: Array, picture: Array,
    mask: Mask,
) -> None:  # fmt: skip
    """Paint what lies flat on the ground and means nothing: repairs, puddles, bars."""
    for patch in scene.chance.patches:
        if patch.kind != "puddle" and not scene.chance.paved:
            continue
        rows, columns = _reach(patch, along, middle)
        if rows is None or columns is None:
            continue
        part = np.s_[rows, columns]
        length = np.abs(along[part] - np.float32(patch.along)) / np.float32(patch.half_along)
        width = np.abs(middle[part] - np.float32(patch.right)) / np.float32(patch.half_right)
        if patch.kind == "puddle":
            share = unit((1.0 - np.hypot(length, width)) * np.float32(6.0)) * np.float32(0.85)
            tint = lights.zenith * 0.4 + lights.horizon * 0.45
        else:
            share = unit((1.0 - np.maximum(length, width)) * np.float32(12.0))
            share *= np.float32(0.9)
            tint = np.array(patch.tint, np.float32) * lights.sun
            share *= beside[part] < scene.chance.lane
        blend(picture[:, rows, columns], share, tint.astype(np.float32))
        mask[part][share > 0.5] = elements.PATCH


def _reach(patch: Patch, along: Array, middle: Array) -> tuple[slice | None, slice | None]:
    """Return the rows and columns of the ground that a patch can cover."""
    near = np.abs(along - np.float32(patch.along)) < patch.half_along
    near &= np.abs(middle - np.float32(patch.right)) < patch.half_right
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if not rows.size:
        return None, None
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _road(
    scene: Scene, lights: Light, along: Array, middle: Array, over: Array, fine: Array,
    picture: Array, mask: Mask,
) -> None:  # fmt: skip
    look, chance = scene.look, scene.chance
    beside = np.abs(middle)
    blur = 1.0 / np.maximum(over, 0.03)[:, None]

    def strip(distance: Array, half_width: float) -> Array:
        share = (np.float32(half_width) - distance) * blur
        share += 0.5
        np.maximum(share, 0.0, out=share)
        return np.minimum(share, np.minimum(1.0, 2 * half_width * blur), out=share)

    asphalt = np.array(chance.road, np.float32)
    wide = chance.lane + 0.35
    if chance.shoulder > 0:
        share = strip(beside, wide + chance.shoulder)
        if chance.gravel is None:
            tone, element = np.array(look.soil, np.float32), elements.SOIL
        else:
            tone, element = np.array(chance.gravel, np.float32) * 0.5 + 0.28, elements.ROAD
        blend(picture, share, tone * lights.sun)
        picture *= 1.0 + 0.08 * fine * share
        mask[share > 0.5] = element
    share = strip(beside, wide)
    if not chance.paved:
        soil = np.array(look.soil, np.float32) * 0.9 + 0.06
        blend(picture, share, soil * lights.sun)
        ruts = strip(np.abs(np.abs(middle) - np.float32(chance.lane / 2)), 1.1)
        ruts = ruts - strip(np.abs(np.abs(middle) - np.float32(chance.lane / 2)), 0.5)
        picture *= 1.0 + 0.06 * fine * share - 0.10 * ruts * share
        mask[share > 0.5] = elements.SOIL
        _patches(scene, lights, along, middle, beside, picture, mask)
        return
    blend(picture, share, asphalt * lights.sun)
    picture *= 1.0 + 0.035 * fine * share
    mask[share > 0.5] = elements.ROAD
    _patches(scene, lights, along, middle, beside, picture, mask)
    yellow, white = colour(0.93, 0.74, 0.20), colour(0.93, 0.93, 0.91)
    lines = []
    dash = (along * np.float32(1 / 11.0)) % 1.0
    dashes = ((dash < 0.38) * np.clip(1.6 - over / 6.0, 0, 1)[:, None]).astype(np.float32)
    dashes += 0.38 * np.clip(over / 6.0 - 0.6, 0, 1)[:, None]
    if look.centre == "double yellow":
        lines.append((strip(np.abs(beside - 0.17), 0.085), yellow))
    elif look.centre == "solid yellow":
        lines.append((strip(beside, 0.10), yellow))
    elif look.centre == "dashed yellow":
        lines.append((strip(beside, 0.10) * dashes, yellow))
    elif look.centre == "dashed white":
        lines.append((strip(beside, 0.10) * dashes, white))
    if look.edge:
        lines.append((strip(np.abs(beside - np.float32(chance.lane)), 0.085), white))
    for share, tint in lines:
        blend(picture, share, tint * lights.sun)
        mask[share > 0.5] = elements.LINE
