"""Pretrained weights for the trunk: from torchvision by name, or from a local file."""

from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor, nn
from torchvision.models import WeightsEnum, get_model, get_model_weights

from common.errors import InputError
from common.files import check_readable
from common.system_errors import explain, is_system_error
from trainer.config import DEPTHS
from trainer.errors import TrainingError
from trainer.models.resnet import VIEWS, FourViewResNet
from trainer.models.weights_file import (
    MISSING,
    Tensors,
    named_tensors,
    read_weights,
    resnet_prefix,
    trunk_tensors,
)

SUFFIXES = (".pth", ".pt", ".safetensors")
# Channel statistics of ImageNet, with which weights in torchvision's naming were trained.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
OUR_PREFIX = "trunk."
RELATIVES = [
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
]
"""torchvision's other networks whose tensors have the same names."""


def load_pretrained(model: FourViewResNet, weights: str) -> None:
    """Load pretrained weights into the trunk, and their channel statistics into the model.

    `weights` is torchvision's name of weights for this depth, such as IMAGENET1K_V2, downloaded
    into torch.hub's folder unless it is there; or a .pth, .pt or .safetensors file with the names
    of torchvision or of our checkpoints, whatever precedes them (`weights_file`). The classifier
    stays unchanged. For `stack` fusion the first convolution is inflated (`inflate_convolution`).
    Raises InputError for an unknown name, for a file that is missing, damaged, of another network
    or not just weights, and when the download fails.
    """
    check_weights(model.depth, weights)
    if weights.endswith(SUFFIXES):
        source, tensors = Path(weights), read_weights(Path(weights))
    else:
        source, tensors = _download(_available_weights(model.depth)[weights])
    try:
        _load_trunk(model, tensors)
    except ValueError as error:
        raise TrainingError(
            f"{source}: not the weights of a ResNet-{model.depth} for {model.fusion} fusion: "
            f"{error}."
        ) from error


def check_weights(depth: int, weights: str) -> None:
    """Raise InputError for a name unknown to torchvision at this depth, and for a missing file.

    Call it before any long work. Empty `weights`, for a trunk from scratch, are valid.
    """
    if weights.endswith(SUFFIXES):
        check_readable(Path(weights), MISSING)
    elif weights and weights not in _available_weights(depth):
        raise InputError(
            f"--weights {weights}: torchvision has no such weights for a ResNet-{depth}; choose "
            f"{' or '.join(_available_weights(depth))}, or a {', '.join(SUFFIXES)} file."
        )


def inflate_convolution(convolution: Tensor) -> Tensor:
    """Return the weights (K, 12, h, w) of a convolution over four views, from (K, 3, h, w).

    Four equal views give the same response as one view did before.
    """
    return convolution.repeat(1, VIEWS, 1, 1) / VIEWS


def _available_weights(depth: int) -> dict[str, WeightsEnum]:
    return {weights.name: weights for weights in get_model_weights(f"resnet{depth}")}


def _load_trunk(model: FourViewResNet, tensors: Tensors) -> None:
    """Load tensors into the trunk.

    Raises ValueError, whose message is the rest of a sentence, if they do not fit.
    """
    prefix = resnet_prefix(tensors)
    trunk = trunk_tensors(tensors, prefix)
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    if prefix.endswith(OUR_PREFIX):
        model_prefix = prefix.removesuffix(OUR_PREFIX)
        # Checkpoints of versions 1 and 2 say deviation.
        found = [tensors.get(model_prefix + name) for name in ("mean", "std", "deviation")]
        statistics = [one.flatten() for one in found if one is not None and one.numel() == 3]
        if len(statistics) != 2:
            raise ValueError(
                "its channel statistics mean and std are missing; use the file of the run"
            )
        mean, std = statistics
    first = trunk.get("conv1.weight")
    if model.fusion == "stack" and first is not None and first.ndim == 4 and first.shape[1] == 3:
        trunk["conv1.weight"] = inflate_convolution(first)
    if not _fits(trunk, model.trunk):
        raise ValueError(_difference(trunk, model))
    model.trunk.load_state_dict(trunk)
    model.mean.copy_(mean.view(3, 1, 1))
    model.std.copy_(std.view(3, 1, 1))


def _fits(tensors: Tensors, trunk: nn.Module) -> bool:
    return not any(_misfits(tensors, trunk))


def _misfits(tensors: Tensors, trunk: nn.Module) -> tuple[list[str], list[str], list[str]]:
    """Return the names that are missing, unknown, and of another shape."""
    expected = {
        name: tensor for name, tensor in trunk.state_dict().items() if not name.startswith("fc.")
    }
    return (
        # Before version 0.4.1 torch did not count the batches.
        [name for name in expected.keys() - tensors if not name.endswith("num_batches_tracked")],
        [name for name in tensors if name not in expected],
        [
            name
            for name, tensor in expected.items()
            if name in tensors and tensors[name].shape != tensor.shape
        ],
    )


def _difference(tensors: Tensors, model: FourViewResNet) -> str:
    """Return why tensors do not fit the trunk, and what to do."""
    missing, unknown, other_shape = map(sorted, _misfits(tensors, model.trunk))
    if [*missing, *unknown, *other_shape] == ["conv1.weight"] and other_shape:
        shape = tuple(tensors["conv1.weight"].shape)
        remedy = "set --fusion stack" if shape[1:2] == (12,) else "choose others"
        return f"its first convolution has the shape {shape}; {remedy}"
    for name in [f"resnet{depth}" for depth in DEPTHS if depth != model.depth] + RELATIVES:
        with torch.device("meta"):
            other = get_model(name, weights=None)
        if _fits(tensors | {"conv1.weight": other.get_parameter("conv1.weight")}, other):
            depth = name.removeprefix("resnet")
            title, remedy = (
                (f"ResNet-{depth}", f"set --depth {depth}")
                if depth.isdecimal()
                else (name, "choose others")
            )
            return f"it holds those of a {title}; {remedy}"
    for names, phrase in (
        (missing, "is missing"),
        (unknown, "is no part of it"),
        (other_shape, "has another shape"),
    ):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            return f"{names[0]} {phrase}{more}; choose others"
    raise AssertionError("they fit")


def _download(weights: WeightsEnum) -> tuple[Path, Tensors]:
    """Return the file and the tensors of torchvision's weights; raises InputError."""
    path = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(weights.url).path).name)
    try:
        # Neither torchvision nor torch.hub sets weights_only by default.
        state = weights.get_state_dict(
            progress=True, check_hash=True, map_location="cpu", weights_only=True
        )
        return path, dict(named_tensors(state))
    except Exception as error:  # Networks, disks and damaged pickles can raise anything.
        if is_system_error(error) and not isinstance(error, ConnectionError | TimeoutError):
            raise InputError(f"{path}: {explain(error)}.") from error
        if path.is_file():
            raise InputError(
                f"{path}: not a plain weights file; remove it to download it again."
            ) from error
        raise InputError(
            f"{weights.url}: the download failed ({error}); download the file on another machine "
            "and give --weights its path."
        ) from error
