"""One optimisation step: from a batch of uint8 views to updated weights."""

import copy
import itertools
import math
from contextlib import nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import get_ema_multi_avg_fn

from common.distributed import Processes
from common.errors import InputError
from trainer.config import Config
from trainer.data.augmentation import Augmentation
from trainer.models.resnet import FourViewResNet, to_pixels


class Objective(nn.Module):
    """The summed loss of a model over a batch: what is replicated and compiled."""

    soft_labels: Tensor | None

    def __init__(self, model: FourViewResNet, soft_labels: Tensor | None) -> None:
        """Take the model and the target distribution of each class (S, S); None for hard labels."""
        super().__init__()
        self.model = model
        self.register_buffer("soft_labels", soft_labels, persistent=False)

    def forward(self, pixels: Tensor, labels: Tensor) -> Tensor:
        """Return the cross-entropy in nats, summed over locations (B, 4, 3, H, W) with labels (B,).

        For `single` fusion it is the mean over the views of a location.
        """
        targets = labels if self.soft_labels is None else self.soft_labels[labels]
        if self.model.fusion != "single":
            return cross_entropy(self.model(pixels).float(), targets, reduction="sum")
        logits = self.model.view_logits(pixels).float()
        views = logits.shape[1]
        view_targets = targets.repeat_interleave(views, dim=0)
        return cross_entropy(logits.flatten(0, 1), view_targets, reduction="sum") / views


class TrainStep:
    """Takes optimisation steps: augmentation, loss, gradients, optimizer, weight average."""

    def __init__(
        self,
        model: FourViewResNet,
        config: Config,
        processes: Processes,
        soft_labels: Tensor | None,
        steps_per_epoch: int,
    ) -> None:
        """Move the model to the device of this process and build the optimizer."""
        self.config = config
        self.processes = processes
        self.steps_per_epoch = steps_per_epoch
        self.augmentation = Augmentation(config.augmentation)
        device = processes.device
        if processes.world_size > 1 and device.type == "cuda" and config.batch_norm == "batch":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval_model = self.model
        """The model to validate and save: with `ema_decay` the average of the weights."""
        if config.ema_decay:
            self.eval_model = copy.deepcopy(self.model).requires_grad_(False)
        self._num_averaged = 0
        objective: nn.Module = Objective(self.model, soft_labels).to(device)
        self.ddp = DistributedDataParallel(objective) if processes.world_size > 1 else None
        objective = self.ddp or objective
        self._objective = torch.compile(objective) if config.compile else objective
        self._optimizer = build_optimizer(self.model, config)

    def state_dict(self) -> dict[str, Any]:
        """Return what resuming needs besides the weights of `eval_model`."""
        state: dict[str, Any] = {"optimiser": self._optimizer.state_dict()}
        if self.eval_model is not self.model:
            state |= {"model": self.model.state_dict(), "averaged": self._num_averaged}
        return state

    def load_state_dict(self, eval_model: FourViewResNet, state: dict[str, Any]) -> None:
        """Restore the saved model and the state beside it; raises InputError if they disagree."""
        try:
            self.eval_model.load_state_dict(eval_model.state_dict())
            self._optimizer.load_state_dict(state["optimiser"])
            if self.eval_model is not self.model:
                self.model.load_state_dict(state["model"])
                self._num_averaged = int(state["averaged"])
        except (KeyError, ValueError, RuntimeError, TypeError) as error:
            raise InputError(
                "The optimizer state beside the checkpoint is of another model; train into another "
                "folder."
            ) from error

    def __call__(self, views: Tensor, labels: Tensor, step: int, batch_size: int) -> Tensor:
        """Take step number `step`, counted from 0, on this process's share of a batch.

        `views` is (B, 4, 3, H, W) uint8, `labels` (B,). Returns this process's part of the batch's
        mean loss, in nats, on the device: the parts of all processes add up to it.
        """
        self._set_mode()
        lr = learning_rate(self.config, step, self.steps_per_epoch)
        for group in self._optimizer.param_groups:
            group["lr"] = lr * group["share"]
        device = self.processes.device
        draws = self._augmentation_draws(step, batch_size)
        parts = min(self.config.accumulation_steps, len(labels))
        bounds = [len(labels) * part // parts for part in range(parts + 1)]
        total = torch.zeros((), device=device)
        for start, end in itertools.pairwise(bounds):
            pixels = self.augmentation(to_pixels(views[start:end], device), draws[start:end])
            # Gradients are synchronised once, after the last part.
            no_sync = self.ddp is not None and end < len(labels)
            with cast(DistributedDataParallel, self.ddp).no_sync() if no_sync else nullcontext():
                with autocast(self.config, device):
                    loss = self._objective(pixels, labels[start:end].to(device, non_blocking=True))
                loss = loss / batch_size
                # DistributedDataParallel averages the gradients, but the parts of a loss add up.
                (loss * self.processes.world_size).backward()
            total += loss.detach()
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        if self.eval_model is not self.model:
            self._update_average()
        return total

    def _augmentation_draws(self, step: int, batch_size: int) -> Tensor:
        """Return this process's share of random numbers that no number of processes changes."""
        draws = self.augmentation.draw(batch_size, self.config.seed, step)
        return draws[self.processes.shard(range(batch_size))]

    def _set_mode(self) -> None:
        self.model.train()
        if self.config.batch_norm == "frozen":
            for module in self.model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    @torch.no_grad()
    def _update_average(self) -> None:
        """Update the moving average of the weights, with a smaller decay in the first steps.

        Buffers, the statistics of batch normalisation, are copied. AveragedModel gives the same
        numbers, but makes the GPU wait in each step.
        """
        count = self._num_averaged
        decay = min(self.config.ema_decay, (1 + count) / (10 + count)) if count else 0.0
        average, model = list(self.eval_model.parameters()), list(self.model.parameters())
        get_ema_multi_avg_fn(decay)(average, model, count)  # type: ignore[no-untyped-call]
        torch._foreach_copy_(list(self.eval_model.buffers()), list(self.model.buffers()))
        self._num_averaged += 1


def autocast(config: Config, device: torch.device) -> torch.autocast:
    """Return the autocast context of the configuration's precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bfloat16")


def build_optimizer(model: FourViewResNet, config: Config) -> torch.optim.Optimizer:
    """Return the optimizer; `share` of each parameter group multiplies the learning rate."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        share = config.trunk_lr_scale if name.startswith("trunk.") else 1.0
        no_decay = config.optimizer == "adamw" and parameter.ndim == 1
        decay = 0.0 if no_decay else config.weight_decay
        groups.setdefault((share, decay), []).append(parameter)
    param_groups = [
        {"params": parameters, "share": share, "weight_decay": decay}
        for (share, decay), parameters in groups.items()
    ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            param_groups,
            lr=config.learning_rate,
            momentum=config.beta1,
            nesterov=config.beta1 > 0,
            fused=True,
        )
    adam = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return adam(
        param_groups,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        fused=True,
    )


def learning_rate(config: Config, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of a step, counted from 0 over the whole training.

    A function of the step alone, so that resuming needs no scheduler state.
    """
    if config.schedule == "one-cycle":
        warmup = max(1, config.epochs * steps_per_epoch // 4)
    else:
        warmup = round(config.warmup_epochs * steps_per_epoch)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    if config.schedule == "constant":
        return config.learning_rate
    progress = (step - warmup) / max(1, config.epochs * steps_per_epoch - warmup)
    return config.learning_rate * (1 + math.cos(math.pi * progress)) / 2
