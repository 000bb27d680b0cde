"""Residual networks over four views: (B, 4, 3, H, W) pixels in, (B, S) logits out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchvision.models import get_model

from trainer.config import FUSIONS
from trainer.models.attention_pooling import AttentionPooling

VIEWS = 4
CONCAT_DIM = {"early": 3, "stack": 1}
"""Dimension of (B, 3, H, W) along which a fusion concatenates the views before the trunk."""
WITH_VIEW_LOGITS = ("single", "medium", "late", "late-mean", "attention")
"""Fusions whose head also classifies single views."""


@dataclass(frozen=True)
class ModelOutput:
    """Features and logits of B locations and of their views.

    `features` (B, D) and `logits` (B, S). `view_features` (B, 4, width) is None where the views are
    concatenated before the trunk, `view_logits` (B, 4, S) where the fusion does not classify single
    views.
    """

    features: Tensor
    logits: Tensor
    view_features: Tensor | None
    view_logits: Tensor | None


class FourViewResNet(nn.Module):
    """A ResNet that predicts one of S classes from the views N, E, S, W of a location.

    `early` lays the views side by side, (3, H, 4W), and `stack` stacks their channels, (12, H, W),
    before the trunk. All others send each view through the same trunk: `medium`, `single` and
    `late-mean` average the four features (the head is linear, so this equals the mean of the four
    logits), `medium-max` takes their maximum, `late` the maximum of the four logits, and
    `attention` weights the positions of each view and then the views (formulae and sources:
    `docs/reference/models.md`). The model normalises its input, which is pixels in [0, 1].

    `width` is the number of channels of the trunk's last feature map, 512 or 2048. `num_features`
    is the length D of a location's features: four times `width` for `late`, else `width`.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        fusion: str,
        num_classes: int,
        mean: Sequence[float] = (0.5, 0.5, 0.5),
        std: Sequence[float] = (0.25, 0.25, 0.25),
        *,
        depth: int = 50,
        zero_init_residual: bool = False,
    ) -> None:
        """Build a model with random weights.

        `mean` and `std` (3,) are the channel statistics of the training pixels in [0, 1]. With
        `zero_init_residual` every residual block starts as the identity. Raises ValueError for an
        unknown fusion or depth.
        """
        super().__init__()
        if fusion not in FUSIONS:
            raise ValueError(f"{fusion}: unknown fusion; choose one of {', '.join(FUSIONS)}")
        self.fusion = fusion
        self.depth = depth
        self.has_view_logits = fusion in WITH_VIEW_LOGITS
        self.trunk = get_model(
            f"resnet{depth}", weights=None, zero_init_residual=zero_init_residual
        )
        self.width = cast(int, self.trunk.fc.in_features)
        self.num_features = VIEWS * self.width if fusion == "late" else self.width
        self.trunk.fc = nn.Identity()
        if fusion == "stack":
            self.trunk.conv1 = _input_convolution(VIEWS * 3)
        self.classifier = nn.Linear(self.width, num_classes)
        if fusion == "attention":
            self.map_attention = AttentionPooling(self.width)
            self.view_attention = AttentionPooling(self.width)
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))
        self.register_load_state_dict_pre_hook(_rename_deviation)  # type: ignore[no-untyped-call]

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Return the features before the head, (B, D), of pixels (B, 4, 3, H, W) in [0, 1].

        For `late` they are the features of N, E, S and W, concatenated.
        """
        return self._location_and_view_features(pixels)[0]

    def forward_head(self, features: Tensor) -> Tensor:
        """Return logits (B, S) of features (B, D)."""
        if self.fusion == "late":
            view_logits = cast(Tensor, self.classifier(features.reshape(-1, VIEWS, self.width)))
            return view_logits.amax(dim=1)
        return cast(Tensor, self.classifier(features))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits (B, S) of pixels (B, 4, 3, H, W) in [0, 1]."""
        return self.forward_head(self.forward_features(pixels))

    def view_logits(self, pixels: Tensor) -> Tensor:
        """Return the logits of single views, (B, 4, S), of pixels (B, 4, 3, H, W) in [0, 1].

        Raises ValueError unless `has_view_logits`.
        """
        if not self.has_view_logits:
            raise ValueError(f"{self.fusion} fusion has no logits of single views")
        return cast(Tensor, self.classifier(self._view_features(self._feature_map(pixels))))

    def forward_all(self, pixels: Tensor) -> ModelOutput:
        """Return all features and logits of pixels (B, 4, 3, H, W) in [0, 1]."""
        features, view_features = self._location_and_view_features(pixels)
        return ModelOutput(
            features=features,
            logits=self.forward_head(features),
            view_features=view_features,
            view_logits=self.classifier(view_features) if self.has_view_logits else None,
        )

    def attention(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the attention weights of the views (B, 4) and of map positions (B, 4, h, w).

        Takes pixels (B, 4, 3, H, W) in [0, 1]; h and w are H / 32 and W / 32, rounded up. Weights
        are positive; those of the views of a location sum to 1, and so do those of the positions
        of a view. Raises ValueError for another fusion.
        """
        if self.fusion != "attention":
            raise ValueError(f"{self.fusion} fusion has no attention")
        feature_map = self._feature_map(pixels)
        map_weights = self.map_attention.weights(_positions(feature_map))
        view_weights = self.view_attention.weights(self._view_features(feature_map))
        return view_weights, map_weights.view(len(pixels), VIEWS, *feature_map.shape[2:])

    def _location_and_view_features(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the features of locations, (B, D), and of views, (B, 4, width), if any."""
        feature_map = self._feature_map(pixels)
        if self.fusion in CONCAT_DIM:
            return self._pool(feature_map), None
        view_features = self._view_features(feature_map)
        return self._fuse(view_features), view_features

    def _feature_map(self, pixels: Tensor) -> Tensor:
        """Return the last feature map (B, width, h, w), or (4B, width, h, w) of single views."""
        normalised = (pixels - self.mean) / self.std
        if self.fusion in CONCAT_DIM:
            images = torch.cat(normalised.unbind(dim=1), dim=CONCAT_DIM[self.fusion])
        else:
            images = normalised.flatten(0, 1)
        trunk = self.trunk
        images = images.contiguous(memory_format=torch.channels_last)
        x = trunk.maxpool(trunk.relu(trunk.bn1(trunk.conv1(images))))
        return cast(Tensor, trunk.layer4(trunk.layer3(trunk.layer2(trunk.layer1(x)))))

    def _pool(self, feature_map: Tensor) -> Tensor:
        """Return the features (N, width) of a feature map (N, width, h, w)."""
        positions = _positions(feature_map)
        if self.fusion == "attention":
            return cast(Tensor, self.map_attention(positions))
        return positions.mean(dim=1)

    def _view_features(self, feature_map: Tensor) -> Tensor:
        """Return the features of views, (B, 4, width), of feature maps (4B, width, h, w)."""
        return self._pool(feature_map).reshape(-1, VIEWS, self.width)

    def _fuse(self, view_features: Tensor) -> Tensor:
        """Return the features (B, D) of a location from those of its views, (B, 4, width)."""
        if self.fusion == "medium-max":
            return view_features.amax(dim=1)
        if self.fusion == "late":
            return view_features.flatten(1)
        if self.fusion == "attention":
            return cast(Tensor, self.view_attention(view_features))
        return view_features.mean(dim=1)


def _rename_deviation(_: nn.Module, state_dict: dict[str, Any], prefix: str, *__: object) -> None:
    """Rename the buffer `deviation` of weights of checkpoint versions 1 and 2 to `std`."""
    if f"{prefix}deviation" in state_dict:
        state_dict[f"{prefix}std"] = state_dict.pop(f"{prefix}deviation")


def _input_convolution(channels: int) -> nn.Conv2d:
    """Return the first convolution of a ResNet for another number of channels."""
    convolution = nn.Conv2d(channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution


def _positions(feature_map: Tensor) -> Tensor:
    """Return the positions (N, h*w, C) of a feature map (N, C, h, w), without copying."""
    return feature_map.flatten(2).transpose(1, 2)


def to_pixels(views: Tensor, device: torch.device) -> Tensor:
    """Return uint8 views on the device as float32 pixels in [0, 1]."""
    return views.to(device, non_blocking=True).float().div_(255)
