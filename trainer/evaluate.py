"""Loss and accuracy of a model on held-out locations."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from common.distributed import Processes
from common.errors import InputError
from common.progress import batch_bar
from trainer.config import Config
from trainer.data import dataset
from trainer.data.dataset import LocationDataset
from trainer.data.worker_processes import no_action
from trainer.models.resnet import FourViewResNet, ModelOutput, to_pixels
from trainer.step import autocast

TOP_K = 5


@dataclass(frozen=True)
class Scores:
    """Mean cross-entropy in nats, and accuracies in [0, 1] over locations.

    `view_top_1` and `view_top_5` are over single views; None where the fusion does not classify
    them. `per_class_top_1` has S values, NaN for a class without locations.
    """

    loss: float
    top_1: float
    top_5: float
    view_top_1: float | None
    view_top_5: float | None
    per_class_top_1: tuple[float, ...]


@torch.inference_mode()
def evaluate(
    model: FourViewResNet,
    locations: LocationDataset,
    num_classes: int,
    config: Config,
    processes: Processes,
    description: str = "Validating",
    after_batch: Callable[[], None] = no_action,
) -> Scores:
    """Return the scores of a model, which is left in evaluation mode.

    `after_batch` is called after each batch, in all processes alike; it may raise to stop. A single
    process also calls it while it waits for photographs. Raises InputError naming a photograph that
    cannot be read, and as `worker_map` does.
    """
    model.eval()
    device = processes.device
    batches = [
        processes.shard(rows)
        for rows in dataset.sequential_batches(len(locations), config.batch_size)
    ]
    sums = torch.zeros((num_classes, 5), dtype=torch.float64, device=device)
    # While one of several processes waits, the others cannot take part in a decision to stop.
    on_wait = after_batch if processes.world_size == 1 else no_action
    with dataset.batch_loader(locations, batches, config.num_workers, on_wait) as loaded:
        bar = batch_bar(loaded, description, total=len(batches), disable=not processes.is_main)
        for batch in bar:
            raise_unreadable(batch.errors)
            if len(batch.labels):
                with autocast(config, device):
                    output = model.forward_all(to_pixels(batch.views, device))
                labels = batch.labels.to(device)
                sums.index_add_(0, labels, _location_scores(output, labels))
            after_batch()
    sums = processes.all_reduce(sums).cpu()
    counts = torch.bincount(torch.tensor(locations.labels), minlength=num_classes)
    loss, top_1, top_5, view_1, view_5 = (sums.sum(dim=0) / len(locations)).tolist()
    views = model.has_view_logits
    return Scores(
        loss,
        top_1,
        top_5,
        view_1 if views else None,
        view_5 if views else None,
        tuple((sums[:, 1] / counts).tolist()),
    )


def _location_scores(output: ModelOutput, labels: Tensor) -> Tensor:
    """Return loss, top-1, top-5 and the views' top-1 and top-5 of each location, (B, 5) float64."""
    loss = cross_entropy(output.logits.float(), labels, reduction="none")
    top_1, top_5 = _top_k_hits(output.logits, labels)
    view_1 = view_5 = torch.zeros_like(loss)
    if output.view_logits is not None:
        views = output.view_logits.shape[1]
        hits = _top_k_hits(output.view_logits, labels[:, None].expand(-1, views))
        view_1, view_5 = (view_hits.mean(dim=1) for view_hits in hits)
    return torch.stack([loss, top_1, top_5, view_1, view_5], dim=1).double()


def _top_k_hits(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return as 0 or 1 whether the label is the top class, and among the top 5, of (..., S)."""
    ranking = logits.float().argsort(dim=-1, descending=True, stable=True)
    hits = (ranking == labels[..., None])[..., :TOP_K].float()
    return hits[..., 0], hits.amax(dim=-1)


def raise_unreadable(errors: tuple[str, ...]) -> None:
    """Raise InputError with the first error of a batch, if there is any."""
    for error in errors:
        if error:
            raise InputError(error)
