"""Faithfulness: how the probability changes when parts of the photographs are replaced."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.models.resnet import VIEWS
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.inpainting import inpaint
from workbench.attribution.compute.patches import edges, patch_means, removal_times
from workbench.attribution.compute.target import Target
from workbench.attribution.result import REPLACEMENT_TITLES, Curves

FRACTIONS = np.linspace(0.0, 1.0, 13)
RANDOM_ORDERS = 2
"""Each counts twice, forwards and backwards."""
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
) -> dict[str, Curves]:
    """Return the deletion and insertion curves by replacement (Petsiuk et al. 2018).

    With either replacement, the image without any patch has the mean colour everywhere.
    """
    height, width = map_.shape[1:]
    scores = patch_means(map_)
    generator = np.random.default_rng(SEED)
    orders = [
        scores,
        patch_means(edges(pixels.mean(dim=1).cpu().numpy())),
        *(generator.random(scores.shape) for _ in range(RANDOM_ORDERS)),
    ]
    inner = FRACTIONS[1:-1, None, None, None]
    removed = np.stack([removal_times(order, height, width) < inner for order in orders])
    # All orders in one batch: deleted first, inserted second.
    kept = torch.from_numpy(np.stack([~removed, removed], axis=1)).to(pixels.device)
    shape = kept.shape[:3]
    kept = kept.flatten(0, 2)[:, :, None]
    color = model.model.mean_color
    whole, empty = _probabilities(model, torch.stack([pixels, color.expand_as(pixels)]), target)
    curves = {}
    for name, title in REPLACEMENT_TITLES.items():
        on_stage(f"deletion and insertion, {title}")
        values = np.empty((*shape[:2], len(FRACTIONS)))
        values[:, 0, 0] = values[:, 1, -1] = whole
        values[:, 0, -1] = values[:, 1, 0] = empty
        values[..., 1:-1] = np.concatenate(
            [
                _probabilities(model, _REPLACE[name](pixels, part, color), target)
                for part in torch.split(kept, model.batch_size(pixels))
            ]
        ).reshape(shape)
        curves[name] = _curves(values)
    return curves


def _curves(values: Array) -> Curves:
    """Return the curves of values (O, 2, P): order, deletion and insertion, fraction."""
    # Insertion in an order is deletion in the reverse order, read from its end; that of a random
    # order is random, too, and so both count for both curves.
    random = np.mean([values[2:, 0], values[2:, 1, ::-1]], axis=(0, 1))
    deletion, insertion = values[:2].swapaxes(0, 1)
    return Curves(
        {"map": deletion[0], "random": random, "edges": deletion[1]},
        {"map": insertion[0], "random": random[::-1].copy(), "edges": insertion[1]},
    )


def _mean_color(pixels: Tensor, kept: Tensor, color: Tensor) -> Tensor:
    return torch.where(kept, pixels, color)


_REPLACE = {"mean_color": _mean_color, "inpainting": inpaint}
"""From pixels (4, 3, H, W), those that are kept (N, 4, 1, H, W) and the mean colour to images."""


def _probabilities(model: BatchedModel, pixels: Tensor, target: Target) -> Array:
    result: Array = target.probability(model.logits(pixels)).double().cpu().numpy()
    return result
