"""Faithfulness: how the probability changes when parts of the photographs are replaced."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.models.resnet import VIEWS
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.patches import edges, patch_means, removal_times
from workbench.attribution.compute.target import Target

FRACTIONS = np.linspace(0.0, 1.0, 13)
ORDERS = ("map", "random", "edges")
RANDOM_ORDERS = 3
SEED = 0

Array = NDArray[np.float64]
StageCallback = Callable[[str], None]
"""Called with the name of each check before it starts."""


def view_and_rotation_effects(
    model: BatchedModel, pixels: Tensor, target: Target
) -> tuple[Array, Array]:
    """Return the change of the probability without each view (4,) and for each rotation (3,)."""
    without = pixels.repeat(VIEWS, 1, 1, 1, 1)
    for view in range(VIEWS):
        without[view, view] = model.model.mean_color
    # Rotated by 90 degrees, the northern view becomes the eastern one.
    rotated = torch.stack([pixels.roll(quarter, dims=0) for quarter in range(1, VIEWS)])
    values = _probabilities(model, torch.cat([pixels[None], without, rotated]), target)
    return values[1 : 1 + VIEWS] - values[0], values[1 + VIEWS :] - values[0]


def deletion_and_insertion(
    model: BatchedModel,
    pixels: Tensor,
    map_: NDArray[np.float32],
    target: Target,
    on_stage: StageCallback,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the deletion and insertion curves (P,) for each of `ORDERS` (Petsiuk et al. 2018)."""
    height, width = map_.shape[1:]
    scores = patch_means(map_)
    generator = np.random.default_rng(SEED)
    orders = {
        "map": [scores],
        "random": [generator.random(scores.shape) for _ in range(RANDOM_ORDERS)],
        "edges": [patch_means(edges(pixels.mean(dim=1).cpu().numpy()))],
    }
    deletion, insertion = {}, {}
    for name in ORDERS:
        on_stage(f"deletion and insertion, order by {name}")
        curves = [
            _curves(model, pixels, removal_times(scores, height, width), target)
            for scores in orders[name]
        ]
        deletion[name], insertion[name] = np.mean(curves, axis=0)
    return deletion, insertion


def _curves(model: BatchedModel, pixels: Tensor, times: Array, target: Target) -> Array:
    """Return the curves (2, P) of deletion and insertion for removal times (4, H, W)."""
    removed = torch.from_numpy(times < FRACTIONS[:, None, None, None]).to(pixels.device)[:, :, None]
    color = model.model.mean_color
    deleted = _probabilities(model, torch.where(removed, color, pixels), target)
    return np.stack([deleted, _probabilities(model, torch.where(removed, pixels, color), target)])


def _probabilities(model: BatchedModel, pixels: Tensor, target: Target) -> Array:
    result: Array = target.probability(model.logits(pixels)).double().cpu().numpy()
    return result
