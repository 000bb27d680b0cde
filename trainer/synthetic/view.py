"""From a scene to its four pictures and masks."""

import numpy as np

from trainer.synthetic import backdrop, billboards
from trainer.synthetic.backdrop import Mask
from trainer.synthetic.camera import Array, Camera, camera
from trainer.synthetic.parts import Scene
from trainer.synthetic.stage import Stage


def views(scene: Scene, size: int) -> tuple[Mask, Mask]:
    """Paint a scene to N, E, S and W.

    Returns the pictures (4, size, size, 3) uint8 RGB and the masks (4, size, size) uint8, whose
    values are the ids of :data:`trainer.synthetic.elements.ELEMENTS`.
    """
    lens = camera(size)
    lights = backdrop.light(scene)
    lines = [_shored(scene, lens, backdrop.skyline(ridge, lens)) for ridge in scene.ridges]
    pictures = np.empty((4, size, size, 3), np.uint8)
    masks = np.empty((4, size, size), np.uint8)
    for heading in range(4):
        above, above_mask = backdrop.sky(scene, lights, lens, heading)
        backdrop.hills(scene, lights, lens, heading, lines, above, above_mask)
        below, below_mask = backdrop.ground(scene, lights, lens, heading)
        picture = np.concatenate([above, below], axis=1)
        mask = np.concatenate([above_mask, below_mask])
        stage = Stage(scene, lights, lens, heading, picture, mask)
        billboards.woods(stage)
        billboards.things(stage)
        picture *= 255.0
        np.clip(picture, 0, 255, out=picture)
        pictures[heading] = picture.astype(np.uint8).transpose(1, 2, 0)
        masks[heading] = mask
    return pictures, masks


def _shored(scene: Scene, lens: Camera, line: Array) -> Array:
    """Return the skyline without hills over the open water."""
    if not scene.water_side:
        return line
    out = np.sin(lens.azimuth - np.float32(scene.chance.road_angle)) * np.float32(scene.water_side)
    return np.asarray(line * np.clip(1.0 - out * 5.0, 0.0, 1.0), np.float32)
