from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from common.progress import ProgressCallback, no_progress
from tests.workbench.attribution.compute.models import SHAPE, pixels, resnet
from trainer.config import FUSIONS
from trainer.models.resnet import FourViewResNet
from workbench.attribution.compute import patches
from workbench.attribution.compute.batched_model import BatchedModel, FrozenModel
from workbench.attribution.compute.explain import KnownEffects, check_location, explain_location
from workbench.attribution.compute.methods import Inputs
from workbench.attribution.compute.model_randomization import STAGES
from workbench.attribution.compute.sanity_checks import CHECKED_STAGES
from workbench.attribution.compute.target import Target
from workbench.attribution.request import AttributionRequest, Method
from workbench.attribution.result import Attribution, Checks
from workbench.attribution.verdict import UNTRUSTED, verdict

TARGET = Target("logit", 0)
NAMES = tuple(map(str, range(5)))
# Not of seed 0: random weights are drawn from that, too.
WEIGHT = torch.randn(SHAPE, generator=torch.Generator().manual_seed(7)) / 10


class Linear(nn.Module):
    """A model whose first logit is a weighted sum of the pixels of 8 by 8 places, the second 0."""

    def __init__(self, weight: Tensor, *, learned: bool = True) -> None:
        super().__init__()
        self.fusion = "medium"
        self.trunk = nn.Module()
        for stage in (*STAGES[1:], "bn1"):
            setattr(self.trunk, stage, nn.Identity())
        self.classifier = nn.Linear(weight.numel(), 2)
        self.register_buffer("mean", torch.tensor((0.3, 0.5, 0.6)).view(3, 1, 1))
        self.register_buffer("constant", torch.stack([weight, torch.zeros_like(weight)]).flatten(1))
        self.learned = learned
        with torch.no_grad():
            self.classifier.weight.copy_(cast(Tensor, self.constant))
            self.classifier.bias.zero_()

    def forward(self, batch: Tensor) -> Tensor:
        seen = adaptive_avg_pool2d(batch.flatten(0, 1), 8).reshape(len(batch), -1)
        if self.learned:
            return cast(Tensor, self.classifier(seen))
        return seen @ cast(Tensor, self.constant).T


def linear(weight: Tensor, *, learned: bool = True) -> FrozenModel:
    return FrozenModel(cast(FourViewResNet, Linear(weight, learned=learned)))


def no_references(count: int) -> Tensor:
    raise AssertionError(f"nobody asked for {count} references")


def inputs_of(seen: Tensor, references: Callable[[int], Tensor] = no_references) -> Inputs:
    return Inputs(seen, None, references)


def made(network: FrozenModel, seen: Tensor, request: AttributionRequest) -> Attribution:
    request = replace(request, target="0")
    return explain_location(network, "x", inputs_of(seen), request, NAMES)


def examined(
    network: FrozenModel,
    seen: Tensor,
    request: AttributionRequest = AttributionRequest(baseline="mean"),  # noqa: B008 - frozen.
    progress: ProgressCallback = no_progress,
    known: KnownEffects | None = None,
) -> Attribution:
    attribution = made(network, seen, request)
    return check_location(network, inputs_of(seen), attribution, NAMES, progress, known)


def evidence_of(
    network: FrozenModel,
    seen: Tensor,
    request: AttributionRequest | None = None,
    known: KnownEffects | None = None,
) -> Checks:
    request = request or AttributionRequest(baseline="mean")
    found = examined(network, seen, request, known=known).checks
    assert found is not None
    return found


def sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-logit)))


