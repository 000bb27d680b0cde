"""Explain one location: a request and its pixels in, an attribution with optional checks out."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import torch
from torch import Tensor

from common.errors import InputError
from common.names import canonical_names, match_name
from common.progress import ProgressCallback, no_progress
from trainer.models.resnet import FourViewResNet
from workbench.attribution.compute import faithfulness, sanity_checks
from workbench.attribution.compute.batched_model import BatchedModel, FrozenModel
from workbench.attribution.compute.convergence import Estimate
from workbench.attribution.compute.methods import Inputs, attribute
from workbench.attribution.compute.target import Target
from workbench.attribution.explainer import PartialCallback
from workbench.attribution.request import METHOD_TITLES, TRUE, AttributionRequest
from workbench.attribution.result import REPLACEMENT_TITLES, Attribution, Checks

KnownEffects = dict[tuple[str, str, str, str], faithfulness.LocationEffects]
"""By location id, output, target and contrast target."""
MAX_KNOWN_EFFECTS = 1024


def explain_location(
    model: FrozenModel,
    location_id: str,
    inputs: Inputs,
    request: AttributionRequest,
    class_names: Sequence[str],
    progress: ProgressCallback = no_progress,
    on_partial: PartialCallback | None = None,
) -> Attribution:
    """Return the attribution of a location for a resolved request, without checks.

    Raises InputError where the model's output is not finite; callbacks may raise to cancel.
    """
    batched = BatchedModel(model, progress)
    batched.report(0.0, METHOD_TITLES[request.method])
    target = Target.from_request(request, class_names)
    probability = float(target.probability(batched.logits(inputs.pixels[None]))[0])

    def attribution(estimate: Estimate) -> Attribution:
        return Attribution(
            location_id=location_id,
            request=request,
            values=estimate.to_numpy(),
            output=estimate.output,
            baseline_output=estimate.baseline_output,
            probability=probability,
            converged=estimate.converged,
            reason=estimate.reason,
            error_estimate=estimate.error_estimate,
            cost=batched.cost,
        )

    def on_estimate(estimate: Estimate) -> None:
        if on_partial:
            on_partial(attribution(estimate))

    return attribution(attribute(batched, inputs, request, target, batched.report, on_estimate))


def check_location(
    model: FrozenModel,
    inputs: Inputs,
    attribution: Attribution,
    class_names: Sequence[str],
    progress: ProgressCallback = no_progress,
    known: KnownEffects | None = None,
) -> Attribution:
    """Return an attribution with its checks; `inputs` are those that it was computed from.

    What the checks of all maps of a location share is taken from `known`, and put there. Raises as
    `explain_location` does.
    """
    request, pixels = attribution.request, inputs.pixels
    target = Target.from_request(request, class_names)
    batched = BatchedModel(model, progress)
    sanity = sanity_checks
    known = {} if known is None else known
    key = (attribution.location_id, request.output, request.target, request.contrast_target)
    effects = known.get(key)
    stages = 1 + len(REPLACEMENT_TITLES) + len(sanity.other_baselines(request))
    stages += 0 if effects else 1 + len(REPLACEMENT_TITLES)
    stages += sanity.NOISY_COPIES + sanity.NOISE_IMAGES + len(sanity.CHECKED_STAGES)
    number = count()

    def on_stage(stage: str) -> None:
        batched.report(next(number) / stages, f"checks: {stage}")

    if effects is None:
        effects = faithfulness.location_effects(batched, pixels, target, on_stage)
        if len(known) >= MAX_KNOWN_EFFECTS:
            known.clear()
        known[key] = effects
    curves = faithfulness.deletion_and_insertion(
        batched, pixels, attribution.values, target, effects, on_stage
    )
    compute = sanity.rough_map_of(batched, inputs, request, target)
    on_stage("rough map")
    reference = compute()
    checks = Checks(
        fractions=faithfulness.FRACTIONS,
        curves=curves,
        baseline_agreement=sanity.baseline_agreement(compute, reference, request, on_stage),
        noise_stability=sanity.noise_stability(compute, reference, pixels, on_stage),
        input_randomization=sanity.input_randomization(compute, reference, pixels, on_stage),
        model_randomization=sanity.model_randomization(compute, reference, batched, on_stage),
        view_effects=effects.view_effects,
        rotation_effects=effects.rotation_effects,
        cost=batched.cost,
    )
    return replace(attribution, checks=checks)


@torch.inference_mode(False)
@torch.enable_grad()
def explain(
    model: FourViewResNet,
    views: Tensor,
    request: AttributionRequest = AttributionRequest(),  # noqa: B008  Immutable.
    *,
    class_names: Sequence[str] = (),
    true_class: str = "",
    baseline_views: Tensor | None = None,
    references: Tensor | None = None,
    checks: bool = False,
    progress: ProgressCallback = no_progress,
) -> Attribution:
    """Explain a model's output for one location, in a notebook.

    Parameters
    ----------
    views : (4, 3, H, W) uint8, headings N, E, S, W
    request : method, baseline, target and tolerances
    class_names : the model's classes in order; default "0", "1", ...
    true_class : class of the location, needed for the target "true"
    baseline_views : (4, 3, H, W) uint8, the baseline "location"
    references : (R, 4, 3, H, W) uint8, needed for expected gradients
    checks : also run the checks

    Raises InputError for a request that cannot be fulfilled.
    """
    _check_views("views", views, (4, 3))
    if baseline_views is not None:
        _check_views("baseline_views", baseline_views, views.shape)
    for reference in () if references is None else references:
        _check_views("references", reference, views.shape)
    frozen = FrozenModel(model)
    names = canonical_names(class_names) or tuple(map(str, range(frozen.n_classes)))
    true_class = match_name(true_class, names)
    if len(names) != frozen.n_classes:
        raise InputError(
            f"`class_names` has {len(names)} names and the model {frozen.n_classes} classes."
        )
    if len(set(names)) != len(names) or (true_class and true_class not in names):
        raise InputError(
            "`class_names` must be unique and contain `true_class`; correct one of them."
        )
    if TRUE in (request.target, request.contrast_target) and not true_class:
        raise InputError("The request is about the true class; pass it as `true_class`.")
    request = replace(
        request, baseline_location="" if baseline_views is None else "another location"
    )
    request = request.match_names(names, ())
    request.validate(names)
    pixels = frozen.to_pixels(views)
    predicted = names[int(BatchedModel(frozen).logits(pixels[None])[0].argmax())]

    def reference_pixels(n: int) -> Tensor:
        if references is None or not len(references):
            raise InputError("Expected gradients need `references`: views of other locations.")
        return frozen.to_pixels(references[:n])

    inputs = Inputs(
        pixels,
        None if baseline_views is None else frozen.to_pixels(baseline_views),
        reference_pixels,
    )
    attribution = explain_location(
        frozen, "", inputs, request.resolve(predicted, true_class), names, progress
    )
    return check_location(frozen, inputs, attribution, names, progress) if checks else attribution


def _check_views(name: str, views: object, shape: Sequence[int]) -> None:
    if not isinstance(views, Tensor) or views.dtype != torch.uint8:
        raise InputError(f"`{name}` must be a uint8 tensor of pixels from 0 to 255.")
    if views.ndim != 4 or views.shape[: len(shape)] != tuple(shape) or not views.numel():
        expected = ", ".join(map(str, shape)) + (", H, W" if len(shape) == 2 else "")
        raise InputError(f"`{name}` has shape {tuple(views.shape)}; expected ({expected}).")
