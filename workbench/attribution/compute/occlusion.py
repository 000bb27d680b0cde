"""Occlusion (Zeiler & Fergus 2014), computed by captum."""

from captum.attr import Occlusion
from torch import Tensor

from common.progress import ProgressCallback, no_progress
from trainer.models.resnet import VIEWS
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.target import Target


def attribute(
    model: BatchedModel,
    pixels: Tensor,
    baseline: Tensor,
    target: Target,
    window: float,
    progress: ProgressCallback = no_progress,
) -> Tensor:
    """Return how much the output falls where a window of the baseline covers it, (4, H, W).

    `pixels` and `baseline` are (4, 3, H, W). The window's side is the fraction `window` of the
    view's, at least a pixel; it moves by half of it and lies on one view at a time. A pixel's value
    is the mean over the windows that cover it.
    """
    sides = pixels.shape[-2:]
    height, width = (max(1, round(side * window)) for side in sides)
    strides = [max(1, length // 2) for length in (height, width)]
    rows, columns = (
        -(-(side - length) // stride) + 1
        for side, length, stride in zip(sides, (height, width), strides, strict=True)
    )
    total, before = VIEWS * rows * columns, model.cost.forwards

    def output(batch: Tensor) -> Tensor:
        done = min(model.cost.forwards - before, total)
        progress(done / total, f"occlusion: {done:,} of {total:,} windows")
        return target(model.logits(batch))

    result: Tensor = Occlusion(output).attribute(
        pixels[None],
        sliding_window_shapes=(1, 3, height, width),
        strides=(1, 3, *strides),
        baselines=baseline[None],
        perturbations_per_eval=model.batch_size(pixels),
    )
    return result[0, :, 0].clone()
