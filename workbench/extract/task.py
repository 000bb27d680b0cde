"""What follows from the request of an extraction before a photograph is read."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common.errors import InputError
from common.resume_buffer import ResumeBuffer
from trainer import checkpoint as checkpoints
from trainer.checkpoint import Checkpoint
from trainer.data import dataset, layout
from trainer.data.dataset import SHA256_BYTES, LocationDataset
from trainer.models.resnet import CONCAT_DIM, VIEWS, FourViewResNet
from workbench.extract.request import ExtractionRequest
from workbench.extract.selection import select


class ExtractionTask:
    """The model, the batches of locations and the resume buffer of an extraction.

    `key` is the request that the store carries.
    """

    def __init__(self, request: ExtractionRequest, device: torch.device) -> None:
        """Load the checkpoint and index the photographs; raises InputError."""
        self.request, self.device = request, device
        if request.data is None and request.split == "all":
            raise InputError("--data: name the folder of the photographs.")
        self.model, self.checkpoint = checkpoints.load(request.run, request.checkpoint)
        index = layout.index_folder(request.data or Path(self.checkpoint.data_root))
        self.index, self.root = index, index.root
        self.selection = select(index, request.run, self.checkpoint, request.split)
        locations, class_names = self.selection.locations, self.checkpoint.class_names
        self.dataset = LocationDataset(
            index.root, locations, class_names, self.checkpoint.config.image_size, with_sha256=True
        )
        self.batches = list(dataset.sequential_batches(len(locations), request.batch_size))
        self.fields = _fields(self.model, len(class_names), request.view_features)
        key = options_key(request, self.checkpoint) | {
            "folder": str(self.root.resolve()),
            "locations": _sha256("\n".join((item.id, *item.images)) for item in locations),
        }
        sizes = (f"{_size(self.root / name)}" for item in locations for name in item.images)
        # Photographs may be mended before an extraction is resumed.
        self.key = key | {"photographs": _sha256(sizes)}
        versions = checkpoints.versions()
        self.buffer = ResumeBuffer(request.out, key | {"device": device.type, "versions": versions})

    @property
    def row_dtype(self) -> np.dtype[Any]:
        """Return the type of a row in the buffer: its number, hashes, and float32 fields."""
        fields = [(name, "<f4", shape) for name, shape in self.fields.items()]
        return np.dtype([("row", "<u4"), ("sha256", "u1", (4, SHA256_BYTES)), *fields])

    def provenance(self) -> dict[str, Any]:
        """Return the store's provenance, as far as it is known before the extraction."""
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
            "request": self.key,
        }


def options_key(request: ExtractionRequest, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what a store depends on, except the photographs."""
    return {
        "checkpoint": checkpoint.sha256,
        "split": request.split,
        "batch size": request.batch_size,
        "precision": request.precision,
        "view features": request.view_features,
    }


def _fields(model: FourViewResNet, classes: int, view_features: bool) -> dict[str, tuple[int, ...]]:
    """Return the outputs of the model to store, by name, with their shape for one location."""
    fields: dict[str, tuple[int, ...]] = {"logits": (classes,), "features": (model.num_features,)}
    if view_features and model.fusion not in CONCAT_DIM:
        fields["view_features"] = (VIEWS, model.width)
    if model.has_view_logits:
        fields["view_logits"] = (VIEWS, classes)
    return fields


def _sha256(lines: Iterable[str]) -> str:
    """Return the SHA-256 (hexadecimal) of lines."""
    result = hashlib.sha256()
    for line in lines:
        result.update(f"{line}\n".encode())
    return result.hexdigest()


def _size(path: Path) -> int:
    """Return the size of a file in bytes, -1 if it cannot be reached."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
