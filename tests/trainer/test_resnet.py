import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet50

from trainer.config import DEPTHS, FUSIONS
from trainer.models.resnet import WITH_VIEW_LOGITS, FourViewResNet, to_pixels

pytestmark = pytest.mark.real_resnet  # The network itself is the point.

CLASSES = 5
MEAN, DEVIATION = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
SHARED_TRUNK = tuple(fusion for fusion in FUSIONS if fusion not in ("early", "stack"))
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "models.md"


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def make_model(fusion: str) -> FourViewResNet:
    return FourViewResNet(fusion, CLASSES, MEAN, DEVIATION, depth=18).eval()


def normal(pixels: Tensor) -> Tensor:
    mean, deviation = torch.tensor(MEAN), torch.tensor(DEVIATION)
    return (pixels - mean[:, None, None]) / deviation[:, None, None]


def each_view(model: FourViewResNet, pixels: Tensor) -> Tensor:
    """Return (B, 4, width), the features of each view, by torchvision's own way through it."""
    return torch.stack([model.trunk(normal(pixels)[:, view]) for view in range(4)], dim=1)


def let_attention_choose(model: FourViewResNet) -> None:
    for pooling in (model.map_attention, model.view_attention):
        nn.init.normal_(pooling.score.weight)


def close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_any_input_size_has_the_right_shapes(fusion: str) -> None:
    model = make_model(fusion)
    assert model.width == 512
    assert model.num_features == (2048 if fusion == "late" else 512)
    for height, width in ((32, 32), (48, 48), (32, 80), (70, 33)):
        pixels = torch.rand(2, 4, 3, height, width)
        assert model(pixels).shape == (2, CLASSES)
        assert model.forward_features(pixels).shape == (2, model.num_features)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_all_ways_through_the_model_agree_bit_for_bit(fusion: str) -> None:
    model = make_model(fusion)
    if fusion == "attention":
        let_attention_choose(model)
    pixels = torch.rand(2, 4, 3, 64, 64)
    everything = model.forward_all(pixels)
    assert torch.equal(model(pixels), everything.logits)
    assert torch.equal(model.forward_features(pixels), everything.features)
    assert torch.equal(model.forward_head(everything.features), everything.logits)
    if fusion in SHARED_TRUNK:
        assert everything.view_features is not None
        assert everything.view_features.shape == (2, 4, model.width)
    else:
        assert everything.view_features is None
    assert model.has_view_logits == (fusion in WITH_VIEW_LOGITS)
    if model.has_view_logits:
        assert everything.view_logits is not None
        assert everything.view_logits.shape == (2, 4, CLASSES)
        assert torch.equal(model.view_logits(pixels), everything.view_logits)
    else:
        assert everything.view_logits is None
        with pytest.raises(ValueError, match=f"{fusion} fusion has no logits of single views"):
            model.view_logits(pixels)


@pytest.mark.parametrize("fusion", ["single", "medium", "late-mean"])
def test_the_mean_of_features_gives_the_mean_of_logits(fusion: str) -> None:
    model, pixels = make_model(fusion), torch.rand(2, 4, 3, 64, 64)
    each = each_view(model, pixels)
    assert close(
        model.forward_features(pixels), (each[:, 0] + each[:, 1] + each[:, 2] + each[:, 3]) / 4
    )
    assert close(model.view_logits(pixels), model.classifier(each))
    assert close(model(pixels), model.classifier(each).mean(dim=1))


def test_medium_max_is_the_largest_of_each_feature() -> None:
    model, pixels = make_model("medium-max"), torch.rand(2, 4, 3, 64, 64)
    each = each_view(model, pixels)
    largest = each[:, 0].maximum(each[:, 1]).maximum(each[:, 2]).maximum(each[:, 3])
    assert close(model.forward_features(pixels), largest)
    assert close(model(pixels), model.classifier(largest))


