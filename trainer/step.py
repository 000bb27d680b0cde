"""A model that learns: everything between a batch of bytes and a step of the optimiser."""

import copy
import itertools
import math
from contextlib import nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from common.distributed import Processes
from common.errors import InputError
from trainer.config import Config
from trainer.data.augmentation import Augmentation
from trainer.models.resnet import FourViewResNet, to_pixels


class Objective(nn.Module):
    """The loss of a model: what the processes compute alike and torch.compile compiles."""

    target: Tensor | None

    def __init__(self, model: FourViewResNet, target: Tensor | None) -> None:
        """Take the model and what its classes are answered with: (S, S), or each with itself."""
        super().__init__()
        self.model = model
        self.register_buffer("target", target, persistent=False)

    def forward(self, pixels: Tensor, label: Tensor) -> Tensor:
        """Return the cross-entropy in nats, summed over locations (B, 4, 3, H, W) of labels (B,).

        Where each view is a sample of its own, it is the mean over the views of a location.
        """
        wanted = label if self.target is None else self.target[label]
        if self.model.fusion != "single":
            return cross_entropy(self.model(pixels).float(), wanted, reduction="sum")
        logit = self.model.view_logits(pixels).float()
        views = logit.shape[1]
        each = wanted.repeat_interleave(views, dim=0)
        return cross_entropy(logit.flatten(0, 1), each, reduction="sum") / views


class TrainStep:
    """A model, its optimiser, schedule, augmentation and the average of its weights."""

    def __init__(
        self,
        model: FourViewResNet,
        config: Config,
        processes: Processes,
        target: Tensor | None,
        steps_per_epoch: int,
    ) -> None:
        """Move the model to the device of this process and make it ready to learn."""
        self.config = config
        self.processes = processes
        self.steps_per_epoch = steps_per_epoch
        self.augmentation = Augmentation(config.augmentation)
        device = processes.device
        if processes.world_size > 1 and device.type == "cuda" and config.batch_norm == "batch":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval_model = self.model
        """The model that is validated and saved: where weights are averaged, their average."""
        if config.ema_decay:
            self.eval_model = copy.deepcopy(self.model).requires_grad_(False)
        self._averaged = 0  # Steps in the average.
        objective: nn.Module = Objective(self.model, target).to(device)
        self.replicas = DistributedDataParallel(objective) if processes.world_size > 1 else None
        objective = self.replicas or objective
        self._objective = torch.compile(objective) if config.compile else objective
        self._optimiser = build_optimizer(self.model, config)

    def state(self) -> dict[str, Any]:
        """Return what resuming needs besides the weights that are kept."""
        state: dict[str, Any] = {"optimiser": self._optimiser.state_dict()}
        if self.eval_model is not self.model:
            state |= {"model": self.model.state_dict(), "averaged": self._averaged}
        return state

    def load(self, kept: FourViewResNet, state: dict[str, Any]) -> None:
        """Go on from the kept model and the state beside it; raises InputError if they disagree."""
        try:
            self.eval_model.load_state_dict(kept.state_dict())
            self._optimiser.load_state_dict(state["optimiser"])
            if self.eval_model is not self.model:
                self.model.load_state_dict(state["model"])
                self._averaged = int(state["averaged"])
        except (KeyError, ValueError, RuntimeError, TypeError) as error:
            raise InputError(
                "The optimiser's state beside the checkpoint is of another model; train into "
                "another folder."
            ) from error

    def step(self, views: Tensor, label: Tensor, number: int, batch_size: int) -> Tensor:
        """Take step `number`, counted from 0, on this process's share of a batch.

        `views` is (B, 4, 3, H, W) uint8, `label` (B,). Returns this process's part of the batch's
        mean loss, in nats, on the device: the parts of all processes add up to it.
        """
        self._set_mode()
        rate = learning_rate(self.config, number, self.steps_per_epoch)
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["share"]
        device = self.processes.device
        draw = self._draw(number, batch_size)
        parts = min(self.config.accumulation_steps, len(label))
        cuts = [len(label) * part // parts for part in range(parts + 1)]
        total = torch.zeros((), device=device)
        for first, last in itertools.pairwise(cuts):
            pixels = self.augmentation(to_pixels(views[first:last], device), draw[first:last])
            wait = self.replicas is not None and last < len(label)
            with cast(DistributedDataParallel, self.replicas).no_sync() if wait else nullcontext():
                with self._precision():
                    loss = self._objective(pixels, label[first:last].to(device, non_blocking=True))
                loss = loss / batch_size
                # Replicas average their gradients; a batch's mean is the sum of their parts.
                (loss * self.processes.world_size).backward()
            total += loss.detach()
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        if self.eval_model is not self.model:
            self._average()
        return total

    def _draw(self, number: int, batch_size: int) -> Tensor:
        """Return the random numbers of this process's share, the same for any number of them."""
        drawn = self.augmentation.draw(batch_size, self.config.seed, number)
        return drawn[self.processes.shard(range(batch_size))]

    def _set_mode(self) -> None:
        self.model.train()
        if self.config.batch_norm == "frozen":
            for module in self.model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def _precision(self) -> torch.autocast:
        return autocast(self.config, self.processes.device)

    @torch.no_grad()
    def _average(self) -> None:
        """Move the average towards the weights: early on faster, so that the start is forgotten.

        Statistics of batch normalisation are not averaged but taken as they are.
        """
        count = self._averaged
        decay = min(self.config.ema_decay, (1 + count) / (10 + count)) if count else 0.0
        kept, model = list(self.eval_model.parameters()), list(self.model.parameters())
        torch._foreach_lerp_(kept, model, 1 - decay)
        torch._foreach_copy_(list(self.eval_model.buffers()), list(self.model.buffers()))
        self._averaged += 1


def autocast(config: Config, device: torch.device) -> torch.autocast:
    """Return the context in which the model computes with the numbers of the configuration."""
    return torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16")


def build_optimizer(model: FourViewResNet, config: Config) -> torch.optim.Optimizer:
    """Return the optimiser; each group's `share` is its part of the learning rate."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        share = config.trunk_lr_scale if name.startswith("trunk.") else 1.0
        spared = config.optimizer == "adamw" and parameter.ndim == 1
        decay = 0.0 if spared else config.weight_decay
        groups.setdefault((share, decay), []).append(parameter)
    chosen = [
        {"params": parameters, "share": share, "weight_decay": decay}
        for (share, decay), parameters in groups.items()
    ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            chosen,
            lr=config.learning_rate,
            momentum=config.beta1,
            nesterov=config.beta1 > 0,
            fused=True,
        )
    make = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return make(
        chosen,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        fused=True,
    )


def learning_rate(config: Config, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of a step, counted from 0 over the whole training."""
    if config.schedule == "one-cycle":
        warm = max(1, config.epochs * steps_per_epoch // 4)
    else:
        warm = round(config.warmup_epochs * steps_per_epoch)
    if step < warm:
        return config.learning_rate * (step + 1) / warm
    if config.schedule == "constant":
        return config.learning_rate
    progress = (step - warm) / max(1, config.epochs * steps_per_epoch - warm)
    return config.learning_rate * (1 + math.cos(math.pi * progress)) / 2
