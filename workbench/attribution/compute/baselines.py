"""Baseline images by name."""

from typing import cast

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

BLUR = 8
"""The blur's standard deviation is the side of a view divided by this."""


def baseline_images(
    name: str,
    pixels: Tensor,
    mean_color: Tensor,
    baseline_pixels: Tensor | None,
    n_samples: int,
    seed: int,
) -> Tensor:
    """Return the images (K, 4, 3, H, W) in [0, 1] of a baseline.

    `pixels` (4, 3, H, W) are the location's, `mean_color` (3, 1, 1) is that of the training
    photographs, `baseline_pixels` are those of the baseline "location". K is `n_samples` for
    "noise", whose uniform draws depend on `seed` alone, else 1. Raises ValueError for an unknown
    name.
    """
    match name:
        case "black":
            return torch.zeros_like(pixels)[None]
        case "mean":
            return mean_color.expand_as(pixels)[None].contiguous()
        case "blur":
            side = min(pixels.shape[-2:])
            # Reflection at the border needs a kernel of less than twice the side.
            kernel = min(2 * round(3 * side / BLUR) + 1, 2 * side - 1)
            # Separable: one direction after the other gives the same with far fewer operations.
            blurred = gaussian_blur(pixels, [kernel, 1], [side / BLUR, 1.0])
            blurred = gaussian_blur(blurred, [1, kernel], [1.0, side / BLUR])
            return cast(Tensor, blurred)[None]
        case "noise":
            generator = torch.Generator().manual_seed(seed)
            return torch.rand((n_samples, *pixels.shape), generator=generator).to(pixels.device)
        case "location" if baseline_pixels is not None:
            return baseline_pixels[None]
    raise ValueError(f"{name}: no such baseline")
