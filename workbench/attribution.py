"""Explain a prediction: integrated gradients (captum) over the four views of a location."""

import time
from pathlib import Path

import numpy as np
import torch
from captum import attr as captum
from torch import Tensor

from trainer import checkpoint as checkpoints
from trainer import photograph
from trainer.errors import InputError as TrainerInputError
from trainer.model import to_pixels, usable_device
from workbench.errors import InputError
from workbench.explanation import Attribution, Progress
from workbench.photographs import Photographs
from workbench.store import Store

STEPS = 50
# Pixels that go through the network at once: some 4 GB for a ResNet-50 and its gradient.
PIXELS_AT_ONCE = 2**20
# Share of the logits' standard deviation. A network's rounding differs between devices by some
# thousandths of it; another photograph differs by far more.
LOGIT_TOLERANCE = 0.05


class IntegratedGradients:
    """Integrated gradients of the predicted class's logit, from a black baseline.

    Sundararajan et al. 2017, by captum with 50 Gauss-Legendre steps.
    """

    def __init__(self, run: Path, photographs: Photographs, store: Store) -> None:
        """Load the checkpoint in `run`; raises InputError if the store was not made from it."""
        try:
            model, checkpoint = checkpoints.load(run)
        except TrainerInputError as error:
            raise InputError(str(error)) from error
        if checkpoint.sha256 != store.provenance.get("checkpoint_sha256"):
            raise InputError(
                f"{run}: this is not the checkpoint that the store was extracted with; "
                "name its run with --run, or extract again."
            )
        self._device = usable_device()
        self._model = model.to(self._device).requires_grad_(False)
        self._size = checkpoint.config.size
        self._class_name = checkpoint.class_name
        self._photographs = photographs
        self._store = store
        self._row = {location: row for row, location in enumerate(store.location_id)}
        self._tolerance = LOGIT_TOLERANCE * float(store.logit.std())

    def explain(self, location_id: str, progress: Progress) -> Attribution:
        """Explain the predicted class of a location, reporting the steps done.

        `progress` may raise to cancel. Raises InputError when the photographs are gone or no
        longer give the stored prediction, and KeyError for an unknown location.
        """
        started = time.monotonic()
        stored = self._store.logit[self._row[location_id]]
        target = int(stored.argmax())
        for path in self._photographs.changed(location_id):
            raise InputError(
                f"{path}: has changed since the store was extracted; extract it again."
            )
        try:
            views = photograph.views(self._photographs.paths(location_id), self._size)
        except TrainerInputError as error:
            raise InputError(str(error)) from error
        pixels = to_pixels(views, self._device)[None]
        baseline = torch.zeros_like(pixels)
        with torch.inference_mode():
            logit, baseline_logit = self._model(torch.cat([pixels, baseline])).cpu().numpy()
        # Only a store of version 1, which has no hashes, has to be judged by what it predicted.
        unknown = self._store.image_sha256 is None
        if unknown and not np.allclose(logit, stored, atol=self._tolerance, rtol=1e-4):
            raise InputError(
                f"{location_id}: these photographs no longer give the stored prediction; "
                "they have changed since the store was extracted."
            )
        attribution = _integrate(self._model, pixels, baseline, target, progress)
        return Attribution(
            location_id=location_id,
            method="integrated gradients",
            target=self._class_name[target],
            baseline="black",
            steps=STEPS,
            map=attribution[0].sum(dim=1).float().cpu().numpy(),
            output=float(logit[target]),
            baseline_output=float(baseline_logit[target]),
            seconds=time.monotonic() - started,
        )


def _integrate(
    model: torch.nn.Module, pixels: Tensor, baseline: Tensor, target: int, progress: Progress
) -> Tensor:
    """Return captum's integrated gradients, (1, 4, 3, H, W), counting the steps as they go."""
    done = 0

    def counting(batch: Tensor) -> Tensor:
        nonlocal done
        progress(min(done, STEPS), STEPS)
        done += len(batch)
        output: Tensor = model(batch)
        return output

    progress(0, STEPS)
    steps_at_once = max(1, min(10, PIXELS_AT_ONCE // pixels[0, :, 0].numel()))
    result: Tensor = captum.IntegratedGradients(counting).attribute(
        pixels,
        baselines=baseline,
        target=target,
        n_steps=STEPS,
        method="gausslegendre",
        internal_batch_size=steps_at_once,
    )
    progress(STEPS, STEPS)
    return result.detach()
