"""Residual networks over four views: (B, 4, 3, H, W) pixels in, (B, S) logits out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models import get_model

from trainer.config import FUSIONS
from trainer.models.attention_pooling import AttentionPooling

VIEWS = 4
# The views meet before the trunk, along this axis of (B, 3, H, W).
CONCAT_DIM = {"early": 3, "stack": 1}
# The head also says something about a view alone.
WITH_VIEW_LOGITS = ("single", "medium", "late", "late-mean", "attention")


@dataclass(frozen=True)
class ModelOutput:
    """What one pass through the trunk gives for B locations.

    `features` (B, D) and `logits` (B, S); `view_features` (B, 4, width) where each view goes through
    the trunk alone, and `view_logits` (B, 4, S) where the model has them, else None.
    """

    features: Tensor
    logits: Tensor
    view_features: Tensor | None
    view_logits: Tensor | None


class FourViewResNet(nn.Module):
    """A ResNet that guesses one of S classes from the views N, E, S, W of a location.

    `early` lays the views side by side, (3, H, 4W), and `stack` on top of each other, (12, H, W),
    before the trunk. All others send each view through the same trunk: `medium`, `single` and
    `late-mean` average the four features (the head is linear, so this is the mean of the four
    logits too), `medium-max` takes their maximum, `late` the maximum of the four logits, and
    `attention` weighs the places of each view and then the views. `docs/models.md` has formulae
    and sources. The model normalises: its input is pixels in [0, 1], so black is 0.

    `width` is the number of the trunk's channels, 512 or 2048, and `dimension` the length D of a
    location's features: `width`, or four times that for `late`.
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
        depth: int = 50,
        zero_residual: bool = False,
    ) -> None:
        """Take the fusion, S, and the channel statistics (3,) of the training pixels in [0, 1].

        With `zero_residual` every residual block starts as the identity. Raises ValueError for a
        fusion or a depth that there is not.
        """
        super().__init__()
        if fusion not in FUSIONS:
            raise ValueError(f"{fusion}: there is no such fusion")
        self.fusion = fusion
        self.depth = depth
        self.has_view_logits = fusion in WITH_VIEW_LOGITS
        self.trunk = get_model(f"resnet{depth}", weights=None, zero_init_residual=zero_residual)
        self.width = cast(int, self.trunk.fc.in_features)
        self.dimension = VIEWS * self.width if fusion == "late" else self.width
        self.trunk.fc = nn.Identity()
        if fusion == "stack":
            self.trunk.conv1 = _input_convolution(VIEWS * 3)
        self.classifier = nn.Linear(self.width, classes)
        if fusion == "attention":
            self.map_attention = AttentionPooling(self.width)
            self.view_attention = AttentionPooling(self.width)
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(3, 1, 1))

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Return the penultimate features (B, D) of pixels (B, 4, 3, H, W) in [0, 1].

        Those of `late` are the features of N, E, S and W, one after the other.
        """
        return self._both_features(pixels)[0]

    def forward_head(self, features: Tensor) -> Tensor:
        """Return logits (B, S) of features (B, D)."""
        if self.fusion == "late":
            view_logit = cast(Tensor, self.classifier(features.reshape(-1, VIEWS, self.width)))
            return view_logit.amax(dim=1)
        return cast(Tensor, self.classifier(features))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits (B, S) of pixels (B, 4, 3, H, W) in [0, 1]."""
        return self.forward_head(self.forward_features(pixels))

    def view_logits(self, pixels: Tensor) -> Tensor:
        """Return the logits (B, 4, S) of each view alone, of pixels (B, 4, 3, H, W) in [0, 1].

        Raises ValueError unless the model has them (`has_view_logits`).
        """
        if not self.has_view_logits:
            raise ValueError(f"{self.fusion} fusion has no logits of single views")
        return cast(Tensor, self.classifier(self._view_features(self._last_map(pixels))))

    def forward_all(self, pixels: Tensor) -> ModelOutput:
        """Return what a location and its views give, of pixels (B, 4, 3, H, W) in [0, 1]."""
        feature, view_feature = self._both_features(pixels)
        return ModelOutput(
            features=feature,
            logits=self.forward_head(feature),
            view_features=view_feature,
            view_logits=self.classifier(view_feature) if self.has_view_logits else None,
        )

    def attention(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights of the views, (B, 4), and of the places of their last feature maps.

        Takes pixels (B, 4, 3, H, W) in [0, 1]. The second array is (B, 4, h, w), with h and w a
        32nd of H and W, rounded up. Weights are above 0, those of a location's views have the
        sum 1, and so have those of a view's places. Raises ValueError for another fusion.
        """
        if self.fusion != "attention":
            raise ValueError(f"{self.fusion} fusion has no attention")
        last_map = self._last_map(pixels)
        map_weight = self.map_attention.weights(_positions(last_map))
        view_weight = self.view_attention.weights(self._view_features(last_map))
        return view_weight, map_weight.view(len(pixels), VIEWS, *last_map.shape[2:])

    def _both_features(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the features of a location, (B, D), and of its views, (B, 4, width), if any."""
        last_map = self._last_map(pixels)
        if self.fusion in CONCAT_DIM:
            return self._pooled(last_map), None
        view_feature = self._view_features(last_map)
        return self._fused(view_feature), view_feature

    def _last_map(self, pixels: Tensor) -> Tensor:
        """Return the last feature map (B, width, h, w), or (4B, width, h, w) of single views."""
        normal = (pixels - self.mean) / self.deviation
        if self.fusion in CONCAT_DIM:
            images = torch.cat(normal.unbind(dim=1), dim=CONCAT_DIM[self.fusion])
        else:
            images = normal.flatten(0, 1)
        trunk = self.trunk
        images = images.contiguous(memory_format=torch.channels_last)
        entered = trunk.maxpool(trunk.relu(trunk.bn1(trunk.conv1(images))))
        return cast(Tensor, trunk.layer4(trunk.layer3(trunk.layer2(trunk.layer1(entered)))))

    def _pooled(self, last_map: Tensor) -> Tensor:
        """Return the features (N, width) of the last feature map (N, width, h, w)."""
        places = _positions(last_map)
        if self.fusion == "attention":
            return cast(Tensor, self.map_attention(places))
        return places.mean(dim=1)

    def _view_features(self, last_map: Tensor) -> Tensor:
        """Return each view's own features (B, 4, width) of their last maps (4B, width, h, w)."""
        return self._pooled(last_map).reshape(-1, VIEWS, self.width)

    def _fused(self, view_feature: Tensor) -> Tensor:
        """Return the features (B, D) of a location from those of its views, (B, 4, width)."""
        if self.fusion == "medium-max":
            return view_feature.amax(dim=1)
        if self.fusion == "late":
            return view_feature.flatten(1)
        if self.fusion == "attention":
            return cast(Tensor, self.view_attention(view_feature))
        return view_feature.mean(dim=1)


def _input_convolution(channels: int) -> nn.Conv2d:
    """Return the first convolution of a ResNet for another number of channels."""
    convolution = nn.Conv2d(channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution


def _positions(last_map: Tensor) -> Tensor:
    """Return the places (N, h*w, C) of a feature map (N, C, h, w), without copying."""
    return last_map.flatten(2).transpose(1, 2)


def to_pixels(views: Tensor, device: torch.device) -> Tensor:
    """Send uint8 views to the device and return them there as float32 in [0, 1]."""
    return views.to(device, non_blocking=True).float().div_(255)
