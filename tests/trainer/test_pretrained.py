import argparse
import os
import pickle
import re
import socket
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights, get_model, resnet18, resnet34

from common.errors import InputError
from trainer.models.pretrained import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    inflate_convolution,
    load_pretrained,
)
from trainer.models.resnet import FourViewResNet

pytestmark = pytest.mark.real_resnet  # The network itself is the point.

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def donor() -> nn.Module:
    """Return a ResNet-18 as torchvision makes it, with statistics as if it had been trained."""
    torch.manual_seed(0)
    network: nn.Module = resnet18().train()
    with torch.no_grad():
        network(torch.randn(8, 3, 64, 64))
    return network.eval()


def make_model(fusion: str = "medium") -> FourViewResNet:
    torch.manual_seed(1)
    return FourViewResNet(fusion, 4, depth=18).eval()


def penultimate(network: nn.Module, images: Tensor) -> Tensor:
    """Return what a torchvision ResNet gives before its head."""
    return nn.Sequential(*list(network.children())[:-1])(images).flatten(1)  # type: ignore[no-any-return]


def imagenet(pixels: Tensor) -> Tensor:
    mean, deviation = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    return (pixels - mean[:, None, None]) / deviation[:, None, None]


def close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5)


def refusal(weights: str | Path, model: FourViewResNet | None = None) -> str:
    """Return the sentence with which weights are refused."""
    with pytest.raises(InputError) as refused:
        load_pretrained(model or make_model(), str(weights))
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def prefixed(prefix: str) -> Callable[[State], State]:
    """Return a function that puts a prefix before each name."""
    return lambda state: {prefix + name: one for name, one in state.items()}


# The positions of the parts of a ResNet in `Sequential(*resnet.children())`.
CHILDREN = {name: str(index) for index, (name, _) in enumerate(resnet18().named_children())}
WRAPPINGS: dict[str, Callable[[State], object]] = {
    "bare": lambda state: state,
    "state_dict": lambda state: {"epoch": 3, "state_dict": state},
    "model": lambda state: {"model": state, "optimizer": {"step": 1}},
    "torchvision's references": lambda state: {
        "model": state,
        "model_ema": {f"module.{name}": one + 1 for name, one in state.items()},
        "args": argparse.Namespace(lr=0.1),
    },
    "compiled replicas": prefixed("module._orig_mod."),
    "a compiled layer": lambda state: {
        name.replace("layer1.", "layer1._orig_mod."): one for name, one in state.items()
    },
    "lightning": lambda state: {"state_dict": prefixed("model.backbone.")(state), "lr": 1.0},
    "with a projector": lambda state: state | {"projector.0.weight": torch.zeros(3, 3)},
    "sequential": lambda state: {
        "features." + re.sub(r"^\w+", lambda part: CHILDREN[part[0]], name): one
        for name, one in state.items()
        if not name.startswith("fc.")
    },
    "replicas": lambda state: {"model": {f"module.{name}": one for name, one in state.items()}},
    # Before version 0.4.1 torch did not count the batches.
    "old": lambda state: {
        name: one for name, one in state.items() if not name.endswith("num_batches_tracked")
    },
    "half": lambda state: {name: one.half() for name, one in state.items()},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_torchvision_state_becomes_the_trunk(
    wrapping: str, donor: nn.Module, tmp_path: Path
) -> None:
    state = donor.state_dict()
    torch.save(WRAPPINGS[wrapping](state), tmp_path / "weights.pth")
    model = make_model()
    classifier = model.classifier.weight.clone()
    load_pretrained(model, str(tmp_path / "weights.pth"))
    tolerance = 1e-2 if wrapping == "half" else 0.0
    for name, tensor in model.trunk.state_dict().items():
        if not (wrapping == "old" and name.endswith("num_batches_tracked")):
            assert torch.allclose(tensor.float(), state[name].float(), tolerance, tolerance), name
    assert model.mean.flatten().tolist() == pytest.approx(IMAGENET_MEAN)
    assert model.std.flatten().tolist() == pytest.approx(IMAGENET_STD)
    assert torch.equal(model.classifier.weight, classifier)


def test_a_safetensors_file_gives_the_features_it_gave(donor: nn.Module, tmp_path: Path) -> None:
    save_file(donor.state_dict(), tmp_path / "weights.safetensors")
    model = make_model("late")
    load_pretrained(model, str(tmp_path / "weights.safetensors"))
    pixels = torch.rand(1, 4, 3, 64, 64)
    assert close(
        model.forward_features(pixels).view(4, 512), penultimate(donor, imagenet(pixels[0]))
    )


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_our_own_weights_bring_their_statistics(suffix: str, tmp_path: Path) -> None:
    torch.manual_seed(5)
    own = FourViewResNet("attention", 7, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), depth=18).eval()
    path = tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(own.state_dict(), path)
    model = make_model("medium")
    classifier = model.classifier.weight.clone()
    load_pretrained(model, str(path))
    pixels = torch.rand(1, 4, 3, 64, 64)
    # Untrained attention is the mean, so that both features must be the same.
    assert torch.equal(model.forward_features(pixels), own.forward_features(pixels))
    assert torch.equal(model.classifier.weight, classifier)


