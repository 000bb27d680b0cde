"""Explains the locations of a store with the checkpoint that it was extracted with."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from common.errors import InputError
from common.progress import ProgressCallback, no_progress
from trainer import checkpoint as checkpoints
from trainer.data import decode
from workbench.attribution.compute.batched_model import FrozenModel
from workbench.attribution.compute.explain import KnownEffects, check_location, explain_location
from workbench.attribution.compute.methods import Inputs
from workbench.attribution.explainer import PartialCallback, RequestResolver
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.store import Store
from workbench.store.photographs import Photographs

# Fraction of the logits' standard deviation. Rounding differs between devices by some thousandths
# of it, another photograph by far more.
LOGIT_TOLERANCE = 0.05


class StoreExplainer(RequestResolver):
    """The `Explainer` of a store whose model and photographs are available.

    `model` is the store's, which sees views of `size` pixels.
    """

    def __init__(
        self, run: Path, photographs: Photographs, store: Store, device: str | None = None
    ) -> None:
        """Load the checkpoint in `run` onto a device (default: a GPU if there is one).

        Raises InputError unless the store was extracted with it.
        """
        super().__init__(store)
        model, checkpoint = checkpoints.load(run)
        if checkpoint.sha256 != store.provenance.get("checkpoint_sha256"):
            raise InputError(
                f"{run}: this is not the checkpoint that the store was extracted with; "
                "name its run with --run, or extract again."
            )
        if tuple(checkpoint.class_names) != tuple(store.class_names):
            raise InputError(
                f"{run}: its classes are not those of the store; name the run of the store's "
                "checkpoint with --run, or extract again."
            )
        self.model = FrozenModel(model, device)
        self.size = checkpoint.config.image_size
        self._photographs = photographs
        self._references: dict[int, Tensor] = {}
        self._effects: KnownEffects = {}
        self._tolerance = LOGIT_TOLERANCE * float(store.logits.std())

    def explain(
        self,
        location_id: str,
        request: AttributionRequest,
        progress: ProgressCallback = no_progress,
        on_partial: PartialCallback | None = None,
    ) -> Attribution:
        """Return the attribution of a location, without checks (`Explainer.explain`)."""
        request = self.resolve(location_id, request)
        inputs = self._inputs(location_id, request, progress)
        names = self._store.class_names
        return explain_location(
            self.model, location_id, inputs, request, names, progress, on_partial
        )

    def check(
        self, attribution: Attribution, progress: ProgressCallback = no_progress
    ) -> Attribution:
        """Return an attribution with its checks (`Explainer.check`)."""
        inputs = self._inputs(attribution.location_id, attribution.request, progress)
        names = self._store.class_names
        return check_location(self.model, inputs, attribution, names, progress, self._effects)

    def pixels(self, location_id: str) -> Tensor:
        """Return the pixels (4, 3, H, W) in [0, 1] of a location, on the device."""
        return self.model.to_pixels(self._views(location_id))

    def _inputs(
        self, location_id: str, request: AttributionRequest, progress: ProgressCallback
    ) -> Inputs:
        progress(0.0, "reading photographs")
        baseline = request.baseline_location
        return Inputs(
            self.pixels(location_id),
            self.pixels(baseline) if baseline else None,
            lambda n: self._reference_pixels(location_id, request.seed, n, progress),
        )

    def _reference_pixels(
        self, location_id: str, seed: int, n: int, progress: ProgressCallback
    ) -> Tensor:
        order = np.random.default_rng(seed).permutation(len(self._store)).tolist()
        rows = [row for row in order if row != self._rows[location_id]][:n]
        if not rows:
            raise InputError("Expected gradients need a second location in the store.")
        for done, row in enumerate(rows):
            progress(0.0, f"reading references, {done:,} of {len(rows):,}")
            if row not in self._references:
                self._references[row] = self._views(self._store.location_ids[row])
        # Other locations have the same references, except for themselves; other seeds have others.
        self._references = {row: self._references[row] for row in rows}
        return self.model.to_pixels(torch.stack(list(self._references.values())))

    def _views(self, location_id: str) -> Tensor:
        """Return the views (4, 3, H, W) uint8 that the model sees, if they are unchanged."""
        for path in self._photographs.changed(location_id):
            raise InputError(
                f"{path}: has changed since the store was extracted; extract it again."
            )
        views = decode.read_views(self._photographs.paths(location_id), self.size)
        # Stores of version 1 have no hashes, so their predictions are compared.
        if self._store.image_sha256 is None:
            self._compare_logits(location_id, views)
        return views

    def _compare_logits(self, location_id: str, views: Tensor) -> None:
        stored = self._store.logits[self._rows[location_id]]
        with torch.inference_mode():
            logits = self.model.module(self.model.to_pixels(views)[None])[0].cpu().numpy()
        if not np.allclose(logits, stored, atol=self._tolerance, rtol=1e-4):
            raise InputError(
                f"{location_id}: the photographs no longer give the stored prediction, so they "
                "have changed; extract the store again."
            )
