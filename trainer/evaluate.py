"""How well a model does on locations that it has not seen."""

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
from trainer.models.resnet import FourViewResNet, to_pixels
from trainer.step import autocast

TOP_K = 5


@dataclass(frozen=True)
class Scores:
    """Scores over locations: mean cross-entropy in nats, all else shares in [0, 1].

    `view_top_1` and `view_top_5` count single views, None where the fusion answers none by itself.
    `per_class_top_1` has S shares, NaN for a class without locations.
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
    photographs: LocationDataset,
    num_classes: int,
    config: Config,
    processes: Processes,
    description: str = "Validating",
    after_batch: Callable[[], None] = lambda: None,
) -> Scores:
    """Return the scores of a model, which is left in evaluation mode.

    `after_batch` is called after each batch, by all processes alike, and may raise to end it. Raises
    InputError naming a photograph that cannot be read.
    """
    model.eval()
    device = processes.device
    batches = [
        processes.shard(rows)
        for rows in dataset.sequential_batches(len(photographs), config.batch_size)
    ]
    hit = torch.zeros((num_classes, 5), dtype=torch.float64, device=device)
    for batch in batch_bar(
        dataset.data_loader(photographs, batches, config.num_workers),
        description,
        total=len(batches),
        disable=not processes.is_main,
    ):
        raise_unreadable(batch.errors)
        if len(batch.labels):
            with autocast(config, device):
                output = model.forward_all(to_pixels(batch.views, device))
            hit.index_add_(
                0,
                batch.labels.to(device),
                _location_scores(output.logits, output.view_logits, batch.labels),
            )
        after_batch()
    total = processes.all_reduce(hit).cpu()
    count = len(photographs)
    number = torch.bincount(torch.tensor(photographs.labels), minlength=num_classes)
    loss, top_1, top_5, view_1, view_5 = (total.sum(dim=0) / count).tolist()
    views = model.has_view_logits
    return Scores(
        loss,
        top_1,
        top_5,
        view_1 if views else None,
        view_5 if views else None,
        tuple((total[:, 1] / number).tolist()),
    )


def _location_scores(logit: Tensor, view_logit: Tensor | None, label: Tensor) -> Tensor:
    """Return for each location its loss, its hits, and the share of its views that hit: (B, 5)."""
    label = label.to(logit.device)
    loss = cross_entropy(logit.float(), label, reduction="none")
    top_1, top_5 = _hits(logit, label)
    view_1 = view_5 = torch.zeros_like(loss)
    if view_logit is not None:
        each_1, each_5 = _hits(view_logit, label[:, None].expand(-1, view_logit.shape[1]))
        view_1, view_5 = each_1.mean(dim=1), each_5.mean(dim=1)
    return torch.stack([loss, top_1, top_5, view_1, view_5], dim=1).double()


def _hits(logit: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Return as 0 or 1 whether the best, and one of the five best, of (..., S) is the label."""
    ranking = logit.float().argsort(dim=-1, descending=True, stable=True)
    hit = (ranking == label[..., None])[..., :TOP_K].float()
    return hit[..., 0], hit.amax(dim=-1)


def raise_unreadable(reasons: tuple[str, ...]) -> None:
    """Raise InputError with the first reason why a location of a batch could not be read."""
    for reason in reasons:
        if reason:
            raise InputError(reason)
