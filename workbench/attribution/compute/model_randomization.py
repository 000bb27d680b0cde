"""Cascading randomisation of a model's weights (Adebayo et al. 2018)."""

import copy
from collections.abc import Iterator

import torch
from torch import nn

from trainer.models.resnet import FourViewResNet

STAGES = ("classifier", "layer4", "layer3", "layer2", "layer1", "conv1")
"""From the output down; attention poolings belong to the classifier."""


def cascade(model: FourViewResNet, seed: int) -> Iterator[tuple[str, FourViewResNet]]:
    """Yield each of `STAGES` with a model whose weights are random from the output down to it.

    Every iteration yields the same copy, changed further; the model itself stays unchanged. Weights
    are drawn from a normal distribution with the mean and standard deviation of their tensor, so
    that signals neither vanish nor overflow where batch normalisation has been folded; the draws
    depend on `seed` alone.
    """
    generator = torch.Generator().manual_seed(seed)
    randomized = copy.deepcopy(model)
    for stage, modules in zip(STAGES, _modules(randomized), strict=True):
        for module in modules:
            for weight in module.parameters():
                _draw(weight, generator)
        yield stage, randomized


def _modules(model: FourViewResNet) -> list[list[nn.Module]]:
    trunk = model.trunk
    head: list[nn.Module] = [model.classifier]
    if model.fusion == "attention":
        head += [model.view_attention, model.map_attention]
    layers = [trunk.layer4, trunk.layer3, trunk.layer2, trunk.layer1]
    # Empty where bn1 has been folded into conv1.
    return [head, *([layer] for layer in layers), [trunk.conv1, trunk.bn1]]


@torch.no_grad()
def _draw(weight: nn.Parameter, generator: torch.Generator) -> None:
    mean, deviation = float(weight.mean()), float(weight.std(correction=0))
    # On the CPU, so that a seed gives the same model on every device.
    drawn = torch.empty(weight.shape).normal_(mean, deviation, generator=generator)
    weight.copy_(drawn)
