"""The training loop: epochs of steps with checkpoints, each epoch ending in a validation."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor
from tqdm import tqdm

from common import distributed
from common.distributed import Processes
from common.earlier_result import print_finished
from common.errors import InputError, Interrupted
from common.signals import StopSignal, stop_signal
from common.text import print_text
from trainer import checkpoint as checkpoints
from trainer import run_folder
from trainer.checkpoint import Checkpoint
from trainer.config import Config
from trainer.data import dataset
from trainer.data.dataset import Batch, LocationDataset
from trainer.data.layout import print_warnings
from trainer.data.prepare.photograph_index import PreparedData, index_file, prepare
from trainer.data.split import Split, exclude_small_classes, split_by_location
from trainer.errors import TrainingError
from trainer.evaluate import Scores, evaluate, raise_unreadable
from trainer.metrics_log import MetricsLog
from trainer.models.pretrained import check_weights, load_pretrained
from trainer.models.resnet import FourViewResNet
from trainer.soft_labels import soft_labels
from trainer.step import TrainStep, learning_rate

LOG_INTERVAL = 20
"""Steps between two reads of the losses, so that the host rarely waits for the device."""

EpochCallback = Callable[[int, Scores], None]
"""Called after each epoch with its number, counted from 1, and its scores; may raise to end."""


def train(
    run: Path,
    data: Path,
    config: Config,
    *,
    preset: str,
    resume: bool,
    index: Path | None = None,
    on_epoch_end: EpochCallback | None = None,
) -> Checkpoint:
    """Train into the folder `run` and return the checkpoint with the lowest validation loss.

    `index` is the file of `trainer.data.prepare`, by default beside the run. A finished run of the
    same options and photographs is returned as it is; with `resume` an unfinished one continues
    after the last saved step. The processes of `distributed.process_group` train one
    model together. Raises InputError for a folder that cannot be trained from or into, and
    Interrupted when a signal asked to stop and the run has been saved.
    """
    processes = distributed.current_processes()
    # Before the photographs are read: that may take hours.
    previous = run_folder.read_previous(run, config, resume)
    is_finished = previous is not None and previous.epoch == config.epochs
    if not previous:
        check_weights(config.depth, config.weights)
    with processes.main_first():
        prepared = prepare(
            data, index or index_file(run.absolute().parent, data), config.num_workers
        )
    prepared = replace(prepared, index=exclude_small_classes(prepared.index, config.min_locations))
    split = split_by_location(prepared.index, config.validation_fraction, config.seed)
    if not is_finished:
        _check_batch_size(config, len(split.training), processes.world_size)
    with run_folder.run_lock(run, processes):
        previous = run_folder.read_previous(run, config, resume)  # Now nobody else writes it.
        if previous:
            split = run_folder.restore_split(run, previous, prepared)
        if previous and previous.epoch == config.epochs:
            if processes.is_main:
                print_finished(run)
            return checkpoints.read(run)
        trainer = _Trainer(run, config, preset, previous, prepared, split, processes)
        with stop_signal() as stop:
            return trainer.fit(stop, on_epoch_end)


class _Trainer:
    """One training run: its data, model, progress and files."""

    def __init__(
        self,
        run: Path,
        config: Config,
        preset: str,
        previous: Checkpoint | None,
        prepared: PreparedData,
        split: Split,
        processes: Processes,
    ) -> None:
        self.run, self.config, self.preset = run, config, preset
        self.processes, self.stop = processes, StopSignal()
        torch.manual_seed(config.seed)
        torch.backends.cudnn.deterministic = config.deterministic
        torch.backends.cudnn.benchmark = not config.deterministic
        self.data_root = str(prepared.index.root.resolve())
        self.data_sha256 = prepared.fingerprint(split.training + split.validation)
        self.class_names = previous.class_names if previous else prepared.index.class_names
        self.excluded_classes = prepared.index.excluded_classes
        self.training, self.validation = (
            LocationDataset(prepared.index.root, part, self.class_names, config.image_size)
            for part in (split.training, split.validation)
        )
        self.batch_size = min(config.batch_size, len(self.training))
        self.steps_per_epoch = dataset.steps_per_epoch(len(self.training), self.batch_size)
        self.train_step = TrainStep(
            self._build_model(prepared, split, pretrained=previous is None),
            config,
            processes,
            soft_labels(config, self.class_names, split.training),
            self.steps_per_epoch,
        )
        self._restore(previous)
        self.skipped = prepared.index.skipped
        self.metrics_log: MetricsLog | None = None
        if processes.is_main:
            _print_summary(split, prepared)

    def _build_model(
        self, prepared: PreparedData, split: Split, *, pretrained: bool
    ) -> FourViewResNet:
        config = self.config
        mean, std = prepared.statistics(split.training)
        model = FourViewResNet(
            config.fusion,
            len(self.class_names),
            mean,
            std,
            depth=config.depth,
            zero_init_residual=config.initialization == "zero-residual",
        )
        if pretrained and config.weights:
            with self.processes.main_first():
                load_pretrained(model, config.weights)
        return model

    def _restore(self, previous: Checkpoint | None) -> None:
        """Set the progress to that of the last checkpoint, or to zero, and load its weights."""
        self.epoch, self.step, self.loss_sum, self.previous_seconds = 0, 0, 0.0, 0.0
        self.metrics: dict[str, float] = {}
        self.per_class_top_1: dict[str, float] = {}
        self.best_loss, self.saved_step = math.inf, -1
        self.start_time = self.save_time = time.monotonic()
        if previous is None:
            return
        self.epoch, self.step = previous.epoch, previous.step
        self.loss_sum, self.previous_seconds = previous.loss_sum, previous.seconds
        self.metrics = dict(previous.metrics)
        self.per_class_top_1 = dict(previous.per_class_top_1)
        model = checkpoints.load(self.run, "last")[0]
        self.train_step.load_state_dict(model, checkpoints.load_state(self.run, previous))
        if self.epoch:
            self.best_loss = checkpoints.read(self.run).metrics["validation_loss"]

    @property
    def seconds(self) -> float:
        """Seconds of training so far, including earlier starts."""
        return self.previous_seconds + time.monotonic() - self.start_time

    def fit(self, stop: StopSignal, on_epoch_end: EpochCallback | None) -> Checkpoint:
        """Train the remaining epochs and return the best checkpoint; raises Interrupted."""
        self.stop = stop
        if self.processes.is_main:
            self.metrics_log = MetricsLog(self.run, self.config, self.skipped, self.step)
        last_step = self.config.epochs * self.steps_per_epoch
        rows = dataset.shuffled_batches(
            len(self.training), self.batch_size, self.config.seed, self.step, last_step
        )
        loader = dataset.batch_loader(
            self.training,
            map(self.processes.shard, rows),
            self.config.num_workers,
            self._stop_waiting,
        )
        try:
            with loader as batches:
                while self.epoch < self.config.epochs:
                    scores = self._run_epoch(batches)
                    if on_epoch_end:
                        on_epoch_end(self.epoch, scores)
        finally:
            if self.metrics_log:
                self.metrics_log.close()
        return checkpoints.read(self.run)

    def _run_epoch(self, batches: Iterator[Batch]) -> Scores:
        """Take the remaining steps of an epoch, validate and save."""
        start = self.seconds
        epoch = self.epoch + 1
        remaining = epoch * self.steps_per_epoch - self.step
        with self._progress_bar(epoch, remaining) as bar:
            self._run_steps(batches, remaining, bar)
        # Each process saw other batches; the statistics of the main process are saved.
        self.processes.broadcast(self.train_step.eval_model.buffers())
        scores = evaluate(
            self.train_step.eval_model,
            self.validation,
            len(self.class_names),
            self.config,
            self.processes,
            after_batch=self._raise_if_stopped,
        )
        _check_finite(self.run, scores.loss, f"validation after epoch {epoch}")
        self._finish_epoch(epoch, scores)
        if self.metrics_log:
            views = {"view_top_1": scores.view_top_1, "view_top_5": scores.view_top_5}
            self.metrics_log.log_epoch(
                {"epoch": epoch, "step": self.step, **self.metrics, **views}
                | {"seconds": round(self.seconds - start, 3)}
            )
            print(
                f"Epoch {epoch}: validation loss {scores.loss:.3f}, top-1 {scores.top_1:.1%}, "
                f"top-5 {scores.top_5:.1%}"
            )
        better = scores.loss < self.best_loss
        self.best_loss = min(self.best_loss, scores.loss)
        self._save(("best", "last") if better else ("last",))
        return scores

    def _finish_epoch(self, epoch: int, scores: Scores) -> None:
        values = (self.loss_sum / self.steps_per_epoch, scores.loss, scores.top_1, scores.top_5)
        self.metrics = dict(zip(checkpoints.METRICS, values, strict=True))
        if scores.view_top_1 is not None and scores.view_top_5 is not None:
            self.metrics |= {"view_top_1": scores.view_top_1, "view_top_5": scores.view_top_5}
        self.per_class_top_1 = {
            name: accuracy
            for name, accuracy in zip(self.class_names, scores.per_class_top_1, strict=True)
            if math.isfinite(accuracy)
        }
        self.epoch, self.loss_sum = epoch, 0.0

    def _run_steps(self, batches: Iterator[Batch], count: int, bar: "tqdm[NoReturn]") -> None:
        """Take `count` steps, saving every `save_interval` minutes."""
        losses: list[Tensor] = []
        for _ in range(count):
            try:
                batch = next(batches)
                raise_unreadable(batch.errors)
            except (InputError, Interrupted):
                if self.processes.world_size == 1:  # Saving needs all processes.
                    self._log_losses(losses, bar)
                    self._save(("last",))
                raise
            losses.append(self._take_step(batch))
            self.step += 1
            bar.update(self.batch_size)
            if len(losses) == LOG_INTERVAL:
                self._log_losses(losses, bar)
            if self._save_due():
                self._log_losses(losses, bar)
                self._save(("last",))
                self._raise_if_stopped()
        self._log_losses(losses, bar)

    def _take_step(self, batch: Batch) -> Tensor:
        try:
            return self.train_step(batch.views, batch.labels, self.step, self.batch_size)
        except torch.OutOfMemoryError as error:
            raise TrainingError(
                f"{self.run}: the GPU has too little memory for a step; lower --batch-size or "
                "--image-size, or raise --accumulation-steps."
            ) from error

    def _save_due(self) -> bool:
        """Return whether any process was asked to stop or has not saved for `save_interval`."""
        late = time.monotonic() - self.save_time >= 60 * self.config.save_interval
        return self.processes.any(self.stop.received or late)

    def _raise_if_stopped(self) -> None:
        """Save and raise Interrupted if any process was asked to stop."""
        if not self.processes.any(self.stop.received):
            return
        if self.saved_step != self.step:
            self._save(("last",))
        raise self._interruption()

    def _stop_waiting(self) -> None:
        """Raise Interrupted if this process was asked to stop and can save without others."""
        if self.stop.received and self.processes.world_size == 1:
            raise self._interruption()

    def _interruption(self) -> Interrupted:
        return Interrupted(
            f"stopped by a signal; step {self.step} is saved in {self.run}, --resume continues."
        )

    def _log_losses(self, pending: list[Tensor], bar: "tqdm[NoReturn]") -> None:
        """Read the losses of the latest steps from the device, log them and clear the list."""
        if not pending:
            return
        losses = self.processes.all_reduce(torch.stack(pending)).tolist()
        pending.clear()
        first = self.step - len(losses)
        rows = []
        for step, loss in enumerate(losses, start=first):
            _check_finite(self.run, loss, f"step {step + 1}")
            self.loss_sum += loss
            lr = learning_rate(self.config, step, self.steps_per_epoch)
            rows.append((self.epoch + 1, step + 1, loss, lr, round(self.seconds, 3)))
        if self.metrics_log:
            self.metrics_log.log_steps(rows)
        bar.set_postfix(loss=f"{losses[-1]:.3f}", total_left=self._time_left(), refresh=False)

    def _time_left(self) -> str:
        """Return the estimated time for all remaining epochs."""
        total = self.config.epochs * self.steps_per_epoch
        return str(tqdm.format_interval(int(self.seconds / self.step * (total - self.step))))

    def _progress_bar(self, epoch: int, remaining: int) -> "tqdm[NoReturn]":
        return tqdm(
            desc=f"Epoch {epoch} of {self.config.epochs}",
            total=self.steps_per_epoch * self.batch_size,
            initial=(self.steps_per_epoch - remaining) * self.batch_size,
            unit="location",
            dynamic_ncols=True,
            mininterval=0.5,
            disable=not self.processes.is_main,
        )

    def _save(self, names: tuple[str, ...]) -> None:
        """Save the model and what resuming needs; the main process writes, the others wait."""
        if self.processes.is_main:
            checkpoints.save(
                self.run,
                names,
                Checkpoint(
                    config=self.config,
                    class_names=self.class_names,
                    data_root=self.data_root,
                    data_sha256=self.data_sha256,
                    excluded_classes=self.excluded_classes,
                    split={
                        "training": [location.id for location in self.training.locations],
                        "validation": [location.id for location in self.validation.locations],
                    },
                    metrics=self.metrics,
                    per_class_top_1=self.per_class_top_1,
                    epoch=self.epoch,
                    step=self.step,
                    loss_sum=self.loss_sum,
                    seconds=round(self.seconds, 3),
                    preset=self.preset,
                ),
                self.train_step.eval_model,
                self.train_step.state_dict(),
            )
        self.processes.barrier()
        self.save_time, self.saved_step = time.monotonic(), self.step


def _check_batch_size(config: Config, num_locations: int, world_size: int) -> None:
    """Raise TrainingError where a part of an accumulated batch would hold too few locations."""
    batch_size, parts = (
        min(config.batch_size, num_locations),
        world_size * config.accumulation_steps,
    )
    minimum = 1
    if config.fusion == "stack" and config.image_size <= 32 and config.batch_norm == "batch":
        minimum = 2  # Batch normalisation needs more than one value per channel.
    if batch_size < parts * minimum:
        raise TrainingError(
            f"--batch-size {batch_size}: {world_size} processes with --accumulation-steps "
            f"{config.accumulation_steps} need at least {minimum} per part; raise it or lower the "
            "others."
        )


def _print_summary(split: Split, prepared: PreparedData) -> None:
    skipped, excluded = prepared.index.skipped, prepared.index.excluded_classes
    print_warnings(prepared.index)
    if excluded:
        print_text(f"Left out by --min-locations ({len(excluded)} in all): {', '.join(excluded)}")
    print(
        f"{len(split.training)} training locations, {len(split.validation)} validation locations, "
        f"{len(prepared.index.class_names)} classes, {len(skipped)} skipped"
    )
    for location in skipped[:10]:
        print_text(f"  skipped {location.id}: {location.reason}")
    if len(skipped) > 10:
        print(f"  and {len(skipped) - 10} more, all in skipped.csv")


def _check_finite(run: Path, loss: float, where: str) -> None:
    if not math.isfinite(loss):
        raise TrainingError(
            f"{run}: the loss is {loss} at {where}; train again with a smaller --learning-rate."
        )
