"""Sanity checks: how the map depends on baseline, small noise, learned weights and photograph.

Each check compares maps that are computed again with few gradients.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.faithfulness import StageCallback
from workbench.attribution.compute.methods import Inputs, attribute
from workbench.attribution.compute.model_randomization import cascade
from workbench.attribution.compute.patches import Map, similarity
from workbench.attribution.compute.target import Target
from workbench.attribution.request import (
    BASELINE_METHODS,
    BASELINE_TITLES,
    BASELINES,
    AttributionRequest,
    Baseline,
)

NOISY_COPIES = 3
NOISE_IMAGES = 4
NOISE_STD = 0.02
"""Standard deviation of the small noise as a fraction of the pixel range: 5 of 255."""
CHECKED_STAGES = ("classifier", "layer3", "conv1")
"""Stages of the cascade with a map; the verdict needs the last one."""
SEED = 0


RoughMap = Callable[..., Map]
"""Computes the map (4, H, W) with few gradients, of another `model`, `pixels` or `baseline`."""


def rough_map_of(
    model: BatchedModel, inputs: Inputs, request: AttributionRequest, target: Target
) -> RoughMap:
    """Return the function that computes rough maps for a request."""
    inputs = replace(inputs, references=cache(inputs.references))  # They are read from files.
    rough = replace(
        request,
        completeness_tolerance=1.0,
        map_tolerance=0.25,
        max_evaluations=32,
        n_samples=min(2, request.n_samples),
        window=max(1 / 3, request.window),
    )

    def compute(
        model: BatchedModel = model,
        pixels: Tensor = inputs.pixels,
        baseline: Baseline | None = None,
    ) -> Map:
        changed = replace(rough, baseline=baseline, baseline_location="") if baseline else rough
        return attribute(model, replace(inputs, pixels=pixels), changed, target).to_numpy()

    return compute


def other_baselines(request: AttributionRequest) -> tuple[Baseline, ...]:
    """Return the baselines to compare with; "location" is none, as it needs another location."""
    if request.method not in BASELINE_METHODS:
        return ()
    return tuple(name for name in BASELINES if name not in ("location", request.baseline))


def baseline_agreement(
    compute: RoughMap, reference: Map, request: AttributionRequest, on_stage: StageCallback
) -> dict[str, float]:
    """Return the similarity of the map with those of all other baselines."""
    result: dict[str, float] = {}
    for name in other_baselines(request):
        on_stage(f"baseline {BASELINE_TITLES[name]}")
        result[name] = similarity(reference, compute(baseline=name))
    return result


def noise_stability(
    compute: RoughMap, reference: Map, pixels: Tensor, on_stage: StageCallback
) -> NDArray[np.float64]:
    """Return the similarity (K,) of the map with those under small normal noise."""
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn((NOISY_COPIES, *pixels.shape), generator=generator).to(pixels.device)
    result = []
    for copy in (pixels + NOISE_STD * noise).clamp(0, 1):
        on_stage("small noise")
        result.append(similarity(reference, compute(pixels=copy)))
    return np.array(result)


def input_randomization(
    compute: RoughMap, reference: Map, pixels: Tensor, on_stage: StageCallback
) -> float:
    """Return the similarity of |map| with its mean over images of uniform noise."""
    # Not torch's generator: a request's own noise baseline may come from the same seed.
    noise = np.random.default_rng(SEED).random((NOISE_IMAGES, *pixels.shape), dtype=np.float32)
    maps = []
    for image in torch.from_numpy(noise).to(pixels.device):
        on_stage("noise images")
        maps.append(np.abs(compute(pixels=image)))
    return similarity(np.abs(reference), np.mean(maps, axis=0))


def model_randomization(
    compute: RoughMap, reference: Map, model: BatchedModel, on_stage: StageCallback
) -> dict[str, float]:
    """Return the similarity of the map with those of models with random weights, by stage."""
    result = {}
    for stage, module in cascade(model.model.module, SEED):
        if stage not in CHECKED_STAGES:
            continue
        on_stage(f"random weights down to {stage}")
        result[stage] = similarity(reference, compute(model=model.with_module(module)))
    return result
