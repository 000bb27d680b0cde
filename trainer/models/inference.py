"""A trained model made ready to answer, as fast as it can without answering anything else."""

import copy
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from trainer.models.resnet import FourViewResNet, ModelOutput, to_pixels

FOLDING_TOLERANCE = 1e-3
"""Share of the logits' standard deviation that folding may change a logit by."""


class Inference:
    """A model on a device, in evaluation mode, its channels last."""

    def __init__(self, model: FourViewResNet, device: torch.device, precision: str) -> None:
        """Take the model, which is moved, and "float32" or "bfloat16" for its convolutions."""
        self._model = model.eval().requires_grad_(False)
        self._model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = device
        self._precision = precision

    @torch.inference_mode()
    def __call__(self, views: Tensor) -> ModelOutput:
        """Return what views (B, 4, 3, H, W) uint8 give, in float32, on the device.

        A GPU may still be computing it when this returns.
        """
        half = self._precision == "bfloat16"
        with torch.autocast(self._device.type, torch.bfloat16, enabled=half):
            output = self._model.forward_all(to_pixels(views, self._device))
        return map_output(lambda tensor: tensor.float(), output)


def map_output(work: Callable[[Tensor], Tensor], output: ModelOutput) -> ModelOutput:
    """Return an output with something done to each of its tensors."""
    return ModelOutput(
        work(output.features),
        work(output.logits),
        None if output.view_features is None else work(output.view_features),
        None if output.view_logits is None else work(output.view_logits),
    )


def to_cpu_async(output: ModelOutput) -> Callable[[], ModelOutput]:
    """Let an output come to main memory, and return what waits for it there.

    The device computes on meanwhile; another thread may wait.
    """
    if output.logits.device.type != "cuda":
        return lambda: output
    here = map_output(lambda tensor: tensor.to("cpu", non_blocking=True), output)
    arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
    arrived.record()

    def wait() -> ModelOutput:
        arrived.synchronize()
        return here

    return wait


def fold_batch_norm(model: FourViewResNet) -> FourViewResNet:
    """Return a copy whose batch normalisations are part of the convolutions before them.

    In evaluation mode both are linear, w * (k * x) + b = (w * k) * x + b, so that it answers the
    same up to rounding, without passing over each feature map once more.
    """
    result = copy.deepcopy(model).eval()
    for module in result.modules():
        for (name, convolution), (norm_name, norm) in pairwise(list(module.named_children())):
            # torchvision's blocks and shortcuts hold both in the order in which they are used.
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(convolution, norm))
                setattr(module, norm_name, nn.Identity())
    return result


@torch.inference_mode()
def folding_is_exact(model: FourViewResNet, other: FourViewResNet, views: Tensor) -> bool:
    """Return whether two models give views (B, 4, 3, H, W) uint8 the same logits.

    They may differ by `FOLDING_TOLERANCE` of the logits' standard deviation. Both are asked where
    they are, in float32: what a GPU or bfloat16 rounds differently is not the folding's.
    """
    pixels = to_pixels(views, model.mean.device)
    logit, others = model(pixels), other(pixels)
    # Not the other way round: a difference that is no number is none that is small enough.
    return bool((logit - others).abs().max() <= FOLDING_TOLERANCE * logit.std())
