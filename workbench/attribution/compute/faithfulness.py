"""What speaks for and against a map, measured by asking the model again (docs/evidence.md)."""

import copy
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.models.resnet import VIEWS
from workbench.attribution.compute.batched_model import BatchedModel, Network
from workbench.attribution.compute.methods import REFERENCES, References, answer
from workbench.attribution.compute.model_randomization import STAGES, cascade
from workbench.attribution.compute.patches import edges, places, rank, similarity
from workbench.attribution.compute.target import Target
from workbench.attribution.request import (
    BASELINE_TITLES,
    WITH_BASELINE,
    Attribution,
    AttributionRequest,
    Cost,
    Evidence,
    Progress,
    Report,
)

FRACTION = np.linspace(0.0, 1.0, 13)
RANDOM_ORDERS = 3
NOISY_COPIES = 3
NOISE_PICTURES = 4
NOISE = 0.02
"""Standard deviation of the small noise as a fraction of the pixel range: 5 of 255."""
SEED = 0

Array = NDArray[np.float64]
Map = NDArray[np.float32]


def examine(
    network: Network,
    pixels: Tensor,
    made: Attribution,
    target: Target,
    other: Tensor | None,
    references: References,
    progress: Progress,
) -> Evidence:
    """Measure the evidence for the map that was made of the pixels (4, 3, H, W) in [0, 1].

    `target`, `other` and `references` are those that the map was made with. `progress` is called
    before every batch, with a stage in words and how many of all parts of the evidence are done;
    it may raise to cancel. Raises InputError where the model gives no finite output.
    """
    baselines = _other_baselines(made.request)
    # Effects, three kinds of orders, the map itself roughly, and what that is compared with.
    parts = _Parts(progress, 5 + len(baselines) + NOISY_COPIES + NOISE_PICTURES + len(STAGES))
    asking = BatchedModel(network, parts.again)
    view_effect, turn_effect = _effects(asking, pixels, target, parts)
    deletion, insertion = _curves(asking, pixels, made.values, target, parts)
    again = _Again(pixels, made.request, target, other, references)
    parts.begin("the map, roughly")
    rough = again.map(asking)
    agreement = {}
    for name in baselines:
        parts.begin(f"baseline {BASELINE_TITLES[name]}")
        agreement[name] = similarity(rough, again.map(asking, baseline=name))
    stability = []
    for noisy in _noisy(pixels):
        parts.begin("small noise")
        stability.append(similarity(rough, again.map(asking, pixels=noisy)))
    unseen = []
    for picture in _pictures_of_noise(pixels):
        parts.begin("pictures of noise")
        unseen.append(np.abs(again.map(asking, pixels=picture)))
    randomised, cost = {}, Cost(0, 0, 0.0)
    for stage, model in cascade(network.model, SEED):
        parts.begin(f"random weights down to {stage}")
        forgetting = copy.copy(network)
        forgetting.model = model
        beside = BatchedModel(forgetting, parts.again)
        randomised[stage] = similarity(rough, again.map(beside))
        cost += replace(beside.cost, seconds=0.0)
    return Evidence(
        fraction=FRACTION,
        deletion=deletion,
        insertion=insertion,
        agreement=agreement,
        stability=np.array(stability),
        model_randomization=randomised,
        prior=similarity(np.abs(rough), np.mean(unseen, axis=0)),
        view_effect=view_effect,
        turn_effect=turn_effect,
        cost=cost + asking.cost,
    )


