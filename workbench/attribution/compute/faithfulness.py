"""Faithfulness: how the probability changes when parts of the photographs are replaced."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class LocationEffects:
    """What the checks of all maps of a location share, for one target: probabilities.

    `view_effects` (4,) and `rotation_effects` (3,) are those of `Checks`. `whole` and `empty` are
    the probabilities with every patch and without any. `controls` have, by replacement, those of
    orders that know no map (O, 2, P-2): edges, then random ones; deletion and insertion; fractions
    between 0 and 1.
    """

    view_effects: Array
    rotation_effects: Array
    whole: float
    empty: float
    controls: Mapping[str, Array]


def location_effects(
    model: BatchedModel, pixels: Tensor, target: Target, on_stage: StageCallback
) -> LocationEffects:
    """Return what the checks of all maps of a location share."""
    on_stage("view and rotation effects")
    color = model.model.mean_color
    without = pixels.repeat(VIEWS, 1, 1, 1, 1)
    for view in range(VIEWS):
        without[view, view] = color
    # Rotated by 90 degrees, the northern view becomes the eastern one.
    rotated = torch.stack([pixels.roll(quarter, dims=0) for quarter in range(1, VIEWS)])
    empty = color.expand_as(pixels)[None]
    images = torch.cat([pixels[None], empty, without, rotated])
    whole, empty_value, *effects = _probabilities(model, images, target).tolist()
    changes = np.array(effects) - whole
    by_edges = patch_means(edges(pixels.mean(dim=1).cpu().numpy()))
    generator = np.random.default_rng(SEED)
    orders = [by_edges, *(generator.random(by_edges.shape) for _ in range(RANDOM_ORDERS))]
    controls = {}
    for name, title in REPLACEMENT_TITLES.items():
        on_stage(f"random order and edges, {title}")
        controls[name] = _inner_values(model, pixels, orders, target, name)
    return LocationEffects(changes[:VIEWS], changes[VIEWS:], whole, empty_value, controls)


def deletion_and_insertion(
    model: BatchedModel,
    pixels: Tensor,
    map_: NDArray[np.float32],
    target: Target,
    effects: LocationEffects,
    on_stage: StageCallback,
) -> dict[str, Curves]:
    """Return the deletion and insertion curves by replacement (Petsiuk et al. 2018).

    With either replacement, the image without any patch has the mean colour everywhere.
    """
    curves = {}
    for name, title in REPLACEMENT_TITLES.items():
        on_stage(f"deletion and insertion, {title}")
        map_values = _inner_values(model, pixels, [patch_means(map_)], target, name)
        inner = np.concatenate([map_values, effects.controls[name]])
        values = np.empty((*inner.shape[:2], len(FRACTIONS)))
        values[..., 1:-1] = inner
        values[:, 0, 0] = values[:, 1, -1] = effects.whole
        values[:, 0, -1] = values[:, 1, 0] = effects.empty
        curves[name] = _curves(values)
    return curves


def _inner_values(
    model: BatchedModel, pixels: Tensor, orders: Sequence[Array], target: Target, replacement: str
) -> Array:
    """Return the probabilities (O, 2, P-2) of deletion and insertion in orders (O, 4, R, C)."""
    height, width = pixels.shape[-2:]
    inner = FRACTIONS[1:-1, None, None, None]
    removed = np.stack([removal_times(order, height, width) < inner for order in orders])
    # All orders in one batch: deleted first, inserted second.
    kept = torch.from_numpy(np.stack([~removed, removed], axis=1)).to(pixels.device)
    replace = _REPLACE[replacement]
    return np.concatenate(
        [
            _probabilities(model, replace(pixels, part, model.model.mean_color), target)
            for part in torch.split(kept.flatten(0, 2)[:, :, None], model.batch_size(pixels))
        ]
    ).reshape(kept.shape[:3])


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
