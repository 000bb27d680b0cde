"""What a model's maps are like whatever it is shown."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.attribution.compute.batched_model import BatchedModel, Network
from workbench.attribution.compute.target import Target
from workbench.attribution.ground_truth.study import Prior

PICTURES = 8


def prior(network: Network, class_name: Sequence[str], size: int, seed: int) -> Prior:
    """Return what gives a state's mean |input × gradient| over pictures of uniform noise."""
    asking = BatchedModel(network)
    drawn = np.random.default_rng(seed).random((PICTURES, 4, 3, size, size), dtype=np.float32)
    pictures = torch.from_numpy(drawn).to(network.device)

    def of(state: str) -> NDArray[np.float32]:
        _, gradient = asking.gradients(pictures, Target("logit", class_name.index(state)))
        strength = (gradient * pictures).sum(dim=2).abs().mean(dim=0)
        result: NDArray[np.float32] = strength.float().cpu().numpy()
        return result

    return of