def test_late_is_the_largest_of_each_logit_over_the_views() -> None:
    model, pixels = make_model("late"), torch.rand(2, 4, 3, 64, 64)
    each = each_view(model, pixels)
    assert close(model.forward_features(pixels), torch.cat(each.unbind(dim=1), dim=1))
    by_hand = [
        [max(view[number] for view in location) for number in range(CLASSES)]
        for location in model.classifier(each).tolist()
    ]
    assert close(model(pixels), torch.tensor(by_hand))


def test_late_takes_the_maximum_of_logits_in_small_numbers() -> None:
    model = make_model("late")
    nn.init.zeros_(model.classifier.weight)
    nn.init.zeros_(model.classifier.bias)
    with torch.no_grad():
        model.classifier.weight[1, 0], model.classifier.weight[2, 0] = 1.0, -1.0
    features = torch.zeros(1, 4, 512)
    features[0, :, 0] = torch.tensor([3.0, -2.0, 0.5, 1.0])
    assert model.forward_head(features.flatten(1)).tolist() == [[0.0, 3.0, 2.0, 0.0, 0.0]]


def test_early_lays_the_views_side_by_side() -> None:
    model, pixels = make_model("early"), torch.rand(2, 4, 3, 48, 40)
    wide = torch.empty(2, 3, 48, 160)
    for view in range(4):
        wide[..., 40 * view : 40 * (view + 1)] = pixels[:, view]
    assert close(model.forward_features(pixels), model.trunk(normal(wide)))


def test_stack_makes_twelve_channels_of_the_views() -> None:
    model, pixels = make_model("stack"), torch.rand(2, 4, 3, 48, 40)
    channels = torch.empty(2, 12, 48, 40)
    for view in range(4):
        for channel in range(3):
            channels[:, 3 * view + channel] = normal(pixels)[:, view, channel]
    assert model.trunk.conv1.weight.shape == (64, 12, 7, 7)
    assert close(model.forward_features(pixels), model.trunk(channels))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_order_of_the_views_matters_only_before_the_trunk(fusion: str) -> None:
    model, pixels = make_model(fusion), torch.rand(2, 4, 3, 64, 64)
    if fusion == "attention":
        let_attention_choose(model)
    same = close(model(pixels), model(pixels.roll(1, dims=1)))
    assert same == (fusion in SHARED_TRUNK)


def test_attention_starts_as_medium_bit_for_bit() -> None:
    attention = make_model("attention")
    torch.manual_seed(0)
    medium = make_model("medium")
    for height, width in ((32, 32), (70, 96), (224, 224)):
        pixels = torch.rand(2, 4, 3, height, width)
        assert torch.equal(attention(pixels), medium(pixels))
    view, place = attention.attention(torch.rand(2, 4, 3, 96, 64))
    assert close(view, torch.full((2, 4), 1 / 4))
    assert close(place, torch.full((2, 4, 3, 2), 1 / 6))


def test_attention_follows_its_formula() -> None:
    model = make_model("attention")
    let_attention_choose(model)
    pixels = torch.rand(2, 4, 3, 96, 64)
    convolutions = nn.Sequential(*list(model.trunk.children())[:-2])
    view_weight, place_weight = model.attention(pixels)
    assert place_weight.shape == (2, 4, 3, 2)
    for location in range(2):
        views = []
        for view in range(4):
            last = convolutions(normal(pixels)[location, view][None])[0]
            places = [last[:, row, column] for row in range(3) for column in range(2)]
            weight, feature = pooled_by_hand(
                places, model.map_attention.hidden.weight, model.map_attention.score.weight[0]
            )
            assert close(place_weight[location, view].flatten(), weight)
            views.append(feature)
        weight, feature = pooled_by_hand(
            views, model.view_attention.hidden.weight, model.view_attention.score.weight[0]
        )
        assert close(view_weight[location], weight)
        assert close(model.forward_features(pixels)[location], feature)
        assert close(model.view_logits(pixels)[location], model.classifier(torch.stack(views)))


