"""A view that is being painted."""

from dataclasses import dataclass

import numpy as np

from trainer.synthetic.backdrop import Light, Mask
from trainer.synthetic.camera import Array, Camera
from trainer.synthetic.parts import Scene


@dataclass(frozen=True)
class Stage:
    """One view that is being painted: picture (3, size, size), mask, and how to project."""

    scene: Scene
    lights: Light
    camera: Camera
    heading: int
    picture: Array
    mask: Mask

    def place(self, along: float, right: float) -> tuple[float, float]:
        """Depth and offset to the right, metres, of a place given beside the road's middle."""
        turn = np.radians(90.0 * self.heading) - self.scene.chance.road_angle
        cosine, sine = float(np.cos(turn)), float(np.sin(turn))
        across = right - self.scene.chance.lane / 2
        return along * cosine + across * sine, -along * sine + across * cosine

    def haze(self, depth: float) -> float:
        """Share of haze at a depth in metres."""
        return 0.85 * (1.0 - float(np.exp(-depth / self.scene.look.haze)))
