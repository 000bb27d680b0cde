"""Models whose explanations are known in closed form."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainer.models.resnet import FourViewResNet
from workbench.attribution.compute.batched_model import BatchedModel, FrozenModel

SHAPE = (4, 3, 8, 8)


class Function(nn.Module):
    """A model of two classes whose first logit is a function of the pixels; the second is 0."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, pixels: Tensor) -> Tensor:
        first = self.function(pixels)
        return torch.stack([first, torch.zeros_like(first)], dim=1)


def batched_model(function: Callable[[Tensor], Tensor]) -> BatchedModel:
    """Return a batched model that is a function of pixels (N, 4, 3, H, W)."""
    network = FrozenModel(FourViewResNet("medium", 2, depth=18))
    network.module = Function(function)  # type: ignore[assignment]
    return BatchedModel(network)


def weight() -> Tensor:
    """Return a weight for each pixel, of both signs."""
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))


def pixels(seed: int = 1) -> Tensor:
    """Return a location's pixels (4, 3, 8, 8) in [0, 1]."""
    return torch.rand(SHAPE, generator=torch.Generator().manual_seed(seed))


def resnet(fusion: str, depth: int = 18, classes: int = 5) -> FourViewResNet:
    """Return an untrained ResNet that is no simpler than a trained one."""
    torch.manual_seed(0)
    model = FourViewResNet(fusion, classes, depth=depth)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return model.eval()
