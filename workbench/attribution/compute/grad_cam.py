"""Grad-CAM (Selvaraju et al. 2017), computed by captum."""

from captum.attr import LayerGradCam
from torch import Tensor
from torch.nn.functional import interpolate

from trainer.models.resnet import CONCAT_DIM, VIEWS
from workbench.attribution.compute.batched_model import BatchedModel
from workbench.attribution.compute.target import Target


def attribute(model: BatchedModel, pixels: Tensor, target: Target) -> Tensor:
    """Return the last block's channels weighted by their mean gradients, (4, H, W), signed.

    Equations 1 and 2 of the paper without the rectifier, which would hide what lowers the output;
    bilinearly enlarged from a 32nd of the view. With `stack` fusion the four views share one map.
    """
    module = model.model.module
    height, width = pixels.shape[-2:]
    cam: Tensor = LayerGradCam(
        lambda batch: target(model.logits_with_graph(batch)), module.trunk.layer4
    ).attribute(pixels[None].detach().requires_grad_(True))
    cam = cam.detach()
    axis = CONCAT_DIM.get(module.fusion)
    if axis is None:
        return interpolate(cam, (height, width), mode="bilinear")[:, 0]
    if axis == 1:
        return interpolate(cam, (height, width), mode="bilinear")[0].expand(VIEWS, -1, -1)
    wide = interpolate(cam, (height, VIEWS * width), mode="bilinear")
    return wide[0, 0].reshape(height, VIEWS, width).transpose(0, 1)
