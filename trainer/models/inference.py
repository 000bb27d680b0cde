"""Fast inference with a trained model: batch norm folded, results copied asynchronously."""

import copy
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from trainer.models.resnet import FourViewResNet, ModelOutput, to_pixels

FOLDING_TOLERANCE = 1e-3
"""Largest change of a logit by folding, as a fraction of the logits' standard deviation."""


class Inference:
    """A model on a device, in evaluation mode and channels-last memory format."""

    def __init__(self, model: FourViewResNet, device: torch.device, precision: str) -> None:
        """Move the model to the device; `precision` is "float32" or "bfloat16" (autocast)."""
        self._model = model.eval().requires_grad_(False)
        self._model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device
        self._precision = precision

    @torch.inference_mode()
    def __call__(self, views: Tensor) -> ModelOutput:
        """Return the float32 output, on the device, of views (B, 4, 3, H, W) uint8.

        A GPU may still be computing it when this returns.
        """
        bfloat16 = self._precision == "bfloat16"
        with torch.autocast(self._device.type, torch.bfloat16, enabled=bfloat16):
            output = self._model.forward_all(to_pixels(views, self._device))
        return map_output(lambda tensor: tensor.float(), output)


def map_output(function: Callable[[Tensor], Tensor], output: ModelOutput) -> ModelOutput:
    """Apply a function to each tensor of an output."""
    return ModelOutput(
        function(output.features),
        function(output.logits),
        None if output.view_features is None else function(output.view_features),
        None if output.view_logits is None else function(output.view_logits),
    )


def to_cpu_async(output: ModelOutput) -> Callable[[], ModelOutput]:
    """Start copying an output to the CPU; return a function that waits for the copy.

    The device computes on meanwhile; the wait may happen in another thread.
    """
    if output.logits.device.type != "cuda":
        return lambda: output
    cpu_output = map_output(lambda tensor: tensor.to("cpu", non_blocking=True), output)
    done = torch.cuda.Event()  # type: ignore[no-untyped-call]
    done.record()

    def wait() -> ModelOutput:
        done.synchronize()
        return cpu_output

    return wait


def fold_batch_norm(model: FourViewResNet) -> FourViewResNet:
    """Return a copy in evaluation mode with each batch norm folded into the convolution before it.

    Both are linear, w * (k * x) + b = (w * k) * x + b, so the outputs are equal up to rounding,
    and one pass over each feature map is saved.
    """
    result = copy.deepcopy(model).eval()
    for module in result.modules():
        for (name, convolution), (norm_name, norm) in pairwise(list(module.named_children())):
            # torchvision's blocks and shortcuts register both in the order of use.
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(convolution, norm))
                setattr(module, norm_name, nn.Identity())
    return result


@torch.inference_mode()
def folding_is_exact(model: FourViewResNet, folded: FourViewResNet, views: Tensor) -> bool:
    """Return whether the folded model gives views (B, 4, 3, H, W) uint8 the same logits.

    They may differ by `FOLDING_TOLERANCE` of the logits' standard deviation. Both models run on
    their own device in float32, so that only the folding can make a difference.
    """
    pixels = to_pixels(views, model.mean.device)
    logits, folded_logits = model(pixels), folded(pixels)
    # A NaN must fail this comparison, so it cannot be turned around.
    return bool((logits - folded_logits).abs().max() <= FOLDING_TOLERANCE * logits.std())
