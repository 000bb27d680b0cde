"""A frozen model that is asked for outputs and gradients, in batches that fit the memory."""

import copy
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from common.distributed import default_device
from common.errors import InputError
from trainer.models.inference import fold_batch_norm, folding_is_exact
from trainer.models.resnet import VIEWS, FourViewResNet, to_pixels
from workbench.attribution.request import Cost

# Pixels of views that go through the network at once. On a CPU more is slower, not faster.
PIXELS_AT_ONCE = {"cpu": 2**17, "cuda": 2**22}
NO_MEMORY = (
    "The GPU has no memory for a single location; free some, or hide the GPU with "
    "CUDA_VISIBLE_DEVICES=''."
)
Output = Callable[[Tensor], Tensor]
"""From logits (N, S) to one number each, (N,)."""


def nothing() -> None:
    """Do nothing between two batches."""


class Network:
    """A model on its device, evaluating, frozen, its channels last, its batch norm folded.

    Folding is left out where it would move a logit (`inference.folding_is_exact`).
    """

    def __init__(self, model: FourViewResNet) -> None:
        """Copy a model; the original stays as it is."""
        self.device = default_device()
        plain = copy.deepcopy(model).float().eval()
        lighter = fold_batch_norm(plain)
        generator = torch.Generator().manual_seed(0)
        noise = torch.randint(0, 256, (2, VIEWS, 3, 64, 64), generator=generator, dtype=torch.uint8)
        self.model = lighter if folding_is_exact(plain, lighter, noise) else plain
        self.model.requires_grad_(False)
        self.model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.classes = self.model.classifier.out_features
        self.largest = PIXELS_AT_ONCE[self.device.type]

    def pixels(self, views: Tensor) -> Tensor:
        """Send uint8 views to the device as float32 in [0, 1]."""
        return to_pixels(views, self.device)

    @property
    def mean_colour(self) -> Tensor:
        """Mean colour of the training photographs, (3, 1, 1) in [0, 1]."""
        return self.model.mean


class BatchedModel:
    """Asks a network on behalf of one request, and counts what that takes.

    `between` is called before every batch; it may raise, which ends the request there.
    """

    def __init__(self, network: Network, between: Callable[[], None] = nothing) -> None:
        self.network = network
        self._between = between
        self._gradients = self._forwards = 0
        self._started = time.monotonic()

    @property
    def cost(self) -> Cost:
        """What was asked so far; seconds since this was made."""
        return Cost(self._gradients, self._forwards, time.monotonic() - self._started)

    def at_once(self, pixels: Tensor) -> int:
        """Return how many locations of such views (..., H, W) go through the network at once."""
        return max(1, self.network.largest // (VIEWS * pixels.shape[-2] * pixels.shape[-1]))

    def watched(self, pixels: Tensor) -> Tensor:
        """Return logits (1, S) of one location that still know how they came about.

        Counts as a gradient.
        """
        self._between()
        self._gradients += 1
        try:
            logit: Tensor = self.network.model(pixels)
        except torch.OutOfMemoryError:
            raise InputError(NO_MEMORY) from None
        return logit

    def logits(self, pixels: Tensor) -> Tensor:
        """Return logits (N, S) of pixels (N, 4, 3, H, W), on the device.

        Raises InputError where one is not finite, as `gradients` does.
        """

        def ask(batch: Tensor) -> tuple[Tensor]:
            with torch.inference_mode():
                return (self.network.model(batch),)

        (result,) = self._in_batches(ask, pixels)
        self._forwards += len(pixels)
        return result

    def gradients(self, pixels: Tensor, output: Output) -> tuple[Tensor, Tensor]:
        """Return an output (N,) of pixels (N, 4, 3, H, W) and its gradient, of their shape."""

        def ask(batch: Tensor) -> tuple[Tensor, Tensor]:
            batch = batch.clone().requires_grad_(True)
            value = output(self.network.model(batch))
            (gradient,) = torch.autograd.grad(value.sum(), batch)
            return value.detach(), gradient

        value, gradient = self._in_batches(ask, pixels)
        self._gradients += len(pixels)
        return value, gradient

    def _in_batches(
        self, ask: Callable[[Tensor], tuple[Tensor, ...]], pixels: Tensor
    ) -> tuple[Tensor, ...]:
        joined = tuple(map(torch.cat, zip(*self._answers(ask, pixels), strict=True)))
        if not all(bool(part.isfinite().all()) for part in joined):
            raise InputError(
                "The model's output is not finite here; the checkpoint cannot be explained, "
                "train it again."
            )
        return joined

    def _answers(
        self, ask: Callable[[Tensor], tuple[Tensor, ...]], pixels: Tensor
    ) -> Iterator[tuple[Tensor, ...]]:
        first = 0
        while first < len(pixels):
            self._between()
            count = self.at_once(pixels)
            try:
                answer = ask(pixels[first : first + count])
            except torch.OutOfMemoryError:
                answer = None  # Outside of this block nothing holds the batch any longer.
            if answer is None:
                if count == 1:
                    raise InputError(NO_MEMORY)
                half = min(count, len(pixels) - first) // 2
                self.network.largest = half * pixels[0, :, 0].numel()
                torch.cuda.empty_cache()
                continue
            first += count
            yield answer
