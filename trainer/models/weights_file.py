"""Weights files of other programs: their tensors by name, without running what they hold."""

import argparse
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from common.errors import InputError
from common.files import check_readable
from common.system_errors import explain, is_system_error

Tensors = dict[str, Tensor]

MISSING = "there is no such file; give --weights the path of one"
_TEXT_START = re.compile(rb"[\t\n\r -~]{16,}")
# What wrappers of torch add anywhere in a name.
_WRAPPERS = re.compile(r"(?<![^.])(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
_GLOBAL = re.compile(r"GLOBAL (\S+)")
_RESNET = re.compile(r"((?:.*\.)?)layer[1-4]\.\d+\.conv\d\.weight")
_SEQUENTIAL = re.compile(r"((?:.*\.)?)[4-7]\.\d+\.conv\d\.weight")
"""Names in `Sequential(*resnet.children())`, which has `_CHILDREN`."""
_CHILDREN = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
_TRUNK = re.compile(r"(conv|bn|layer)\d")
_TRANSFORMER = re.compile(r"cls_token|class_token|pos_embed|attn|attention")


def read_weights(path: Path) -> Tensors:
    """Return the tensors in a .pth, .pt or .safetensors file by name.

    Those in dictionaries inside, such as `state_dict`, have their keys before the name. Nothing in
    the file is executed. Raises InputError naming the cause.
    """
    check_readable(path, MISSING)
    with path.open("rb") as file:
        start = file.read(64)
    try:
        if start[8:9] == b"{":
            document: object = load_file(path)
        else:
            document = _load_pickle(path)
    except Exception as error:  # A damaged pickle can raise anything.
        if is_system_error(error):
            raise InputError(f"{path}: {explain(error)}.") from error
        raise InputError(f"{path}: not a plain weights file: {_cause(start, error)}.") from error
    tensors = dict(named_tensors(document))
    if not tensors:
        raise InputError(
            f"{path}: not a plain weights file: it holds no tensors with names; save a state_dict."
        )
    return tensors


def _load_pickle(path: Path) -> object:
    with (
        path.open("rb") as file,  # Torch would judge a path by its suffix.
        torch.serialization.safe_globals([argparse.Namespace]),  # As torchvision's scripts save.
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # Of TorchScript, before it is refused.
        return torch.load(file, map_location="cpu", weights_only=True)


def named_tensors(document: object, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors in nested dictionaries, their keys joined by "."."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            if isinstance(key, str):
                yield from named_tensors(value, f"{prefix}{key}.")
    elif isinstance(document, Tensor) and prefix:
        yield _WRAPPERS.sub("", prefix).removesuffix("."), document


def resnet_prefix(tensors: Tensors) -> str:
    """Return what precedes torchvision's names of a ResNet, such as "state_dict.module.".

    Of two ResNets in a file, the one in `state_dict` or `model` is taken rather than, say, its
    average in `state_dict_ema`. Raises ValueError, whose message is the rest of a sentence, where
    there is none, or none of several is to be preferred.
    """
    for pattern in (_RESNET, _SEQUENTIAL):
        found = sorted({match[1] for name in tensors if (match := pattern.fullmatch(name))})
        preferred = [one for one in found if one.startswith(("state_dict.", "model."))]
        for prefixes in (found, preferred):
            if len(prefixes) == 1:
                return prefixes[0]
        if found:
            names = ", ".join(prefix or "no prefix" for prefix in found)
            raise ValueError(f"it holds several ResNets ({names}); save the state_dict of one")
    if any(_TRANSFORMER.search(name) for name in tensors):
        raise ValueError("it holds those of a transformer; choose those of a ResNet")
    raise ValueError(
        f"its tensors have other names, such as {min(tensors)}; rename them as torchvision does"
    )


def trunk_tensors(tensors: Tensors, prefix: str) -> Tensors:
    """Return the tensors of a ResNet by torchvision's names, without its head and other parts."""
    names = {name: name.removeprefix(prefix) for name in tensors if name.startswith(prefix)}
    if not any(_RESNET.fullmatch(name) for name in names.values()):
        parts = {name: short.partition(".") for name, short in names.items()}
        names = {
            name: f"{_CHILDREN[first]}.{rest}"
            for name, (first, _, rest) in parts.items()
            if first in _CHILDREN
        }
    return {short: tensors[name] for name, short in names.items() if _TRUNK.match(short)}


def _cause(start: bytes, error: Exception) -> str:
    """Return why torch or safetensors could not read a file, and the remedy."""
    message = str(error)
    if _TEXT_START.match(start):
        return "it is text, such as a web page or a Git LFS pointer; download it again"
    if "TorchScript" in message:
        return "it is a TorchScript archive; save the state_dict of the model"
    if unsafe := _GLOBAL.search(message):
        return (
            f"besides tensors it holds {unsafe[1]}, which could run code; save only its state_dict,"
            " or choose another file"
        )
    return (
        "it is damaged or cut off, or it holds more than tensors, which could run code; copy it "
        "again, save only its state_dict, or choose another file"
    )
