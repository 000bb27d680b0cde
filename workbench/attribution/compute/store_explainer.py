"""Explains the locations of a store with the checkpoint that it was extracted with."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from common.errors import InputError
from common.errors import InputError as TrainerInputError
from trainer import checkpoint as checkpoints
from trainer.data import decode
from workbench.attribution.compute.batched_model import Network
from workbench.attribution.compute.explain import Asked, examined, explained
from workbench.attribution.questions import Questions
from workbench.attribution.request import Attribution, AttributionRequest, Progress, Report
from workbench.store import Store
from workbench.store.photographs import Photographs

# Share of the logits' standard deviation. A network's rounding differs between devices by some
# thousandths of it; another photograph differs by far more.
LOGIT_TOLERANCE = 0.05


class StoreExplainer:
    """Answers questions about the locations of one store (`workbench.attribution.request.Explainer`).

    `network` is the store's model, which sees views of `size` pixels.
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
        if tuple(checkpoint.class_names) != tuple(store.class_names):
            raise InputError(
                f"{run}: its classes are not those of the store; name the run of the store's own "
                "checkpoint with --run, or extract again."
            )
        self.network = Network(model)
        self.size = checkpoint.config.image_size
        self._photographs = photographs
        self._store = store
        self._questions = Questions(store)
        self._row = {location: row for row, location in enumerate(store.location_ids)}
        self._reference: dict[int, Tensor] = {}
        self._tolerance = LOGIT_TOLERANCE * float(store.logits.std())

    def question(self, location_id: str, question: AttributionRequest) -> AttributionRequest:
        """Return the question with its classes by name; raises InputError and KeyError."""
        return self._questions.question(location_id, question)

    def explain(
        self, location_id: str, question: AttributionRequest, progress: Progress
    ) -> Attribution:
        """Return the map without its evidence (`workbench.attribution.request.Explainer.explain`)."""
        asked = self._asked(location_id, self.question(location_id, question), progress)
        return explained(asked, progress)

    def examine(self, made: Attribution, progress: Progress) -> Attribution:
        """Return a map with its evidence (`workbench.attribution.request.Explainer.examine`)."""
        return examined(self._asked(made.location_id, made.request, progress), made, progress)

    def _asked(self, location_id: str, question: AttributionRequest, progress: Progress) -> Asked:
        progress(Report("reading photographs", 0, 0))
        pixels = self.network.pixels(self._views(location_id))
        other = (
            self.network.pixels(self._views(question.baseline_location))
            if question.baseline_location
            else None
        )

        def references(count: int) -> Tensor:
            order = np.random.default_rng(question.seed).permutation(len(self._store))
            own = self._row[location_id]
            chosen = [int(row) for row in order if row != own][:count]
            if not chosen:
                raise InputError("Expected gradients need a second location in the store.")
            for done, row in enumerate(chosen):
                progress(Report("reading references", done, len(chosen)))
                if row not in self._reference:
                    self._reference[row] = self._views(self._store.location_ids[row])
            views = [self._reference[row] for row in chosen]
            # The next location has the same, but for itself; another seed has others.
            self._reference = {row: self._reference[row] for row in chosen}
            return self.network.pixels(torch.stack(views))

        name = self._store.class_names
        return Asked(self.network, name, location_id, pixels, question, other, references)

    def _views(self, location_id: str) -> Tensor:
        """Return the views (4, 3, H, W) uint8 that the model sees, if they are the store's."""
        for path in self._photographs.changed(location_id):
            raise InputError(
                f"{path}: has changed since the store was extracted; extract it again."
            )
        try:
            views = decode.read_views(self._photographs.paths(location_id), self.size)
        except TrainerInputError as error:
            raise InputError(str(error)) from error
        # Only a store of version 1, which has no hashes, has to be judged by what it predicted.
        if self._store.image_sha256 is None:
            self._compare(location_id, views)
        return views

    def _compare(self, location_id: str, views: Tensor) -> None:
        stored = self._store.logits[self._row[location_id]]
        with torch.inference_mode():
            logit = self.network.model(self.network.pixels(views)[None])[0].cpu().numpy()
        if not np.allclose(logit, stored, atol=self._tolerance, rtol=1e-4):
            raise InputError(
                f"{location_id}: these photographs no longer give the stored prediction; "
                "they have changed since the store was extracted."
            )
