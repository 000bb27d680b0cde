"""The training loop: survey the photographs, then epochs of steps, each ending in a checkpoint."""

import csv
import dataclasses
import fcntl
import hashlib
import json
import math
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from trainer import checkpoint as checkpoints
from trainer import dataset
from trainer.checkpoint import Checkpoint
from trainer.config import Config
from trainer.dataset import Location, LocationDataset, Skipped, Split
from trainer.errors import InputError
from trainer.model import FourViewResNet, to_pixels, usable_device

STEPS, EPOCHS = "steps.csv", "epochs.csv"
STEPS_AT_ONCE = 20
STEP_COLUMNS = ("epoch", "step", "loss", "learning_rate", "seconds")
EPOCH_COLUMNS = ("epoch", *checkpoints.METRICS, "seconds")


@dataclass(frozen=True)
class Survey:
    """What reading every photograph once has shown.

    `mean` and `deviation` are those of the training part's channels, pixels in [0, 1].
    """

    split: Split
    skipped: tuple[Skipped, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


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
    with _alone(run):
        return _train(run, data, config, preset, resume)


def _train(run: Path, data: Path, config: Config, preset: str, resume: bool) -> Checkpoint:
    previous = _previous(run, config, resume)
    torch.manual_seed(config.seed)
    torch.backends.cudnn.deterministic = True
    index = dataset.index(data)
    class_name = index.class_name
    split = dataset.split(index, config.validation_share, config.seed)
    if previous is not None:
        _check_same(run, previous, class_name, split)
    survey = _survey(split, index, config)
    _tell(survey, index)

    model = FourViewResNet(
        config.fusion,
        len(class_name),
        survey.mean,
        survey.deviation,
        zero_residual=config.initialisation == "zero-residual",
    )
    model = model.to(usable_device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = _optimiser(model, config)
    first, best_loss = 1, math.inf
    if previous is not None:
        model.load_state_dict(checkpoints.load(run, "last")[0].state_dict())
        optimiser.load_state_dict(checkpoints.load_optimiser(run, previous))
        first, best_loss = previous.epoch + 1, checkpoints.read(run).metrics["validation_loss"]
    _start_files(run, config, survey.skipped, last_epoch=first - 1)

    training = LocationDataset(index.root, survey.split.training, class_name, config.size)
    validation = LocationDataset(index.root, survey.split.validation, class_name, config.size)
    total_steps = config.epochs * math.ceil(len(training) / config.batch_size)
    for epoch in range(first, config.epochs + 1):
        started = time.monotonic()
        training_loss = _epoch(run, model, optimiser, training, config, epoch, total_steps)
        scores = evaluate(model, validation, config)
        values = (training_loss, scores.loss, scores.top_1, scores.top_5)
        metrics = dict(zip(checkpoints.METRICS, values, strict=True))
        seconds = round(time.monotonic() - started, 3)
        _refuse_divergence(run, scores.loss, f"validation after epoch {epoch}")
        _append(run / EPOCHS, [(epoch, *metrics.values(), seconds)])
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
                    "training": [place.id for place in survey.split.training],
                    "validation": [place.id for place in survey.split.validation],
                },
                metrics=metrics,
                epoch=epoch,
                step=epoch * math.ceil(len(training) / config.batch_size),
                preset=preset,
            ),
            model,
            optimiser,
        )
    return checkpoints.read(run)


@contextmanager
def _alone(run: Path) -> Iterator[None]:
    """Keep a second trainer out of the run; the lock goes when this process does.

    It lies with the temporary files, so that a refused start leaves nothing in the run.
    """
    name = hashlib.sha256(str(run.absolute()).encode(errors="replace")).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"resnetbolt-{os.getuid()}-{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                f"{run}: another trainer is at work here; wait for it or train elsewhere."
            ) from error
        yield


