"""The training loop: epochs of steps, each epoch ending in a checkpoint."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer import checkpoint as checkpoints
from trainer import dataset
from trainer import run as run_folder
from trainer.checkpoint import Checkpoint
from trainer.config import Config
from trainer.dataset import LocationDataset
from trainer.errors import InputError
from trainer.model import FourViewResNet, to_pixels, usable_device
from trainer.progress import progress
from trainer.run import EPOCHS, STEPS
from trainer.survey import Survey, survey

STEPS_AT_ONCE = 20


@dataclass(frozen=True)
class Scores:
    """Mean cross-entropy in nats and shares in [0, 1] over the validation part."""

    loss: float
    top_1: float
    top_5: float


def train(run: Path, data: Path, config: Config, *, preset: str, resume: bool) -> Checkpoint:
    """Train into the folder `run` and return the best checkpoint, by validation loss.

    With `resume` it goes on after the last whole epoch. Raises InputError for a folder that
    cannot be trained from or into.
    """
    with run_folder.alone(run):
        return _train(run, data, config, preset, resume)


def _train(run: Path, data: Path, config: Config, preset: str, resume: bool) -> Checkpoint:
    previous = run_folder.previous(run, config, resume)
    torch.manual_seed(config.seed)
    torch.backends.cudnn.deterministic = True
    index = dataset.index(data)
    class_name = index.class_name
    split = dataset.split(index, config.validation_share, config.seed)
    if previous is not None:
        split = run_folder.as_before(run, previous, class_name, split)
    read = survey(split, index, config)
    if previous is not None and read.split != split:
        raise InputError(
            f"{run}: photographs that this run was started on cannot be read any more "
            f"({read.skipped[-1].id}); restore them or train into another folder."
        )
    _tell(read, index)

    model = FourViewResNet(
        config.fusion,
        len(class_name),
        read.mean,
        read.deviation,
        zero_residual=config.initialisation == "zero-residual",
    )
    model = model.to(usable_device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = _optimiser(model, config)
    first, best_loss = 1, math.inf
    if previous is not None:
        model.load_state_dict(checkpoints.load(run, "last")[0].state_dict())
        optimiser.load_state_dict(checkpoints.load_optimiser(run, previous))
        first, best_loss = previous.epoch + 1, checkpoints.read(run).metrics["validation_loss"]
    run_folder.start(run, config, read.skipped, last_epoch=first - 1)

    training = LocationDataset(index.root, read.split.training, class_name, config.size)
    validation = LocationDataset(index.root, read.split.validation, class_name, config.size)
    total_steps = config.epochs * math.ceil(len(training) / config.batch_size)
    for epoch in range(first, config.epochs + 1):
        started = time.monotonic()
        training_loss = _epoch(run, model, optimiser, training, config, epoch, total_steps)
        scores = evaluate(model, validation, config)
        values = (training_loss, scores.loss, scores.top_1, scores.top_5)
        metrics = dict(zip(checkpoints.METRICS, values, strict=True))
        seconds = round(time.monotonic() - started, 3)
        _refuse_divergence(run, scores.loss, f"validation after epoch {epoch}")
        run_folder.append(run / EPOCHS, [(epoch, *metrics.values(), seconds)])
        print(
            f"Epoch {epoch}: validation loss {scores.loss:.3f}, "
            f"top-1 {scores.top_1:.1%}, top-5 {scores.top_5:.1%}"
        )
        names = ("best", "last") if scores.loss < best_loss else ("last",)
        best_loss = min(best_loss, scores.loss)
        checkpoints.save(
            run,
            names,
            Checkpoint(
                config=config,
                class_name=class_name,
                data=str(index.root.resolve()),
                split={
                    "training": [place.id for place in read.split.training],
                    "validation": [place.id for place in read.split.validation],
                },
                metrics=metrics,
                epoch=epoch,
                preset=preset,
            ),
            model,
            optimiser,
        )
    return checkpoints.read(run)


def _optimiser(model: FourViewResNet, config: Config) -> torch.optim.Optimizer:
    return torch.optim.Adam(
        model.parameters(),
        lr=config.learning_rate,
        betas=(config.beta_1, config.beta_2),
        eps=config.epsilon,
        weight_decay=config.weight_decay,
        fused=True,
    )


def _tell(read: Survey, index: dataset.Index) -> None:
    print(
        f"{len(read.split.training)} locations to train on, {len(read.split.validation)} to "
        f"validate, {len(index.class_name)} classes, {len(read.skipped)} skipped"
    )
    for skipped in read.skipped:
        print(f"  skipped {skipped.id}: {skipped.reason}")


def _epoch(
    run: Path,
    model: FourViewResNet,
    optimiser: torch.optim.Optimizer,
    photographs: LocationDataset,
    config: Config,
    epoch: int,
    total_steps: int,
) -> float:
    """Train on every location once and return the mean loss."""
    device = model.mean.device
    model.train()
    # The order depends on the seed and the epoch alone, so a resumed run sees the same one.
    batches = dataset.loader(
        photographs, config.batch_size, config.workers, shuffle_seed=config.seed * 10_000 + epoch
    )
    started = time.monotonic()
    table, seen, total = [], 0, 0.0
    step = (epoch - 1) * len(batches)
    bar = progress(batches, f"Epoch {epoch} of {config.epochs}")
    for _, views, label, reasons in bar:
        _refuse_unreadable(reasons)
        rate = learning_rate(config, step, total_steps)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = nn.functional.cross_entropy(model(to_pixels(views, device)), label.to(device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        step += 1
        value = float(loss.detach())
        total += value * len(label)
        seen += len(label)
        bar.set_postfix(loss=f"{value:.3f}")
        _refuse_divergence(run, value, f"step {step}")
        table.append((epoch, step, value, rate, round(time.monotonic() - started, 3)))
        if len(table) == STEPS_AT_ONCE:
            run_folder.append(run / STEPS, table)
            table.clear()
    run_folder.append(run / STEPS, table)
    return total / seen


@torch.inference_mode()
def evaluate(model: FourViewResNet, photographs: LocationDataset, config: Config) -> Scores:
    """Return the scores of a model over photographs; it is left in evaluation mode."""
    model.eval()
    device = model.mean.device
    loss, top_1, top_5 = 0.0, 0, 0
    batches = dataset.loader(photographs, config.batch_size, config.workers)
    for _, views, label, reasons in progress(batches, "Validating"):
        _refuse_unreadable(reasons)
        logit = model(to_pixels(views, device)).cpu()
        loss += float(nn.functional.cross_entropy(logit, label, reduction="sum"))
        hit = _ranking(logit) == label[:, None]
        top_1 += int(hit[:, 0].sum())
        top_5 += int(hit[:, :5].any(dim=1).sum())
    count = len(photographs)
    return Scores(loss / count, top_1 / count, top_5 / count)


def learning_rate(config: Config, step: int, total_steps: int) -> float:
    """Return the learning rate of a step, counted from 0."""
    if config.schedule == "constant":
        return config.learning_rate
    warm = max(1, total_steps // 4)
    if step < warm:
        return config.learning_rate * (step + 1) / warm
    progress = (step - warm) / max(1, total_steps - warm)
    return config.learning_rate * (1 + math.cos(math.pi * progress)) / 2


def _ranking(logit: Tensor) -> Tensor:
    return logit.argsort(dim=1, descending=True, stable=True)


def _refuse_unreadable(reasons: Sequence[str]) -> None:
    for reason in reasons:
        if reason:
            raise InputError(reason)


def _refuse_divergence(run: Path, loss: float, where: str) -> None:
    if not math.isfinite(loss):
        raise InputError(
            f"{run}: the loss is {loss} at {where}; train anew with a smaller --learning-rate."
        )