def test_the_curves_of_a_linear_model_are_known() -> None:
    checks = evidence_of(linear(WEIGHT), pixels())
    found, fractions = checks.curves["mean_color"], checks.fractions
    mean = torch.tensor((0.3, 0.5, 0.6)).view(3, 1, 1)
    worth = (WEIGHT * (pixels() - mean)).sum(dim=1).double().numpy().ravel()
    whole = float((WEIGHT * pixels()).double().sum())
    gone = np.concatenate([[0.0], np.cumsum(np.sort(worth)[::-1])])
    # Of 256 places, those of which a smaller share goes before.
    count = np.ceil(fractions * 256 - 1e-9).astype(int)
    assert np.allclose(found.deletion["map"], sigmoid(whole - gone[count]), atol=1e-5)
    blank = whole - gone[-1]
    assert np.allclose(found.insertion["map"], sigmoid(blank + gone[count]), atol=1e-5)
    # No order of deletion takes more away, and none of insertion brings more.
    for order in ("random", "edges"):
        assert (found.deletion["map"] <= found.deletion[order] + 1e-6).all()
        assert (found.insertion["map"] >= found.insertion[order] - 1e-6).all()


def test_every_order_starts_and_ends_alike() -> None:
    found = evidence_of(linear(WEIGHT), pixels())
    assert found.fractions[[0, -1]].tolist() == [0, 1]
    assert list(found.curves) == ["mean_color", "inpainting"]
    for curves in found.curves.values():
        for one, other in (
            (curves.deletion, curves.insertion),
            (curves.insertion, curves.deletion),
        ):
            assert set(one) == {"map", "random", "edges"}
            for order in one:
                assert one[order][0] == pytest.approx(other["map"][-1], abs=1e-6)
        # A random order is as good backwards.
        assert np.array_equal(curves.deletion["random"], curves.insertion["random"][::-1])


def test_replacing_an_unused_view_changes_nothing() -> None:
    south = torch.zeros(SHAPE)
    south[2] = WEIGHT[2].abs() / 2
    network = linear(south)
    found = examined(network, pixels())
    assert found.checks is not None
    assert found.view_shares.tolist() == [0, 0, 1, 0]
    effect = found.checks.view_effects
    assert effect[[0, 1, 3]].tolist() == [0, 0, 0]
    blank = pixels().clone()
    blank[2] = network.mean_color
    left = TARGET.probability(BatchedModel(network).logits(blank[None]))
    assert effect[2] == pytest.approx(float(left[0]) - found.probability, abs=1e-6)
    # Turned by 90 degrees, what was seen in the east is seen in the south.
    turned = pixels()[[3, 0, 1, 2]]
    after = TARGET.probability(BatchedModel(network).logits(turned[None]))
    assert found.checks.rotation_effects[0] == pytest.approx(
        float(after[0]) - found.probability, abs=1e-6
    )


@pytest.mark.parametrize(("fusion", "turns"), [("medium", False), ("late", False), ("stack", True)])
def test_only_a_model_that_knows_the_order_of_the_views_notices_a_turn(
    fusion: str, turns: bool
) -> None:
    found = evidence_of(
        FrozenModel(resnet(fusion)), pixels(), AttributionRequest(method="input_x_gradient")
    )
    assert (np.abs(found.rotation_effects) > 1e-5).all() == turns
    assert (np.abs(found.rotation_effects) < 1e-6).all() != turns


def test_a_map_that_ignores_the_weights_is_not_trusted() -> None:
    found = examined(linear(WEIGHT, learned=False), pixels())
    assert found.checks is not None
    assert found.checks.model_randomization == pytest.approx(dict.fromkeys(CHECKED_STAGES, 1.0))
    assert set(CHECKED_STAGES) < set(STAGES)
    judged = verdict(found)
    assert judged.label == UNTRUSTED
    assert any(
        "not depend on the learned" in reason.text and reason.decisive for reason in judged.reasons
    )


def test_a_map_of_learned_weights_changes_with_random_weights() -> None:
    found = examined(linear(WEIGHT), pixels())
    assert found.checks is not None
    assert all(abs(alike) < 0.3 for alike in found.checks.model_randomization.values())
    assert not any("not depend on the learned" in reason.text for reason in verdict(found).reasons)