def test_stack_takes_weights_of_twelve_or_three_channels_only(
    tmp_path: Path,
) -> None:
    torch.manual_seed(5)
    own = FourViewResNet("stack", 7, depth=18).eval()
    save_file(own.state_dict(), tmp_path / "stack.safetensors")
    model = make_model("stack")
    load_pretrained(model, str(tmp_path / "stack.safetensors"))
    pixels = torch.rand(1, 4, 3, 64, 64)
    assert torch.equal(model.forward_features(pixels), own.forward_features(pixels))
    sentence = refusal(tmp_path / "stack.safetensors", make_model("medium"))
    assert sentence == (
        f"{tmp_path / 'stack.safetensors'}: not the weights of a ResNet-18 for medium fusion: its "
        "first convolution has the shape (64, 12, 7, 7); set --fusion stack."
    )


def test_an_inflated_convolution_responds_to_four_equal_views_as_to_one(donor: nn.Module) -> None:
    first = donor.get_submodule("conv1")
    assert isinstance(first, nn.Conv2d)
    wide = nn.Conv2d(12, 64, 7, stride=2, padding=3, bias=False)
    wide.load_state_dict({"weight": inflate_convolution(first.weight)})
    view = torch.randn(2, 3, 40, 40)
    assert close(wide(torch.cat([view] * 4, dim=1)), first(view))
    # And to four different ones as to their mean.
    views = torch.randn(2, 4, 3, 40, 40)
    assert close(wide(views.flatten(1, 2)), first(views.mean(dim=1)))