def pooled_by_hand(members: list[Tensor], V: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    exponential = [torch.exp(w @ torch.tanh(V @ member)) for member in members]
    weight = [one / sum(exponential) for one in exponential]
    total = torch.zeros_like(members[0])
    for share, member in zip(weight, members, strict=True):
        total = total + share * member
    return torch.stack(weight), total


def test_attention_weights_are_shares_and_differ_once_they_have_learned() -> None:
    model = make_model("attention")
    let_attention_choose(model)
    view, place = model.attention(torch.rand(3, 4, 3, 64, 96))
    assert close(view.sum(dim=1), torch.ones(3))
    assert close(place.sum(dim=(2, 3)), torch.ones(3, 4))
    assert view.min() > 0
    assert place.min() > 0
    assert view.std(dim=1).min() > 1e-3
    assert place.flatten(2).std(dim=2).min() > 1e-3


def test_attention_stays_finite_with_scores_that_overflow() -> None:
    model = make_model("attention")
    with torch.no_grad():
        model.map_attention.score.weight.fill_(1e4)
        model.view_attention.score.weight.fill_(1e4)
    assert model(torch.rand(2, 4, 3, 64, 64)).isfinite().all()


def test_only_attention_has_attention() -> None:
    with pytest.raises(ValueError, match="medium fusion has no attention"):
        make_model("medium").attention(torch.rand(1, 4, 3, 32, 32))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_gradients_reach_every_parameter(fusion: str) -> None:
    model = make_model(fusion).train()
    if fusion == "attention":
        let_attention_choose(model)
    logit = model(torch.rand(3, 4, 3, 64, 64))
    cross_entropy(logit, torch.tensor([0, 1, 2])).backward()  # type: ignore[no-untyped-call]
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


def test_untrained_attention_begins_to_learn() -> None:
    model = make_model("attention").train()
    logit = model(torch.rand(3, 4, 3, 64, 64))
    cross_entropy(logit, torch.tensor([0, 1, 2])).backward()  # type: ignore[no-untyped-call]
    for pooling in (model.map_attention, model.view_attention):
        assert pooling.score.weight.grad is not None
        assert pooling.score.weight.grad.abs().max() > 0


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_model_normalises(fusion: str) -> None:
    model = make_model(fusion)
    bare = FourViewResNet(fusion, CLASSES, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), depth=18).eval()
    bare.load_state_dict(model.state_dict() | {"mean": bare.mean, "std": bare.std})
    pixels = torch.rand(1, 4, 3, 32, 48)
    assert close(model(pixels), bare(normal(pixels)))
    assert not close(model(pixels), bare(pixels))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_channels_last_pixels_reach_the_trunk_as_they_are(fusion: str) -> None:
    model = make_model(fusion)
    entering: list[Tensor] = []
    model.trunk.conv1.register_forward_pre_hook(lambda _, given: entering.append(given[0]))
    pixels = torch.rand(2, 4, 3, 48, 32)
    decoded = pixels.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
    assert decoded.stride() != pixels.stride()
    assert close(model(decoded), model(pixels))
    assert all(given.is_contiguous(memory_format=torch.channels_last) for given in entering)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_bfloat16_gives_nearly_the_same(fusion: str) -> None:
    model, pixels = make_model(fusion), torch.rand(2, 4, 3, 64, 64)
    exact = model(pixels)
    with torch.autocast("cpu", torch.bfloat16):
        everything = model.forward_all(pixels)
    assert everything.logits.dtype == torch.bfloat16
    assert (everything.logits.float() - exact).abs().max() < 0.05 * exact.abs().max()