def test_a_constant_model_has_nothing_to_explain() -> None:
    found = examined(linear(torch.zeros(SHAPE), learned=False), pixels())
    assert found.checks is not None
    for curves in found.checks.curves.values():
        assert set(curves.deletion["map"]) == {0.5}
    assert found.checks.view_effects.tolist() == [0, 0, 0, 0]
    assert set(found.checks.model_randomization.values()) == {0.0}
    judged = verdict(found)
    assert judged.label == UNTRUSTED
    assert "zero everywhere" in judged.reasons[0].text


def test_a_linear_model_is_stable_under_noise_and_depends_on_the_baseline() -> None:
    found = evidence_of(linear(WEIGHT), pixels())
    assert len(found.noise_stability) == 3
    assert (found.noise_stability > 0.97).all()
    assert list(found.baseline_agreement) == ["black", "blur", "noise"]
    mean = torch.tensor((0.3, 0.5, 0.6)).view(3, 1, 1)
    exact = [(WEIGHT * (pixels() - start)).sum(dim=1).numpy() for start in (mean, 0 * mean)]
    assert found.baseline_agreement["black"] == pytest.approx(patches.similarity(*exact), abs=1e-3)


def test_a_model_that_always_looks_at_the_same_patches_is_detected() -> None:
    # A few places have all the weight, so no photograph can move the map away from them.
    lattice = WEIGHT * torch.logspace(-3, 0, 64).view(1, 1, 8, 8)
    found = examined(linear(lattice), pixels())
    assert found.checks is not None
    assert found.checks.input_randomization > 0.8
    assert any("for any image" in reason.text for reason in verdict(found).reasons)


def test_what_only_the_photograph_shows_does_not_count_as_the_models_pattern() -> None:
    # A model of even weight, and photographs that differ from the mean in the north alone.
    network = linear(torch.full(SHAPE, 0.1))
    seen = network.mean_color.expand(4, 3, *pixels().shape[-2:]).clone()
    seen[0] = pixels()[0]
    assert abs(evidence_of(network, seen).input_randomization) < 0.3


def test_a_method_without_a_baseline_agrees_with_none() -> None:
    found = evidence_of(linear(WEIGHT), pixels(), AttributionRequest(method="input_x_gradient"))
    assert found.baseline_agreement == {}


def test_references_are_read_once() -> None:
    network, read = linear(WEIGHT), []

    def references(count: int) -> Tensor:
        read.append(count)
        return torch.stack([pixels(seed) for seed in range(2, 2 + count)])

    attribution = replace(
        made(network, pixels(), AttributionRequest()),
        request=AttributionRequest(method="expected_gradients", target="0"),
    )
    found = check_location(network, inputs_of(pixels(), references), attribution, NAMES).checks
    assert found is not None
    assert len(read) == 1
    assert (found.noise_stability > 0.9).all()


@pytest.mark.parametrize(
    ("fusion", "method"),
    [("medium", "integrated_gradients"), *((fusion, "grad_cam") for fusion in FUSIONS)],
)
def test_every_fusion_can_be_checked(fusion: str, method: Method) -> None:
    found = evidence_of(FrozenModel(resnet(fusion)), pixels(), AttributionRequest(method=method))
    for curves in found.curves.values():
        for curve in (*curves.deletion.values(), *curves.insertion.values()):
            assert curve.shape == found.fractions.shape
            assert ((curve >= 0) & (curve <= 1)).all()
    for alike in (
        *found.noise_stability,
        *found.model_randomization.values(),
        *found.baseline_agreement.values(),
    ):
        assert -1 <= alike <= 1 + 1e-12


