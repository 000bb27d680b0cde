"""One question about one location's pixels, answered; the same for a store and for a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from common.errors import InputError
from trainer.models.resnet import FourViewResNet
from workbench.attribution.compute.batched_model import BatchedModel, Network
from workbench.attribution.compute.faithfulness import examine
from workbench.attribution.compute.methods import Answer, References, answer
from workbench.attribution.compute.target import target
from workbench.attribution.request import (
    METHOD_TITLES,
    TRUE,
    Attribution,
    AttributionRequest,
    Progress,
    Report,
    untold,
)


@dataclass(frozen=True)
class Asked:
    """A question with its classes by name, and everything that its answer depends on.

    `pixels` are (4, 3, H, W) in [0, 1] on the network's device, `other` those of the baseline
    "location", else None.
    """

    network: Network
    class_name: Sequence[str]
    location_id: str
    pixels: Tensor
    question: AttributionRequest
    other: Tensor | None
    references: References


class _Told:
    """The last report, told again before every batch, so that a request can end there."""

    def __init__(self, progress: Progress, stage: str) -> None:
        self._progress = progress
        self.stage = stage
        self.last = Report(stage, 0, 0)

    def tell(self, done: int, total: int, partial: Attribution | None = None) -> None:
        self.last = Report(self.stage, done, total, partial)
        self._progress(self.last)

    def again(self) -> None:
        self._progress(self.last)


def explained(asked: Asked, progress: Progress) -> Attribution:
    """Return the map without its evidence; raises InputError where an output is not finite."""
    question = asked.question
    told = _Told(progress, METHOD_TITLES[question.method])
    asking = BatchedModel(asked.network, told.again)
    wanted = target(question, asked.class_name)
    probability = float(wanted.probability(asking.logits(asked.pixels[None]))[0])

    def made(found: Answer) -> Attribution:
        return Attribution(
            location_id=asked.location_id,
            request=question,
            values=found.map,
            output=found.output,
            baseline_output=found.baseline_output,
            probability=probability,
            converged=found.converged,
            reason=found.reason,
            error_estimate=found.map_error,
            cost=asking.cost,
        )

    def step(done: int, most: int, found: Answer | None) -> None:
        told.tell(done, most, None if found is None else made(found))

    return made(answer(asking, asked.pixels, question, wanted, asked.other, asked.references, step))


@torch.inference_mode(False)
@torch.enable_grad()
def explain(
    model: FourViewResNet,
    views: Tensor,
    question: AttributionRequest = AttributionRequest(),  # noqa: B008 - frozen, and the same words as everywhere.
    *,
    class_name: Sequence[str] = (),
    true: str = "",
    other: Tensor | None = None,
    references: Tensor | None = None,
    evidence: bool = False,
    progress: Progress = untold,
) -> Attribution:
    """Explain a model's output for views (4, 3, H, W) uint8, N, E, S, W: for a notebook.

    `class_name` are the model's classes in order, "0", "1", ... unless given; `true` is the
    location's own, where a question speaks of it. `other` are the views of the baseline
    "location", `references` (R, 4, 3, H, W) those of expected gradients, uint8 too. With
    `evidence` the map is examined as well. Raises InputError for what cannot be answered.
    """
    _check_views("views", views, (4, 3))
    if other is not None:
        _check_views("other", other, views.shape)
    for one in () if references is None else references:
        _check_views("references", one, views.shape)
    network = Network(model)
    names = tuple(class_name) or tuple(str(index) for index in range(network.classes))
    if len(names) != network.classes:
        raise InputError(f"{len(names)} classes are named and the model has {network.classes}.")
    if len(set(names)) != len(names) or (true and true not in names):
        raise InputError("Classes are named twice, or `true` is none of them; name each once.")
    pixels = network.pixels(views)
    predicted = names[int(BatchedModel(network).logits(pixels[None])[0].argmax())]
    asked_question = replace(
        question, baseline_location="" if other is None else "the other location"
    )
    asked_question.validate(names)
    if TRUE in (question.target, question.contrast_target) and not true:
        raise InputError("The question is about the true state; say which it is with `true`.")

    def compared(count: int) -> Tensor:
        if references is None or not len(references):
            raise InputError("Expected gradients need `references`: views of other locations.")
        return network.pixels(references[:count])

    asked = Asked(
        network,
        names,
        "",
        pixels,
        asked_question.resolve(predicted, true),
        None if other is None else network.pixels(other),
        compared,
    )
    made = explained(asked, progress)
    return examined(asked, made, progress) if evidence else made


def _check_views(what: str, views: object, shape: Sequence[int]) -> None:
    if not isinstance(views, Tensor) or views.dtype != torch.uint8:
        raise InputError(f"`{what}` are no uint8 tensor; give photographs as they are, 0 to 255.")
    if views.ndim != 4 or views.shape[: len(shape)] != tuple(shape) or not views.numel():
        wanted = ", ".join(map(str, shape)) + (", H, W" if len(shape) == 2 else "")
        raise InputError(f"`{what}` are of shape {tuple(views.shape)}; give ({wanted}).")


def examined(asked: Asked, made: Attribution, progress: Progress) -> Attribution:
    """Return a map with its evidence; raises as `explained` does."""
    evidence = examine(
        asked.network,
        asked.pixels,
        made,
        target(asked.question, asked.class_name),
        asked.other,
        asked.references,
        progress,
    )
    return replace(made, evidence=evidence)
