"""Residual networks over four views: (B, 4, 3, H, W) pixels in, (B, S) logits out."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

VIEWS = 4


class FourViewResNet(nn.Module):
    """A ResNet-50 that guesses one of S classes from the views N, E, S, W of a location.

    `early` lays the views side by side, (3, H, 4W), before the trunk; `medium` sends each view
    through the same trunk and averages the four features (ResNetBolt, sections 4.3 and 4.4).
    The model normalises: its input is pixels in [0, 1], so black is 0.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        fusion: str,
        classes: int,
        mean: Sequence[float] = (0.5, 0.5, 0.5),
        deviation: Sequence[float] = (0.25, 0.25, 0.25),
        *,
        zero_residual: bool = False,
    ) -> None:
        """Take the fusion, S, and the channel statistics (3,) of the training pixels in [0, 1].

        With `zero_residual` every residual block starts as the identity.
        """
        super().__init__()
        self.fusion = fusion
        self.trunk = resnet50(weights=None, zero_init_residual=zero_residual)
        self.dimension = cast(int, self.trunk.fc.in_features)
        self.trunk.fc = nn.Identity()
        self.classifier = nn.Linear(self.dimension, classes)
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(3, 1, 1))

    def features(self, pixels: Tensor) -> Tensor:
        """Return the penultimate features (B, 2048) of pixels (B, 4, 3, H, W) in [0, 1]."""
        normal = (pixels - self.mean) / self.deviation
        if self.fusion == "early":
            return cast(Tensor, self.trunk(torch.cat(normal.unbind(dim=1), dim=3)))
        features = self.trunk(normal.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        return cast(Tensor, features.unflatten(0, (-1, VIEWS)).mean(dim=1))

    def head(self, features: Tensor) -> Tensor:
        """Return logits (B, S) of features (B, 2048)."""
        return cast(Tensor, self.classifier(features))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits (B, S) of pixels (B, 4, 3, H, W) in [0, 1]."""
        return self.head(self.features(pixels))


def to_pixels(views: Tensor, device: torch.device) -> Tensor:
    """Send uint8 views to the device and return them there as float32 in [0, 1]."""
    return views.to(device, non_blocking=True).float().div_(255)


def usable_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
