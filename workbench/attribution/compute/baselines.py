"""What photographs are compared with: the picture that says nothing, by name."""

from typing import cast

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

BLUR = 8
"""The blur's standard deviation is the side of a view divided by this."""


def baseline(
    name: str, pixels: Tensor, mean_colour: Tensor, other: Tensor | None, samples: int, seed: int
) -> Tensor:
    """Return the pictures (K, 4, 3, H, W) in [0, 1] that a baseline stands for.

    `pixels` are the location's own (4, 3, H, W), `mean_colour` (3, 1, 1) that of the training
    photographs, `other` another location's. K is 1, but `samples` for "noise", whose draws are
    uniform and depend on `seed` alone. Raises ValueError for a name that there is not.
    """
    match name:
        case "black":
            return torch.zeros_like(pixels)[None]
        case "mean":
            return mean_colour.expand_as(pixels)[None].contiguous()
        case "blur":
            side = min(pixels.shape[-2:])
            # Reflection at the border needs a kernel of less than twice the side.
            kernel = min(2 * round(3 * side / BLUR) + 1, 2 * side - 1)
            # One direction after the other is the same, and far fewer steps.
            blurred = gaussian_blur(pixels, [kernel, 1], [side / BLUR, 1.0])
            blurred = gaussian_blur(blurred, [1, kernel], [1.0, side / BLUR])
            return cast(Tensor, blurred)[None]
        case "noise":
            generator = torch.Generator().manual_seed(seed)
            return torch.rand((samples, *pixels.shape), generator=generator).to(pixels.device)
        case "location" if other is not None:
            return other[None]
    raise ValueError(f"{name}: there is no such baseline")