def _previous(run: Path, config: Config, resume: bool) -> Checkpoint | None:
    """Return the last checkpoint of an earlier start, None if there is none."""
    there = next(place for place in (run.absolute(), *run.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise InputError(f"{run}: cannot be written to; name a folder of yours to train into.")
    if not (run / "last.json").exists():
        return None
    if not resume:
        raise InputError(f"{run}: holds a run already; --resume goes on with it.")
    last = checkpoints.read(run, "last")
    for item in dataclasses.fields(Config):
        before, now = getattr(last.config, item.name), getattr(config, item.name)
        if before != now and item.name != "workers":
            raise InputError(
                f"{run}: was trained with {item.name} {before}, not {now}; "
                "resume with the same options or train into another folder."
            )
    return last


def _check_same(run: Path, previous: Checkpoint, class_name: Sequence[str], split: Split) -> None:
    """Raise InputError unless the run was started on this folder, as far as names tell."""
    for part, before in (
        (split.training, previous.split["training"]),
        (split.validation, previous.split["validation"]),
    ):
        # What could not be read at the start is in the folder but not in the checkpoint.
        if previous.class_name != class_name or not {place.id for place in part} >= set(before):
            raise InputError(
                f"{run}: the data folder has changed since this run started; "
                "train into another folder."
            )


def _optimiser(model: FourViewResNet, config: Config) -> torch.optim.Optimizer:
    return torch.optim.Adam(
        model.parameters(),
        lr=config.learning_rate,
        betas=(config.beta_1, config.beta_2),
        eps=config.epsilon,
        weight_decay=config.weight_decay,
        fused=True,
    )


def _survey(split: Split, index: dataset.Index, config: Config) -> Survey:
    """Decode every photograph once: leave out what cannot be read, measure the channels."""
    everything = split.training + split.validation
    photographs = LocationDataset(index.root, everything, index.class_name, config.size)
    skipped = list(index.skipped)
    unreadable: set[str] = set()
    total, square, count = torch.zeros(3, dtype=torch.float64), torch.zeros(3).double(), 0
    batches = dataset.loader(photographs, config.batch_size, config.workers)
    for rows, views, _, reasons in _progress(batches, "Reading photographs"):
        for row, reason in zip(rows.tolist(), reasons, strict=True):
            if reason:
                unreadable.add(everything[row].id)
                skipped.append(Skipped(everything[row].id, reason))
        keep = [
            row < len(split.training) and not reason
            for row, reason in zip(rows.tolist(), reasons, strict=True)
        ]
        pixels = views[torch.tensor(keep)].double() / 255
        total += pixels.sum(dim=(0, 1, 3, 4))
        square += pixels.square().sum(dim=(0, 1, 3, 4))
        count += pixels.numel() // 3
    mean = total / max(count, 1)
    deviation = (square / max(count, 1) - mean.square()).clamp(min=1e-6).sqrt()
    readable = _without(split, unreadable)
    for name in index.class_name:
        for part in (readable.training, readable.validation):
            if not any(place.class_name == name for place in part):
                raise InputError(
                    f"{index.root / name}: too few photographs can be read to train and "
                    "validate; replace them or remove the folder."
                )
    return Survey(readable, tuple(skipped), tuple(mean.tolist()), tuple(deviation.tolist()))


def _without(split: Split, unreadable: set[str]) -> Split:
    def rest(part: Iterable[Location]) -> tuple[Location, ...]:
        return tuple(place for place in part if place.id not in unreadable)

    return Split(rest(split.training), rest(split.validation))


def _tell(survey: Survey, index: dataset.Index) -> None:
    print(
        f"{len(survey.split.training)} locations to train on, {len(survey.split.validation)} to "
        f"validate, {len(index.class_name)} classes, {len(survey.skipped)} skipped"
    )
    for skipped in survey.skipped:
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
    progress = _progress(batches, f"Epoch {epoch} of {config.epochs}")
    for _, views, label, reasons in progress:
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
        progress.set_postfix(loss=f"{value:.3f}")
        _refuse_divergence(run, value, f"step {step}")
        table.append((epoch, step, value, rate, round(time.monotonic() - started, 3)))
        if len(table) == STEPS_AT_ONCE:
            _append(run / STEPS, table)
            table.clear()
    _append(run / STEPS, table)
    return total / seen


@torch.inference_mode()
def evaluate(model: FourViewResNet, photographs: LocationDataset, config: Config) -> Scores:
    """Return the scores of a model over photographs; it is left in evaluation mode."""
    model.eval()
    device = model.mean.device
    loss, top_1, top_5 = 0.0, 0, 0
    batches = dataset.loader(photographs, config.batch_size, config.workers)
    for _, views, label, reasons in _progress(batches, "Validating"):
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


def _progress(batches: Iterable, what: str) -> tqdm:  # type: ignore[type-arg]
    return tqdm(batches, desc=what, unit="batch", dynamic_ncols=True, mininterval=0.5)


def _refuse_divergence(run: Path, loss: float, where: str) -> None:
    if not math.isfinite(loss):
        raise InputError(
            f"{run}: the loss is {loss} at {where}; train anew with a smaller --learning-rate."
        )


def _start_files(run: Path, config: Config, skipped: Sequence[Skipped], last_epoch: int) -> None:
    """Write the configuration and the skipped; begin the tables, or cut off a killed epoch."""
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.json").write_text(json.dumps(dataclasses.asdict(config), indent=1) + "\n")
    with (run / "skipped.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(("id", "reason"))
        csv.writer(file).writerows((item.id, item.reason) for item in skipped)
    for name, columns in ((STEPS, STEP_COLUMNS), (EPOCHS, EPOCH_COLUMNS)):
        path, rows = run / name, []
        if last_epoch and path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in list(csv.reader(file))[1:] if int(row[0]) <= last_epoch]
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *rows])


def _append(path: Path, rows: Sequence[Sequence[object]]) -> None:
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
