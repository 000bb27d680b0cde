"""A control for maps: what they look like for images of noise."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.attribution.compute.batched_model import BatchedModel, FrozenModel
from workbench.attribution.compute.target import Target
from workbench.attribution.ground_truth.study import NoiseControl

IMAGES = 8


def noise_control(
    model: FrozenModel, class_names: Sequence[str], size: int, seed: int
) -> NoiseControl:
    """Return a function from a class to its mean |input × gradient| over noise images."""
    batched = BatchedModel(model)
    noise = np.random.default_rng(seed).random((IMAGES, 4, 3, size, size), dtype=np.float32)
    images = torch.from_numpy(noise).to(model.device)

    def mean_map(class_name: str) -> NDArray[np.float32]:
        target = Target("logit", class_names.index(class_name))
        _, gradients = batched.gradients(images, target)
        mean = (gradients * images).sum(dim=2).abs().mean(dim=0)
        result: NDArray[np.float32] = mean.float().cpu().numpy()
        return result

    return mean_map
