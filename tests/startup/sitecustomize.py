"""Runs at the start of every Python process of the tests: makes torchvision's ResNets tiny.

While the environment variable TINY_TRUNK is set, `torchvision.models.get_model("resnet18")` and the
other depths give some ten thousand parameters in place of eleven million. Names and order of the
modules are torchvision's, and each depth has a state_dict of its own. `tests/conftest.py` sets the
variable and puts this folder on PYTHONPATH, which Python searches for `sitecustomize`.
"""

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from types import ModuleType
from typing import Any

# Blocks of layer1 to layer4, in place of 2 to 36.
BLOCKS = {
    "resnet18": (1, 1, 1, 1),
    "resnet34": (1, 2, 1, 1),
    "resnet50": (1, 1, 1, 1),
    "resnet101": (1, 2, 1, 1),
    "resnet152": (1, 1, 2, 1),
}
# A layer has this many times fewer channels than torchvision's, but not less than the fewest:
# 8, 8, 16 and 32. With 4, oneDNN of torch 2.14 writes beyond its memory in the backward pass of the
# shortcut to layer2 (1 x 1, stride 2, channels last) on processors without AVX-512.
THINNER = 16
FEWEST = 8
MODULE = "torchvision.models"


class _Loader(importlib.abc.Loader):
    """Loads a module as another loader does, and then shrinks its models."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self.loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        shrink()


class _Finder(importlib.abc.MetaPathFinder):
    """Finds `torchvision.models` only."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


def shrink() -> None:
    """Replace what `torchvision.models.get_model` builds under the names of ResNets."""
    from torch import nn
    from torchvision.models import _api
    from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

    class TinyResNet(ResNet):  # type: ignore[misc]
        def _make_layer(self, block: Any, planes: int, *arguments: Any, **options: Any) -> Any:
            return super()._make_layer(block, max(planes // THINNER, FEWEST), *arguments, **options)

    def builder(name: str, real: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
        @wraps(real)  # The annotations say which weights there are.
        def build(*, num_classes: int = 1000, **options: Any) -> nn.Module:
            if not os.environ.get("TINY_TRUNK"):
                return real(num_classes=num_classes, **options)
            if options.pop("weights", None) is not None:
                raise ValueError("a tiny trunk has no weights of torchvision: see real_resnet")
            block = BasicBlock if name in ("resnet18", "resnet34") else Bottleneck
            trunk = TinyResNet(block, BLOCKS[name], num_classes=1, **options)
            trunk.fc = nn.Linear(512 // THINNER * block.expansion, num_classes)
            return trunk

        return build

    for name in BLOCKS:
        _api.BUILTIN_MODELS[name] = builder(name, _api.BUILTIN_MODELS[name])


if MODULE in sys.modules:
    shrink()
elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
    sys.meta_path.insert(0, _Finder())