def test_a_stack_starts_with_the_features_of_four_equal_views(
    donor: nn.Module, tmp_path: Path
) -> None:
    torch.save(donor.state_dict(), tmp_path / "weights.pth")
    model = make_model("stack")
    load_pretrained(model, str(tmp_path / "weights.pth"))
    view = torch.rand(2, 1, 3, 64, 64)
    expected = penultimate(donor, imagenet(view[:, 0]))
    assert close(model.forward_features(view.expand(2, 4, 3, 64, 64)), expected)


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path at which torch.hub keeps the weights of ResNet-18, in a folder of its own."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder / Path(ResNet18_Weights.IMAGENET1K_V1.url).name


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Send every request to a port of this machine at which nobody listens."""
    monkeypatch.setenv("no_proxy", "")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        proxy = urllib.request.ProxyHandler({"https": f"http://127.0.0.1:{taken.getsockname()[1]}"})
        urllib.request.install_opener(urllib.request.build_opener(proxy))
        yield
    urllib.request.install_opener(urllib.request.build_opener())


def test_a_name_takes_the_file_that_torchvision_keeps(
    donor: nn.Module, cached: Path, no_network: None
) -> None:
    torch.save(donor.state_dict(), cached)
    model = make_model("late")
    load_pretrained(model, "IMAGENET1K_V1")
    pixels = torch.rand(1, 4, 3, 64, 64)
    assert close(
        model.forward_features(pixels).view(4, 512), penultimate(donor, imagenet(pixels[0]))
    )


def test_without_a_network_the_sentence_names_the_file_to_fetch(
    cached: Path, no_network: None
) -> None:
    sentence = refusal("IMAGENET1K_V1")
    assert sentence.startswith("https://download.pytorch.org/models/resnet18-f37072fd.pth: ")
    assert "Connection refused" in sentence
    assert sentence.endswith("download the file on another machine and give --weights its path.")
    assert list(cached.parent.iterdir()) == []


def test_a_damaged_file_of_torchvision_is_named(cached: Path, no_network: None) -> None:
    torch.save({"conv1.weight": torch.zeros(3)}, cached)
    cached.write_bytes(cached.read_bytes()[:-200])
    assert refusal("IMAGENET1K_V1") == (
        f"{cached}: not a plain weights file; remove it to download it again."
    )


@pytest.mark.parametrize("name", ["IMAGENET1K_V2", "imagenet1k_v1", "DEFAULT", "weights.bin", "."])
def test_an_unknown_name_is_refused_with_the_known_names(name: str) -> None:
    assert refusal(name) == (
        f"--weights {name}: torchvision has no such weights for a ResNet-18; "
        "choose IMAGENET1K_V1, or a .pth, .pt, .safetensors file."
    )


def test_another_depth_is_refused(donor: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(resnet34().state_dict(), path)
    assert refusal(path) == (
        f"{path}: not the weights of a ResNet-18 for medium fusion: it holds those of a ResNet-34; "
        "set --depth 34."
    )
    torch.save(donor.state_dict(), path)
    sentence = refusal(path, FourViewResNet("stack", 3, depth=50))
    assert "not the weights of a ResNet-50" in sentence
    assert sentence.endswith("set --depth 18.")


def of(name: str) -> State:
    """Return random weights of a network of torchvision."""
    state: State = get_model(name, weights=None).state_dict()
    return state


UNFIT: dict[str, tuple[Callable[[State], object], str]] = {
    "a tensor short": (
        lambda state: {k: v for k, v in state.items() if k != "bn1.weight"},
        "bn1.weight is missing; choose others",
    ),
    "no first convolution": (
        lambda state: {k: v for k, v in state.items() if k != "conv1.weight"},
        "conv1.weight is missing",
    ),
    "a number as first convolution": (
        lambda state: state | {"conv1.weight": torch.zeros(())},
        "its first convolution has the shape ()",
    ),
    "grey": (
        lambda state: state | {"conv1.weight": torch.zeros(64, 1, 7, 7)},
        "its first convolution has the shape (64, 1, 7, 7)",
    ),
    "a layer more": (
        lambda state: state | {"layer1.0.se.weight": torch.zeros(3)},
        "layer1.0.se.weight is no part of it",
    ),
    "another width": (
        lambda state: state | {k: torch.zeros(3) for k in ("bn1.weight", "bn1.bias")},
        "bn1.bias has another shape (and 1 more)",
    ),
    "two networks": (
        lambda state: {"state_dict": prefixed("query.")(state) | prefixed("key.")(state)},
        "it holds several ResNets (state_dict.key., state_dict.query.)",
    ),
    "wide": (lambda _: of("wide_resnet50_2"), "it holds those of a wide_resnet50_2"),
    "a transformer": (lambda _: of("vit_b_32"), "it holds those of a transformer"),
    "another network": (
        lambda _: of("squeezenet1_1"),
        "its tensors have other names, such as classifier.1.bias",
    ),
    "ours without statistics": (prefixed("trunk."), "its channel statistics mean and std are"),
    "ours with odd statistics": (
        lambda state: {
            **{f"trunk.{k}": v for k, v in state.items() if not k.startswith("fc.")},
            "mean": torch.zeros(4),
            "deviation": torch.ones(3),
        },
        "its channel statistics mean and std are missing",
    ),
}


# A stack differs by its first convolution.
FIRST = ("no first convolution", "a number as first convolution", "grey")
CASES = [*((what, "medium") for what in UNFIT), *((what, "stack") for what in FIRST)]


@pytest.mark.parametrize(("what", "fusion"), CASES)
def test_weights_that_do_not_fit_are_refused(
    what: str, fusion: str, donor: nn.Module, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pt"
    change, cause = UNFIT[what]
    torch.save(change(donor.state_dict()), path)
    sentence = refusal(path, make_model(fusion))
    assert sentence.startswith(
        f"{path}: not the weights of a ResNet-18 for {fusion} fusion: {cause}"
    )


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
def test_a_missing_file_is_named(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights{suffix}"
    sentence = f"{path}: there is no such file; give --weights the path of one."
    assert refusal(path) == sentence
    path.mkdir()
    assert refusal(path) == f"{path}: Is a directory; name a file."


@pytest.mark.parametrize("kept", [0, 1, 9, 100, 1000, -1])
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_a_truncated_file_is_refused(kind: str, kept: int, tmp_path: Path) -> None:
    path = tmp_path / ("weights.safetensors" if kind == "safetensors" else "weights.pth")
    state = {"conv1.weight": torch.rand(64, 3, 7, 7)}
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    path.write_bytes(path.read_bytes()[:kept])
    assert refusal(path).startswith(f"{path}: not a plain weights file")


@pytest.mark.parametrize(
    "document",
    [[1, 2], 5, {}, {"conv1.weight": 3.0}, {7: torch.zeros(1)}, {"model": [torch.zeros(1)]}],
    ids=str,
)
def test_a_pickle_that_is_no_state_dict_is_refused(document: object, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(document, path)
    assert refusal(path).startswith(f"{path}: not a plain weights file: it holds no tensors")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_text_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_text("version https://git-lfs.github.com/spec/v1\n")
    assert refusal(path).startswith(f"{path}: not a plain weights file: it is text, such as")


def test_the_content_decides_and_not_the_suffix(donor: nn.Module, tmp_path: Path) -> None:
    save_file(donor.state_dict(), tmp_path / "safe.pth")
    torch.save(donor.state_dict(), tmp_path / "pickled.safetensors")
    for name in ("safe.pth", "pickled.safetensors"):
        load_pretrained(make_model(), str(tmp_path / name))


def test_a_whole_model_and_a_script_are_named(donor: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(donor, path)
    assert "it holds torchvision.models.resnet.ResNet, which could run code" in refusal(path)
    torch.save({}, path)
    with zipfile.ZipFile(path, "a") as archive:  # What tells a TorchScript archive.
        archive.writestr("weights/constants.pkl", b"")
    assert "it is a TorchScript archive; save the state_dict" in refusal(path)


class Attack:
    """What, unpickled without care, makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.marker}'",)


