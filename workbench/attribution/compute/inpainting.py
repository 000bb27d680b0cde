"""Inpainting: removed pixels are interpolated from those around them."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate


def inpaint(pixels: Tensor, kept: Tensor, color: Tensor) -> Tensor:
    """Return images (N, 4, 3, H, W) in which the pixels that are not kept are inpainted.

    `pixels` are (4, 3, H, W), `kept` (N, 4, 1, H, W) bool. Each view is filled from its own pixels,
    from near ones where there are some; a view without any gets `color` (3, 1, 1). The pull-push
    algorithm (Gortler et al. 1996, The Lumigraph, section 3.4), which is close to the linear
    imputation of Rong et al. 2022 (arXiv 2202.00449), but needs no linear system.
    """
    known = kept.flatten(0, 1)
    colors = (pixels * kept).flatten(0, 1)
    levels = [(colors, known)]
    while max(known.shape[-2:]) > 1:
        # Each coarser cell has the mean of what is known of it.
        share, colors = (
            avg_pool2d(values, 2, ceil_mode=True, count_include_pad=False)
            for values in (known.to(pixels.dtype), colors)
        )
        known = share > 0
        colors = torch.where(known, colors / share, 0)
        levels.append((colors, known))
    filled = color.expand_as(colors)
    for colors, known in reversed(levels):
        coarser = interpolate(filled, known.shape[-2:], mode="bilinear", align_corners=False)
        filled = torch.where(known, colors, coarser)
    return filled.reshape(*kept.shape[:2], *filled.shape[1:])