def test_checks_are_reproducible_and_count_evaluations() -> None:
    network, request = FrozenModel(resnet("medium")), AttributionRequest(method="input_x_gradient")
    one, other = (evidence_of(network, pixels(), request) for _ in range(2))
    assert one.model_randomization == other.model_randomization
    assert np.array_equal(one.noise_stability, other.noise_stability)
    first, second = (checks.curves["inpainting"].deletion["random"] for checks in (one, other))
    assert np.array_equal(first, second)
    # The map, three noisy copies, four of noise, three stages; effects, the ends of all curves, and
    # four orders of both curves with two replacements at eleven fractions.
    assert (one.cost.gradients, one.cost.forwards) == (11, 7 + 2 + 4 * 2 * 2 * 11)


def test_what_all_maps_of_a_location_share_is_computed_once() -> None:
    network, known = FrozenModel(resnet("medium")), KnownEffects()
    requests = [AttributionRequest(method) for method in ("input_x_gradient", "grad_cam")]
    alone = [evidence_of(network, pixels(), request) for request in requests]
    shared = [evidence_of(network, pixels(), request, known) for request in requests]
    for one, other in zip(shared, alone, strict=True):
        for name, curves in other.curves.items():
            for kind in ("deletion", "insertion"):
                for order, curve in getattr(curves, kind).items():
                    assert np.array_equal(getattr(one.curves[name], kind)[order], curve)
        assert np.array_equal(one.view_effects, other.view_effects)
        assert np.array_equal(one.rotation_effects, other.rotation_effects)
        assert one.model_randomization == other.model_randomization
    # Of the second map only its own order is evaluated.
    assert shared[0].cost.forwards == alone[0].cost.forwards
    assert alone[1].cost.forwards - shared[1].cost.forwards == 7 + 2 + 3 * 2 * 2 * 11
    examined(network, pixels(), AttributionRequest("grad_cam", output="probability"), known=known)
    assert len(known) == 2


def test_it_reports_every_stage_and_can_be_cancelled_between_batches() -> None:
    network = linear(WEIGHT)
    seen: list[float] = []
    examined(network, pixels(), progress=lambda fraction, _="": seen.append(fraction))
    assert seen == sorted(seen)
    stages = len(set(seen))
    assert sorted(set(seen)) == [stage / stages for stage in range(stages)]
    for calls in (1, 4, len(seen)):
        told: list[float] = []

        def end(
            fraction: float, _: str = "", /, told: list[float] = told, calls: int = calls
        ) -> None:
            told.append(fraction)
            if len(told) == calls:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            examined(network, pixels(), progress=end)
        assert len(told) == calls


def test_patches_cover_every_pixel_once() -> None:
    made = np.arange(4 * 30 * 50, dtype=np.float32).reshape(4, 30, 50)
    divided = patches.patch_means(made)
    assert divided.shape == (4, 12, 12)
    when = patches.removal_times(divided, 30, 50)
    assert len(np.unique(when)) == 4 * 144
    # The largest values are in the last view's last corner, and that place goes first.
    assert when[3, -1, -1] == 0
    # A place's pixels have its mean.
    corner = made[3][when[3] == 0]
    assert divided[3, -1, -1] == pytest.approx(corner.mean())
    small = patches.patch_means(np.ones((4, 5, 7), dtype=np.float32))
    assert small.shape == (4, 5, 7)


def test_similarity_is_of_order_alone() -> None:
    one = np.random.default_rng(0).normal(size=(4, 8, 8)).astype(np.float32)
    assert patches.similarity(one, np.exp(one)) == pytest.approx(1)
    assert patches.similarity(one, -one) == pytest.approx(-1)
    assert patches.similarity(one, np.zeros_like(one)) == 0
    other = np.random.default_rng(1).normal(size=(4, 8, 8)).astype(np.float32)
    assert abs(patches.similarity(one, other)) < 0.2


def test_edges_are_where_the_grey_changes() -> None:
    grey = np.zeros((4, 12, 12), dtype=np.float32)
    grey[1, :, 6:] = 1
    found = patches.edges(grey)
    assert np.flatnonzero(found[1].sum(axis=0)).tolist() == [5, 6]
    assert not found[[0, 2, 3]].any()