def attack_by_torch(state: State, path: Path, marker: Path) -> None:
    torch.save(state | {"fc.extra": Attack(marker)}, path)


def attack_by_pickle(state: State, path: Path, marker: Path) -> None:
    path.write_bytes(pickle.dumps({"state_dict": Attack(marker)}))


@pytest.mark.parametrize("write", [attack_by_torch, attack_by_pickle])
def test_a_pickle_that_would_run_code_is_refused_and_does_not(
    write: Callable[[State, Path, Path], None],
    donor: nn.Module,
    cached: Path,
    no_network: None,
    tmp_path: Path,
) -> None:
    path, marker = tmp_path / "weights.pth", tmp_path / "made"
    write(donor.state_dict(), path, marker)
    assert refusal(path).startswith(f"{path}: not a plain weights file")
    write(donor.state_dict(), cached, marker)
    assert refusal("IMAGENET1K_V1").startswith(f"{cached}: not a plain weights file")
    assert not marker.exists()


def test_the_attack_would_work_on_a_careless_reader(donor: nn.Module, tmp_path: Path) -> None:
    path, marker = tmp_path / "weights.pth", tmp_path / "made"
    attack_by_torch(donor.state_dict(), path, marker)
    torch.load(path, weights_only=False)
    assert marker.exists()
