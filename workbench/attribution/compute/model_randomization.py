"""A model that forgets what it learned, stage by stage: the control of Adebayo et al. (2018)."""

import copy
from collections.abc import Iterator

import torch
from torch import nn

from trainer.models.resnet import FourViewResNet

STAGES = ("classifier", "layer4", "layer3", "layer2", "layer1", "conv1")
"""From the output down; poolings that learn to attend count to the classifier."""


def cascade(model: FourViewResNet, seed: int) -> Iterator[tuple[str, FourViewResNet]]:
    """Yield each of `STAGES` with a model whose weights are random from the output down to it.

    It is one copy, which changes as the iteration goes on; the model itself stays as it is.
    Each tensor's weights are drawn from a normal distribution of its own mean and deviation
    (Adebayo et al. 2018, cascading randomisation), so that signals neither vanish nor overflow
    where normalisations have been folded away; the draws depend on `seed` alone.
    """
    generator = torch.Generator().manual_seed(seed)
    forgetting = copy.deepcopy(model)
    for stage, modules in zip(STAGES, _modules(forgetting), strict=True):
        for module in modules:
            for weight in module.parameters():
                _draw(weight, generator)
        yield stage, forgetting


def _modules(model: FourViewResNet) -> list[list[nn.Module]]:
    trunk = model.trunk
    head: list[nn.Module] = [model.classifier]
    if model.fusion == "attention":
        head += [model.view_attention, model.map_attention]
    layers = [trunk.layer4, trunk.layer3, trunk.layer2, trunk.layer1]
    # Without its convolution's normalisation there is nothing in bn1.
    return [head, *([layer] for layer in layers), [trunk.conv1, trunk.bn1]]


@torch.no_grad()
def _draw(weight: nn.Parameter, generator: torch.Generator) -> None:
    mean, deviation = float(weight.mean()), float(weight.std(correction=0))
    # On the CPU: one seed gives one model, whatever the device.
    drawn = torch.empty(weight.shape).normal_(mean, deviation, generator=generator)
    weight.copy_(drawn)
