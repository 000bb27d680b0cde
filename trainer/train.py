"""The training loop: epochs of steps, saved as it goes, each epoch ending in a validation."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor
from tqdm import tqdm

from common import distributed
from common.distributed import Processes
from common.errors import InputError, Interrupted
from common.signals import StopSignal, stop_signal
from trainer import checkpoint as checkpoints
from trainer import run_folder as run_folder
from trainer.checkpoint import Checkpoint
from trainer.config import Config
from trainer.data import dataset
from trainer.data.dataset import Batch, LocationDataset
from trainer.data.prepare import PreparedData, index_file, prepare
from trainer.data.split import Split, split_by_location
from trainer.errors import InvalidConfig, TrainingDiverged, TrainingOutOfMemory
from trainer.evaluate import Scores, evaluate, raise_unreadable
from trainer.metrics_log import MetricsLog
from trainer.models.pretrained import check_weights, load_pretrained
from trainer.models.resnet import FourViewResNet
from trainer.soft_labels import soft_labels
from trainer.step import TrainStep, learning_rate

# Losses are read from the device this many steps at a time, so that it need not wait.
LOG_INTERVAL = 20

EpochCallback = Callable[[int, Scores], None]
"""Called after each epoch with its number, counted from 1, and scores; may raise to end."""


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
    """Train into the folder `run` and return the best checkpoint, by validation loss.

    `index` is the file that `trainer.data.prepare` keeps, by default beside the run. With `resume` it
    goes on after the last step that was saved. Processes that `distributed.process_group` has joined train
    one model together. Raises InputError for a folder that cannot be trained from or into, and
    Interrupted when it was asked to end and has saved.
    """
    processes = distributed.current_processes()
    # What can be refused, or is done already, need not wait for the photographs.
    previous = run_folder.read_previous(run, config, resume)
    if previous and previous.epoch == config.epochs:
        return checkpoints.read(run)
    if not previous:
        check_weights(config.depth, config.weights)
    with processes.main_first():
        prepared = prepare(
            data, index or index_file(run.absolute().parent, data), config.num_workers
        )
    split = split_by_location(prepared.index, config.validation_fraction, config.seed)
    _check_batch_size(config, len(split.training), processes.world_size)
    with run_folder.run_lock(run, processes):
        previous = run_folder.read_previous(
            run, config, resume
        )  # Another trainer may have been here.
        if previous:
            split = run_folder.restore_split(run, previous, prepared.index)
        training = _Trainer(run, config, preset, previous, prepared, split, processes)
        with stop_signal() as stop:
            return training.run_all(stop, on_epoch_end)


class _Trainer:
    """One training: what it reads, the learner, and how far it has come."""

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
        self.data = str(prepared.index.root.resolve())
        self.data_sha256 = prepared.fingerprint(split.training + split.validation)
        if previous and previous.data_sha256 != self.data_sha256:
            raise InputError(
                f"{prepared.index.root}: photographs have changed since {run} was started; put "
                "them back or train into another folder."
            )
        self.class_name = prepared.index.class_names
        self.training, self.validation = (
            LocationDataset(prepared.index.root, part, self.class_name, config.image_size)
            for part in (split.training, split.validation)
        )
        self.batch_size = min(config.batch_size, len(self.training))
        self.steps_per_epoch = dataset.steps_per_epoch(len(self.training), self.batch_size)
        self.learner = TrainStep(
            self._model(prepared, split, fresh=previous is None),
            config,
            processes,
            soft_labels(config, self.class_name, split.training),
            self.steps_per_epoch,
        )
        self._go_on_from(previous)
        self.skipped = prepared.index.skipped
        self.journal: MetricsLog | None = None
        if processes.is_main:
            _print_summary(split, prepared)

    def _model(self, prepared: PreparedData, split: Split, *, fresh: bool) -> FourViewResNet:
        config = self.config
        mean, deviation = prepared.statistics(split.training)
        model = FourViewResNet(
            config.fusion,
            len(self.class_name),
            mean,
            deviation,
            depth=config.depth,
            zero_init_residual=config.initialization == "zero-residual",
        )
        if fresh and config.weights:
            with self.processes.main_first():
                load_pretrained(model, config.weights)
        return model

    def _go_on_from(self, previous: Checkpoint | None) -> None:
        """Take up the counts, and the learner the weights, of the last save."""
        self.epoch, self.step, self.loss_sum, self.seconds_before = 0, 0, 0.0, 0.0
        self.metrics: dict[str, float] = {}
        self.class_top_1: dict[str, float] = {}
        self.best_loss, self.saved_step = math.inf, -1
        self.started = self.saved = time.monotonic()
        if previous is None:
            return
        self.epoch, self.step = previous.epoch, previous.step
        self.loss_sum, self.seconds_before = previous.loss_sum, previous.seconds
        self.metrics, self.class_top_1 = dict(previous.metrics), dict(previous.per_class_top_1)
        kept = checkpoints.load(self.run, "last")[0]
        self.learner.load(kept, checkpoints.load_state(self.run, previous))
        if self.epoch:
            self.best_loss = checkpoints.read(self.run).metrics["validation_loss"]

    @property
    def seconds(self) -> float:
        """Return the time that training has taken, earlier starts included."""
        return self.seconds_before + time.monotonic() - self.started

    def run_all(self, stop: StopSignal, report: EpochCallback | None) -> Checkpoint:
        """Train the epochs that are left, until asked to end, and return the best checkpoint."""
        self.stop = stop
        if self.processes.is_main:
            self.journal = MetricsLog(self.run, self.config, self.skipped, self.step)
        last_step = self.config.epochs * self.steps_per_epoch
        rows = dataset.shuffled_batches(
            len(self.training), self.batch_size, self.config.seed, self.step, last_step
        )
        batches = dataset.data_loader(
            self.training, map(self.processes.shard, rows), self.config.num_workers
        )
        stream = iter(batches)
        try:
            while self.epoch < self.config.epochs:
                scores = self._epoch(stream)
                if report:
                    report(self.epoch, scores)
        finally:
            if self.journal:
                self.journal.close()
        return checkpoints.read(self.run)

    def _epoch(self, stream: Iterator[Batch]) -> Scores:
        """Take the steps that are left of an epoch, validate and save."""
        started = self.seconds
        number = self.epoch + 1
        left = number * self.steps_per_epoch - self.step
        with self._bar(number, left) as bar:
            self._steps(stream, left, bar)
        # Each process has seen other batches: theirs are the statistics that are saved.
        self.processes.broadcast(self.learner.eval_model.buffers())
        scores = evaluate(
            self.learner.eval_model,
            self.validation,
            len(self.class_name),
            self.config,
            self.processes,
            after_batch=self._stop_if_asked,
        )
        _check_finite(self.run, scores.loss, f"validation after epoch {number}")
        self._count(number, scores)
        if self.journal:
            views = {"view_top_1": scores.view_top_1, "view_top_5": scores.view_top_5}
            self.journal.log_epoch(
                {"epoch": number, "step": self.step, **self.metrics, **views}
                | {"seconds": round(self.seconds - started, 3)}
            )
            print(
                f"Epoch {number}: validation loss {scores.loss:.3f}, top-1 {scores.top_1:.1%}, "
                f"top-5 {scores.top_5:.1%}"
            )
        better = scores.loss < self.best_loss
        self.best_loss = min(self.best_loss, scores.loss)
        self._save(("best", "last") if better else ("last",))
        return scores

    def _count(self, number: int, scores: Scores) -> None:
        """Note that an epoch is whole and what it gave."""
        values = (self.loss_sum / self.steps_per_epoch, scores.loss, scores.top_1, scores.top_5)
        self.metrics = dict(zip(checkpoints.METRICS, values, strict=True))
        if scores.view_top_1 is not None and scores.view_top_5 is not None:
            self.metrics |= {"view_top_1": scores.view_top_1, "view_top_5": scores.view_top_5}
        self.class_top_1 = {
            name: share
            for name, share in zip(self.class_name, scores.per_class_top_1, strict=True)
            if math.isfinite(share)
        }
        self.epoch, self.loss_sum = number, 0.0

    def _steps(self, stream: Iterator[Batch], count: int, bar: "tqdm[NoReturn]") -> None:
        """Take so many steps, saving now and then."""
        pending: list[Tensor] = []
        for _ in range(count):
            try:
                batch = _next_batch(stream)
            except InputError:
                if self.processes.world_size == 1:  # The others wait for this one: none could save.
                    self._read(pending, bar)
                    self._save(("last",))
                raise
            pending.append(self._step(batch))
            self.step += 1
            bar.update(self.batch_size)
            if len(pending) == LOG_INTERVAL:
                self._read(pending, bar)
            if self._agreed_to_save():
                self._read(pending, bar)
                self._save(("last",))
                self._stop_if_asked()
        self._read(pending, bar)

    def _step(self, batch: Batch) -> Tensor:
        try:
            return self.learner.step(batch.views, batch.labels, self.step, self.batch_size)
        except torch.OutOfMemoryError as error:
            raise TrainingOutOfMemory(
                f"{self.run}: the GPU has too little memory for a step; lower --batch-size or "
                "--image-size, or raise --accumulation-steps."
            ) from error

    def _agreed_to_save(self) -> bool:
        """Return whether one of the processes was asked to end, or has not saved for long."""
        late = time.monotonic() - self.saved >= 60 * self.config.save_interval
        return self.processes.any(self.stop.received or late)

    def _stop_if_asked(self) -> None:
        """Raise Interrupted if a process was asked to end; where its steps are saved already."""
        if not self.processes.any(self.stop.received):
            return
        if self.saved_step != self.step:
            self._save(("last",))
        raise Interrupted(f"asked to end; saved step {self.step} in {self.run}, --resume goes on.")

    def _read(self, pending: list[Tensor], bar: "tqdm[NoReturn]") -> None:
        """Read the losses of the steps since the last time and write them down."""
        if not pending:
            return
        losses = self.processes.all_reduce(torch.stack(pending)).tolist()
        pending.clear()
        first = self.step - len(losses)
        rows = []
        for step, loss in enumerate(losses, start=first):
            _check_finite(self.run, loss, f"step {step + 1}")
            self.loss_sum += loss
            rate = learning_rate(self.config, step, self.steps_per_epoch)
            rows.append((self.epoch + 1, step + 1, loss, rate, round(self.seconds, 3)))
        if self.journal:
            self.journal.log_steps(rows)
        bar.set_postfix(loss=f"{losses[-1]:.3f}", all_left=self._time_left(), refresh=False)

    def _time_left(self) -> str:
        """Return the time that the steps of all epochs that are left take at the rate so far."""
        total = self.config.epochs * self.steps_per_epoch
        return str(tqdm.format_interval(int(self.seconds / self.step * (total - self.step))))

    def _bar(self, number: int, left: int) -> "tqdm[NoReturn]":
        done = (self.steps_per_epoch - left) * self.batch_size
        return tqdm(
            desc=f"Epoch {number} of {self.config.epochs}",
            total=self.steps_per_epoch * self.batch_size,
            initial=done,
            unit="location",
            dynamic_ncols=True,
            mininterval=0.5,
            disable=not self.processes.is_main,
        )

    def _save(self, names: tuple[str, ...]) -> None:
        """Save the model and what resuming needs; the first process does, the others wait."""
        if self.processes.is_main:
            checkpoints.save(
                self.run,
                names,
                Checkpoint(
                    config=self.config,
                    class_names=self.class_name,
                    data_root=self.data,
                    data_sha256=self.data_sha256,
                    split={
                        "training": [place.id for place in self.training.locations],
                        "validation": [place.id for place in self.validation.locations],
                    },
                    metrics=self.metrics,
                    per_class_top_1=self.class_top_1,
                    epoch=self.epoch,
                    step=self.step,
                    loss_sum=self.loss_sum,
                    seconds=round(self.seconds, 3),
                    preset=self.preset,
                ),
                self.learner.eval_model,
                self.learner.state(),
            )
        self.processes.barrier()
        self.saved, self.saved_step = time.monotonic(), self.step


def _check_batch_size(config: Config, locations: int, processes: int) -> None:
    """Raise InvalidConfig where a part of a batch would hold no location, or too little to learn."""
    batch_size, parts = min(config.batch_size, locations), processes * config.accumulation_steps
    needed = 1
    if config.fusion == "stack" and config.image_size <= 32 and config.batch_norm == "batch":
        needed = 2  # Batch normalisation cannot learn from a single value.
    if batch_size < parts * needed:
        raise InvalidConfig(
            f"--batch-size {batch_size}: {processes} processes with --accumulation-steps "
            f"{config.accumulation_steps} need at least {needed} for each part; raise it, or lower the "
            "others."
        )


def _next_batch(stream: Iterator[Batch]) -> Batch:
    """Return the next batch; raises InputError where a photograph, or what reads it, is gone."""
    try:
        batch = next(stream)
    except RuntimeError as error:
        raise InputError(
            "A process that decodes photographs was killed, perhaps for want of memory; go on "
            "with --resume and fewer --num-workers."
        ) from error
    raise_unreadable(batch.errors)
    return batch


def _print_summary(split: Split, prepared: PreparedData) -> None:
    skipped = prepared.index.skipped
    print(
        f"{len(split.training)} locations to train on, {len(split.validation)} to validate, "
        f"{len(prepared.index.class_names)} classes, {len(skipped)} skipped"
    )
    for item in skipped[:10]:
        print(f"  skipped {item.id}: {item.reason}")
    if len(skipped) > 10:
        print(f"  and {len(skipped) - 10} more, all in skipped.csv")


def _check_finite(run: Path, loss: float, where: str) -> None:
    if not math.isfinite(loss):
        raise TrainingDiverged(
            f"{run}: the loss is {loss} at {where}; train anew with a smaller --learning-rate."
        )