@pytest.mark.slow
def test_the_whole_model_is_one_graph_for_the_compiler() -> None:
    for fusion in ("late", "attention", "stack"):
        model, pixels = make_model(fusion), torch.rand(2, 4, 3, 32, 32)
        compiled = torch.compile(model.forward_all, backend="eager", fullgraph=True)
        assert torch.equal(compiled(pixels).logits, model(pixels))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_one_seed_gives_one_model(fusion: str) -> None:
    pixels, label = torch.rand(2, 4, 3, 64, 64), torch.tensor([0, 1])
    gradients = []
    for _ in range(2):
        torch.manual_seed(1)
        model = make_model(fusion).train()
        cross_entropy(model(pixels), label).backward()  # type: ignore[no-untyped-call]
        slopes = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        gradients.append(torch.cat([slope.flatten() for slope in slopes]))
    assert torch.equal(gradients[0], gradients[1])


def test_the_depths_are_those_of_torchvision() -> None:
    # torchvision's own figures, with its head for 1,000 classes.
    known = {18: 11689512, 34: 21797672, 50: 25557032, 101: 44549160, 152: 60192808}
    assert tuple(known) == DEPTHS
    for depth, count in known.items():
        with torch.device("meta"):
            model = FourViewResNet("medium", 1000, depth=depth)
        assert parameters(model) == count
        assert model.num_features == (512 if depth < 50 else 2048)


@pytest.mark.parametrize("fusion", ["early", "medium"])
def test_tensor_names_stay_and_those_of_old_checkpoints_load(fusion: str) -> None:
    with torch.device("meta"):
        trunk = resnet50()
    model = FourViewResNet(fusion, 3, std=(0.1, 0.2, 0.3))
    names = {f"trunk.{name}" for name in trunk.state_dict() if not name.startswith("fc.")}
    state = model.state_dict()
    assert set(state) == names | {"classifier.weight", "classifier.bias", "mean", "std"}
    other = FourViewResNet(fusion, 3)
    other.load_state_dict({"deviation" if name == "std" else name: state[name] for name in state})
    assert all(torch.equal(state[name], tensor) for name, tensor in other.state_dict().items())


def test_there_is_no_other_fusion() -> None:
    with pytest.raises(ValueError, match="medium-min: unknown fusion"):
        FourViewResNet("medium-min", 3, depth=18)


def test_pixels_lie_between_0_and_1() -> None:
    views = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert to_pixels(views, torch.device("cpu")).tolist() == pytest.approx([0, 0.2, 1])


def test_zero_residual_blocks_start_as_the_identity() -> None:
    trunk = FourViewResNet("medium", 3, depth=18, zero_init_residual=True).eval().trunk
    entered = torch.rand(1, 64, 8, 8)
    assert torch.equal(trunk.layer1[1](entered), entered)
    assert not torch.equal(make_model("medium").trunk.layer1[1](entered), entered)


def test_the_page_knows_every_fusion() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \|.*\| (4?C) \| (yes|no) \|", PAGE.read_text("utf-8"), re.MULTILINE
    )
    with torch.device("meta"):
        models = [FourViewResNet(fusion, CLASSES, depth=18) for fusion in FUSIONS]
    assert rows == [
        (
            model.fusion,
            "4C" if model.num_features == 4 * model.width else "C",
            "yes" if model.has_view_logits else "no",
        )
        for model in models
    ]


@pytest.mark.slow
def test_the_page_knows_what_each_depth_costs() -> None:
    rows = re.findall(
        r"^\| (\d+) \| [\d,]+ \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|",
        PAGE.read_text("utf-8"),
        re.MULTILINE,
    )
    expected = []
    for depth in DEPTHS:
        (count, medium), (early_count, early) = cost(depth, "medium"), cost(depth, "early")
        assert early_count == count
        expected.append((str(depth), count, medium, early))
    assert rows == expected


def cost(depth: int, fusion: str) -> tuple[str, str]:
    """Return millions of parameters, and GFLOP of a location at 256 pixels, of 50 classes."""
    with torch.device("meta"):
        model, pixels = (
            FourViewResNet(fusion, 50, depth=depth).eval(),
            torch.rand(1, 4, 3, 256, 256),
        )
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(pixels)
    return f"{parameters(model) / 1e6:.2f}", f"{counter.get_total_flops() / 1e9:.2f}"


def parameters(model: FourViewResNet) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
