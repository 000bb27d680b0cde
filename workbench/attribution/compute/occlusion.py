"""Occlusion and Grad-CAM: maps without an integral, by captum."""

from collections.abc import Callable

from captum import attr as captum
from torch import Tensor
from torch.nn.functional import interpolate

from trainer.models.resnet import CONCAT_DIM, VIEWS
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.target import Target


def occlusion(
    asking: BatchedModel,
    pixels: Tensor,
    target: Target,
    baseline: Tensor,
    window: float,
    report: Callable[[int, int], None],
) -> Tensor:
    """Return how much the output falls where a window of the baseline covers it, (4, H, W).

    Takes pixels (4, 3, H, W) and one baseline of that shape. The window's side is the fraction
    `window` of the view's, at least a pixel, it moves by half of it and lies on one view at a
    time; a pixel's value is the mean over the windows that cover it (Zeiler & Fergus 2014).
    `report` is called with the windows done and how many there are.
    """
    sides = pixels.shape[-2:]
    tall, wide = (max(1, round(side * window)) for side in sides)
    steps = [max(1, length // 2) for length in (tall, wide)]
    rows, columns = (
        -(-(side - length) // step) + 1
        for side, length, step in zip(sides, (tall, wide), steps, strict=True)
    )
    total, before = VIEWS * rows * columns, asking.cost.forwards

    def output(batch: Tensor) -> Tensor:
        report(min(asking.cost.forwards - before, total), total)
        return target(asking.logits(batch))

    made: Tensor = captum.Occlusion(output).attribute(
        pixels[None],
        sliding_window_shapes=(1, 3, tall, wide),
        strides=(1, 3, *steps),
        baselines=baseline[None],
        perturbations_per_eval=asking.at_once(pixels),
    )
    return made[0, :, 0].clone()


def grad_cam(asking: BatchedModel, pixels: Tensor, target: Target) -> Tensor:
    """Return the last block's channels weighted by their mean gradients, (4, H, W), signed.

    Selvaraju et al. 2017, equations 1 and 2, without the rectifier, which would hide what speaks
    against a class; bilinearly enlarged from a 32nd of the view. With `stack` the views have one
    map in common, which all four then show.
    """
    model = asking.network.model
    height, width = pixels.shape[-2:]
    cam: Tensor = captum.LayerGradCam(
        lambda batch: target(asking.watched(batch)), model.trunk.layer4
    ).attribute(pixels[None].detach().requires_grad_(True))
    cam = cam.detach()
    axis = CONCAT_DIM.get(model.fusion)
    if axis is None:
        return interpolate(cam, (height, width), mode="bilinear")[:, 0]
    if axis == 1:
        return interpolate(cam, (height, width), mode="bilinear")[0].expand(VIEWS, -1, -1)
    wide = interpolate(cam, (height, VIEWS * width), mode="bilinear")
    return wide[0, 0].reshape(height, VIEWS, width).transpose(0, 1)
