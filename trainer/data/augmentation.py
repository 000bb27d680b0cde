"""Random crops and colour changes for training, computed on the device; no mirroring."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

AUGMENTATION_STREAM = 2  # Random stream of a seed that augmentation uses.
DRAWS = 6  # Random numbers per location: scale, two offsets, brightness, contrast, saturation.
MIN_CROP = 0.5  # Side of the smallest crop at full strength, as a fraction of the view's.
COLOUR_RANGE = 0.4  # Largest change of brightness, contrast and saturation, as a fraction.
GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601 luma.


@dataclass(frozen=True)
class Augmentation:
    """Random crops and colour changes with a strength in [0, 1]; 0 changes nothing.

    The four views of a location get the same change, so that their horizon stays aligned. Views are
    not mirrored, because writing and the side of the road that cars drive on tell the place.
    """

    strength: float

    def draw(self, locations: int, seed: int, step: int) -> Tensor:
        """Return random numbers (locations, DRAWS) in [0, 1) for a seed and a step."""
        generator = np.random.default_rng((AUGMENTATION_STREAM, seed, step))
        return torch.from_numpy(generator.random((locations, DRAWS), dtype=np.float32))

    def __call__(self, pixels: Tensor, draw: Tensor) -> Tensor:
        """Return pixels (B, 4, 3, H, W) in [0, 1] augmented with random numbers (B, DRAWS)."""
        if not self.strength:
            return pixels
        draw = draw.to(pixels.device, non_blocking=True)
        return self._colour(self._crop(pixels, draw[:, :3]), draw[:, 3:])

    def _crop(self, pixels: Tensor, draw: Tensor) -> Tensor:
        side = 1 - (1 - MIN_CROP) * self.strength * draw[:, 0]
        # affine_grid's coordinates of a view reach from -1 to 1.
        shift = (2 * draw[:, 1:] - 1) * (1 - side)[:, None]
        theta = torch.zeros((len(pixels), 2, 3), device=pixels.device)
        theta[:, 0, 0] = theta[:, 1, 1] = side
        theta[:, :, 2] = shift
        views = pixels.flatten(0, 1)
        grid = affine_grid(
            theta.repeat_interleave(pixels.shape[1], dim=0), list(views.shape), align_corners=False
        )
        cropped = grid_sample(views, grid, padding_mode="border", align_corners=False)
        return cropped.view(pixels.shape)

    def _colour(self, pixels: Tensor, draw: Tensor) -> Tensor:
        factor = 1 + COLOUR_RANGE * self.strength * (2 * draw - 1)
        brightness, contrast, saturation = (
            factor[:, number].view(-1, 1, 1, 1, 1) for number in range(3)
        )
        red, green, blue = (pixels[:, :, channel : channel + 1] for channel in range(3))
        grey = GREY[0] * red + GREY[1] * green + GREY[2] * blue
        pixels = grey + saturation * (pixels - grey)
        mean = grey.mean(dim=(1, 2, 3, 4), keepdim=True)
        return (brightness * (mean + contrast * (pixels - mean))).clamp(0, 1)
