"""Controls for maps: what they look like without the photograph, the weights, or the model."""

import numpy as np
import torch
from numpy.typing import NDArray

from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.model_randomization import cascade
from workbench.attribution.compute.patches import edges
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.attribution.compute.target import Target
from workbench.attribution.ground_truth.study import (
    EDGES,
    NOISE,
    RANDOM_MODEL,
    ControlMap,
    MethodConfig,
)
from workbench.store import Store

NOISE_IMAGES = 8


def model_controls(
    explainer: StoreExplainer, store: Store, seed: int
) -> dict[MethodConfig, ControlMap]:
    """Return the controls that need photographs or a model.

    `EDGES` is Sobel's gradient of the photograph, `NOISE` the mean |input × gradient| of the true
    class's logit over images of uniform noise, `RANDOM_MODEL` the difference from the mean colour
    × gradient of that logit with random weights.
    """
    batched = BatchedModel(explainer.model)
    *_, (_, module) = cascade(explainer.model.module, seed)
    random = batched.with_module(module)
    size = explainer.size
    noise = np.random.default_rng(seed).random((NOISE_IMAGES, 4, 3, size, size), dtype=np.float32)
    images = torch.from_numpy(noise).to(explainer.model.device)
    noise_maps: dict[int, NDArray[np.float32]] = {}

    def of_edges(row: int) -> NDArray[np.float32]:
        gray = explainer.pixels(store.location_ids[row]).mean(dim=1).cpu().numpy()
        return edges(gray).astype(np.float32)

    def of_noise(row: int) -> NDArray[np.float32]:
        label = int(store.labels[row])
        if label not in noise_maps:
            _, gradients = batched.gradients(images, Target("logit", label))
            mean = (gradients * images).sum(dim=2).abs().mean(dim=0)
            noise_maps[label] = mean.float().cpu().numpy()
        return noise_maps[label]

    def of_random_model(row: int) -> NDArray[np.float32]:
        pixels = explainer.pixels(store.location_ids[row])
        _, gradients = random.gradients(pixels[None], Target("logit", int(store.labels[row])))
        map_ = (gradients[0] * (pixels - explainer.model.mean_color)).sum(dim=1)
        result: NDArray[np.float32] = map_.float().cpu().numpy()
        return result

    return {EDGES: of_edges, NOISE: of_noise, RANDOM_MODEL: of_random_model}
