"""Pretrained weights for the trunk: from torchvision by name, or from a local file."""

from pathlib import Path
from urllib.parse import urlparse

import torch
from safetensors.torch import load_file
from torch import Tensor
from torchvision.models import WeightsEnum, get_model_weights

from common.errors import InputError
from trainer.errors import TrainingError
from trainer.models.resnet import VIEWS, FourViewResNet

SUFFIXES = (".pth", ".pt", ".safetensors")
# Channel statistics of ImageNet, with which weights in torchvision's naming were trained.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def load_pretrained(model: FourViewResNet, weights: str) -> None:
    """Load pretrained weights into the trunk, and their channel statistics into the model.

    `weights` is torchvision's name of weights for this depth, such as IMAGENET1K_V2, downloaded
    into torch.hub's folder unless it is there; or a .pth, .pt or .safetensors file with the names
    of torchvision or of our checkpoints. The classifier stays unchanged. For `stack` fusion the
    first convolution is inflated (`inflate_convolution`). Raises InputError for an unknown name,
    for a file that is missing, damaged, of another depth or not just weights, and when the
    download fails.
    """
    check_weights(model.depth, weights)
    if weights.endswith(SUFFIXES):
        source, state = Path(weights), _load_file(Path(weights))
    else:
        source, state = _download(_available_weights(model.depth)[weights])
    try:
        _load_trunk(model, state)
    except (KeyError, IndexError, RuntimeError) as error:
        raise TrainingError(
            f"{source}: not the weights of a ResNet-{model.depth} for {model.fusion} fusion; "
            "choose other weights or set --depth to theirs."
        ) from error


def check_weights(depth: int, weights: str) -> None:
    """Raise InputError for a name unknown to torchvision at this depth, and for a missing file.

    Call it before any long work. Empty `weights`, for a trunk from scratch, are valid.
    """
    if weights.endswith(SUFFIXES):
        if not Path(weights).is_file():
            raise InputError(f"{weights}: there is no such file; give --weights the path of one.")
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


def _load_trunk(model: FourViewResNet, state: dict[str, Tensor]) -> None:
    """Load a state dict; raises KeyError, IndexError or RuntimeError unless it fits."""
    if any(name.startswith("trunk.") for name in state):
        # Checkpoints of versions 1 and 2 say deviation.
        mean, std = state["mean"], state["std" if "std" in state else "deviation"]
        trunk = {
            name.removeprefix("trunk."): tensor
            for name, tensor in state.items()
            if name.startswith("trunk.")
        }
    else:
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        trunk = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
    first = trunk["conv1.weight"]
    if model.fusion == "stack" and first.shape[1] == 3:
        trunk["conv1.weight"] = inflate_convolution(first)
    model.trunk.load_state_dict(trunk)
    model.mean.copy_(mean.view(3, 1, 1))
    model.std.copy_(std.view(3, 1, 1))


def _load_file(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a local file; raises InputError."""
    try:
        if path.suffix == ".safetensors":
            return _unwrap_state_dict(load_file(path))
        return _unwrap_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # A damaged pickle can raise anything.
        raise InputError(
            f"{path}: not a plain weights file: it is damaged, or it holds more than tensors, "
            "which could run code; save only its state_dict, or choose another file."
        ) from error


def _download(weights: WeightsEnum) -> tuple[Path, dict[str, Tensor]]:
    """Return the file and the tensors of torchvision's weights; raises InputError."""
    path = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(weights.url).path).name)
    try:
        # Neither torchvision nor torch.hub sets weights_only by default.
        state = weights.get_state_dict(
            progress=True, check_hash=True, map_location="cpu", weights_only=True
        )
        return path, _unwrap_state_dict(state)
    except Exception as error:  # Networks, disks and damaged pickles can raise anything.
        if path.is_file():
            raise InputError(
                f"{path}: not a plain weights file; remove it to download it again."
            ) from error
        raise InputError(
            f"{weights.url}: the download failed ({error}); download the file on another machine "
            "and give --weights its path."
        ) from error


def _unwrap_state_dict(document: object) -> dict[str, Tensor]:
    """Return the tensors of a state dict, which may be wrapped; raises ValueError for other data.

    Training scripts save it under "state_dict" or "model" beside other values, and
    DistributedDataParallel prefixes its names with "module.".
    """
    for key in ("state_dict", "model"):
        if isinstance(document, dict) and isinstance(document.get(key), dict):
            document = document[key]
    if not isinstance(document, dict) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in document.items()
    ):
        raise ValueError("not a state_dict")
    return {name.removeprefix("module."): tensor for name, tensor in document.items()}