class _Parts:
    """Says before every batch which part of the evidence is being measured."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._begun = progress, total, 0

    def begin(self, stage: str) -> None:
        self._last = Report(f"evidence: {stage}", self._begun, self._total)
        self._begun += 1

    def again(self) -> None:
        self._progress(self._last)


class _Again:
    """A question asked again with few gradients, so that its maps can be compared."""

    def __init__(
        self,
        pixels: Tensor,
        question: AttributionRequest,
        target: Target,
        other: Tensor | None,
        references: References,
    ) -> None:
        self._pixels, self._target, self._other = pixels, target, other
        self._references = references
        self._question = replace(
            question,
            completeness_tolerance=1.0,
            map_tolerance=0.25,
            max_evaluations=32,
            n_samples=min(2, question.n_samples),
            window=max(1 / 3, question.window),
        )

    def map(self, asking: BatchedModel, *, pixels: Tensor | None = None, baseline: str = "") -> Map:
        """Return the map, (4, H, W); of other pixels, or from another baseline where one is named.

        Which model is asked is the asking's affair.
        """
        question = self._question
        if baseline:
            question = replace(question, baseline=baseline, baseline_location="")
        asked = self._pixels if pixels is None else pixels
        found = answer(
            asking, asked, question, self._target, self._other, self._few, lambda *_: None
        )
        return found.map

    def _few(self, count: int) -> Tensor:
        return self._compared[:count]

    @cached_property
    def _compared(self) -> Tensor:
        """The references, which are read from files, once for all maps."""
        return self._references(REFERENCES * self._question.n_samples)


def _other_baselines(question: AttributionRequest) -> tuple[str, ...]:
    """Return the baselines that a map can be held against: "location" names none by itself."""
    if question.method not in WITH_BASELINE:
        return ()
    return tuple(name for name in BASELINE_TITLES if name not in ("location", question.baseline))


def _effects(
    asking: BatchedModel, pixels: Tensor, target: Target, parts: _Parts
) -> tuple[Array, Array]:
    """Return what leaving out each view (4,) and turning the place (3,) do to the probability."""
    parts.begin("leaving out views, turning the place")
    without = pixels.repeat(VIEWS, 1, 1, 1, 1)
    for view in range(VIEWS):
        without[view, view] = asking.network.mean_colour
    # Turned by 90 degrees, what was seen in the north is seen in the east.
    turned = torch.stack([pixels.roll(quarter, dims=0) for quarter in range(1, VIEWS)])
    value = _probability(asking, torch.cat([pixels[None], without, turned]), target)
    return value[1 : 1 + VIEWS] - value[0], value[1 + VIEWS :] - value[0]


def _curves(
    asking: BatchedModel, pixels: Tensor, made: Map, target: Target, parts: _Parts
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the curves of deletion and of insertion of each order, (P,) each."""
    height, width = made.shape[1:]
    score = places(made)
    generator = np.random.default_rng(SEED)
    orders = {
        "map": [score],
        "random": [generator.random(score.shape) for _ in range(RANDOM_ORDERS)],
        "edges": [places(edges(pixels.mean(dim=1).cpu().numpy()))],
    }
    deletion, insertion = {}, {}
    for name, drawn in orders.items():
        parts.begin(f"deletion and insertion, order by {name}")
        both = [_curve(asking, pixels, rank(one, height, width), target) for one in drawn]
        deletion[name], insertion[name] = np.mean(both, axis=0)
    return deletion, insertion


def _curve(asking: BatchedModel, pixels: Tensor, when: Array, target: Target) -> Array:
    """Return the curves (2, P) of deletion and insertion when pixels (4, H, W) go at a time."""
    gone = torch.from_numpy(when < FRACTION[:, None, None, None]).to(pixels.device)[:, :, None]
    colour = asking.network.mean_colour
    deleted = _probability(asking, torch.where(gone, colour, pixels), target)
    return np.stack([deleted, _probability(asking, torch.where(gone, pixels, colour), target)])


def _probability(asking: BatchedModel, pixels: Tensor, target: Target) -> Array:
    value: Array = target.probability(asking.logits(pixels)).double().cpu().numpy()
    return value


def _noisy(pixels: Tensor) -> list[Tensor]:
    """Return copies of the pixels under small normal noise, still pictures in [0, 1]."""
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn((NOISY_COPIES, *pixels.shape), generator=generator).to(pixels.device)
    return list((pixels + NOISE * noise).clamp(0, 1))


def _pictures_of_noise(pixels: Tensor) -> list[Tensor]:
    """Return pictures of the same size that show nothing: uniform noise in [0, 1]."""
    # Not torch's generator, from whose seed a question's own baseline of noise may come.
    drawn = np.random.default_rng(SEED).random((NOISE_PICTURES, *pixels.shape), dtype=np.float32)
    return list(torch.from_numpy(drawn).to(pixels.device))
