"""What an extraction was asked for, and all that follows from it before a photograph is read."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from common.errors import InputError
from trainer import checkpoint as checkpoints
from trainer.data import dataset, layout
from trainer.data.dataset import LocationDataset
from trainer.data.layout import Location
from trainer.models.resnet import CONCAT_DIM, VIEWS, FourViewResNet
from workbench.extract.resume_buffer import Spool, record_of
from workbench.extract.selection import select


@dataclass(frozen=True)
class Request:
    """What is asked for.

    `checkpoint` is "best" or "last", `split` one of `selection.PARTS`. Without `data` it is the
    folder that the checkpoint was trained on; for the split "all" it has to be named.
    """

    run: Path
    data: Path | None
    out: Path
    batch_size: int
    workers: int
    checkpoint: str = "best"
    split: str = "all"
    precision: str = "float32"
    view_features: bool = True
    overwrite: bool = False


class Task:
    """The model, the locations in their batches, and the spool of an extraction."""

    def __init__(self, request: Request, device: torch.device) -> None:
        """Load the checkpoint and look for the locations; raises InputError, also the trainer's."""
        self.request, self.device = request, device
        if request.data is None and request.split == "all":
            raise InputError("--data: name the folder of the photographs.")
        self.model, self.checkpoint = checkpoints.load(request.run, request.checkpoint)
        index = layout.index_folder(request.data or Path(self.checkpoint.data_root))
        self.root = index.root
        self.selection = select(index, request.run, self.checkpoint, request.split)
        location, classes = self.selection.location, self.checkpoint.class_names
        self.photographs = LocationDataset(
            index.root, location, classes, self.checkpoint.config.image_size, with_sha256=True
        )
        self.batches = list(dataset.sequential_batches(len(location), request.batch_size))
        self.fields = _fields(self.model, len(classes), request.view_features)
        self.spool = Spool(request.out, record_of(self.fields), len(location), request.batch_size)

    def description(self) -> dict[str, Any]:
        """Return all that decides what is extracted: a start may go on with one that has the same.

        The names are words that stand in the sentence about one that has not.
        """
        request = self.request
        return {
            "checkpoint": self.checkpoint.sha256,
            "folder": str(self.root.resolve()),
            "locations": _fingerprint(self.selection.location),
            "split": request.split,
            "batch size": request.batch_size,
            "precision": request.precision,
            "view features": request.view_features,
            "device": self.device.type,
            "versions": checkpoints.versions(),
        }

    def provenance(self) -> dict[str, Any]:
        """Return what the store says of where it comes from, as far as it is known beforehand."""
        checkpoint, request = self.checkpoint, self.request
        return {
            "run": str(request.run.resolve()),
            "checkpoint": checkpoint.weights,
            "checkpoint_name": request.checkpoint,
            "checkpoint_sha256": checkpoint.sha256,
            "fusion": checkpoint.config.fusion,
            "size": checkpoint.config.image_size,
            "preset": checkpoint.preset,
            "epoch": checkpoint.epoch,
            "data": str(self.root.resolve()),
            "split": request.split,
            "batch_size": request.batch_size,
            "precision": request.precision,
            "device": self.device.type,
            "trained_with": {"commit": checkpoint.commit, **checkpoint.versions},
            "extracted_with": checkpoints.versions(),
        }


def _fields(model: FourViewResNet, classes: int, view_features: bool) -> dict[str, tuple[int, ...]]:
    """Return what is kept of a `ModelOutput` for each location, by name, and its shape."""
    fields: dict[str, tuple[int, ...]] = {"logits": (classes,), "features": (model.num_features,)}
    if view_features and model.fusion not in CONCAT_DIM:
        fields["view_features"] = (VIEWS, model.width)
    if model.has_view_logits:
        fields["view_logits"] = (VIEWS, classes)
    return fields


def _fingerprint(location: Sequence[Location]) -> str:
    """Return a SHA-256, in hexadecimal, over ids and the names of the photographs, in order."""
    result = hashlib.sha256()
    for place in location:
        result.update("\n".join((place.id, *place.images, "")).encode())
    return result.hexdigest()
