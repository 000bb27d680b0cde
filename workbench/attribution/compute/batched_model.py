"""A frozen model that is evaluated in batches that fit into memory."""

import copy
import time
from collections import Counter
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from common.distributed import default_device
from common.errors import InputError
from common.progress import ProgressCallback, no_progress
from trainer.models.inference import fold_batch_norm, folding_is_exact
from trainer.models.resnet import VIEWS, FourViewResNet, to_pixels
from workbench.attribution.result import Cost

# Pixels of views in one batch. On a CPU larger batches are no faster.
MAX_BATCH_PIXELS = {"cpu": 2**18, "cuda": 2**22}
OUT_OF_MEMORY = (
    "The GPU has no memory for a single location; free some, or hide the GPU with "
    "CUDA_VISIBLE_DEVICES=''."
)
Output = Callable[[Tensor], Tensor]
"""From logits (N, S) to one number each, (N,)."""


class FrozenModel:
    """A copy of a model for inference: in evaluation mode, frozen, channels last, on its device.

    Batch normalisation is folded into the convolutions unless that changes a logit
    (`inference.folding_is_exact`).
    """

    def __init__(self, model: FourViewResNet, device: str | None = None) -> None:
        """Copy a model, which itself stays unchanged, to a device (default: a GPU if any)."""
        self.device = torch.device(device) if device else default_device()
        plain = copy.deepcopy(model).float().eval()
        lighter = fold_batch_norm(plain)
        generator = torch.Generator().manual_seed(0)
        noise = torch.randint(0, 256, (2, VIEWS, 3, 64, 64), generator=generator, dtype=torch.uint8)
        self.module = lighter if folding_is_exact(plain, lighter, noise) else plain
        self.module.requires_grad_(False)
        self.module.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.n_classes = self.module.classifier.out_features
        self.max_batch_pixels = MAX_BATCH_PIXELS.get(self.device.type, MAX_BATCH_PIXELS["cpu"])

    def to_pixels(self, views: Tensor) -> Tensor:
        """Send uint8 views to the device as float32 in [0, 1]."""
        return to_pixels(views, self.device)

    @property
    def mean_color(self) -> Tensor:
        """Mean colour of the training photographs, (3, 1, 1) in [0, 1]."""
        return self.module.mean


class BatchedModel:
    """Evaluates a model for one request: splits batches, counts evaluations, reports progress.

    `progress` is called before every batch, with what was last reported; it may raise to cancel.
    """

    def __init__(self, model: FrozenModel, progress: ProgressCallback = no_progress) -> None:
        self.model = model
        self._progress = progress
        self._fraction, self._stage = 0.0, ""
        self._counts: Counter[str] = Counter()
        self._started = time.monotonic()

    @property
    def cost(self) -> Cost:
        """Evaluations so far, and seconds since this object was created."""
        return Cost(
            self._counts["gradients"], self._counts["forwards"], time.monotonic() - self._started
        )

    def with_module(self, module: FourViewResNet) -> "BatchedModel":
        """Return a model with other weights whose evaluations count for this one, too."""
        result = copy.copy(self)
        result.model = copy.copy(self.model)
        result.model.module = module
        return result

    def report(self, fraction: float, stage: str = "", /) -> None:
        """Report progress, now and before each following batch."""
        self._fraction, self._stage = fraction, stage
        self._progress(fraction, stage)

    def batch_size(self, pixels: Tensor) -> int:
        """Return how many locations with views of this size (..., H, W) make up a batch."""
        return max(1, self.model.max_batch_pixels // (VIEWS * pixels.shape[-2] * pixels.shape[-1]))

    def logits_with_graph(self, pixels: Tensor) -> Tensor:
        """Return logits (1, S) of one location with the autograd graph attached.

        Counts as a gradient evaluation.
        """
        self._progress(self._fraction, self._stage)
        self._counts["gradients"] += 1
        try:
            logits: Tensor = self.model.module(pixels)
        except torch.OutOfMemoryError:
            raise InputError(OUT_OF_MEMORY) from None
        return logits

    def logits(self, pixels: Tensor) -> Tensor:
        """Return logits (N, S) of pixels (N, 4, 3, H, W), on the device.

        Raises InputError where a logit is not finite, as `gradients` does.
        """

        def evaluate(batch: Tensor) -> tuple[Tensor]:
            with torch.inference_mode():
                return (self.model.module(batch),)

        (result,) = self._in_batches(evaluate, pixels)
        self._counts["forwards"] += len(pixels)
        return result

    def gradients(self, pixels: Tensor, output: Output) -> tuple[Tensor, Tensor]:
        """Return an output (N,) of pixels (N, 4, 3, H, W) and its gradient, of their shape."""

        def evaluate(batch: Tensor) -> tuple[Tensor, Tensor]:
            batch = batch.clone().requires_grad_(True)
            values = output(self.model.module(batch))
            (gradients,) = torch.autograd.grad(values.sum(), batch)
            return values.detach(), gradients

        values, gradients = self._in_batches(evaluate, pixels)
        self._counts["gradients"] += len(pixels)
        return values, gradients

    def _in_batches(
        self, evaluate: Callable[[Tensor], tuple[Tensor, ...]], pixels: Tensor
    ) -> tuple[Tensor, ...]:
        joined = tuple(map(torch.cat, zip(*self._batches(evaluate, pixels), strict=True)))
        if not all(bool(part.isfinite().all()) for part in joined):
            raise InputError(
                "The model's output is not finite for this location, so it cannot be explained; "
                "train the model again."
            )
        return joined

    def _batches(
        self, evaluate: Callable[[Tensor], tuple[Tensor, ...]], pixels: Tensor
    ) -> Iterator[tuple[Tensor, ...]]:
        start = 0
        while start < len(pixels):
            self._progress(self._fraction, self._stage)
            size = self.batch_size(pixels)
            try:
                outputs = evaluate(pixels[start : start + size])
            except torch.OutOfMemoryError:
                outputs = None  # Retry outside of this block, where nothing holds the batch.
            if outputs is None:
                if size == 1:
                    raise InputError(OUT_OF_MEMORY)
                half = min(size, len(pixels) - start) // 2
                self.model.max_batch_pixels = half * pixels[0, :, 0].numel()
                torch.cuda.empty_cache()
                continue
            start += size
            yield outputs
