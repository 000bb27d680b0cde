"""Adaptive integrated gradients and captum's: `python -m benchmarks.attribution STORE.h5 RUN`.

For each location, for the logit and the probability of the predicted class, from a black baseline,
with the tolerances of `AttributionRequest` (completeness error 1 % of the difference of outputs,
map error 5 %, L1):

- reference: the midpoint rule with `--reference` even steps, which gives the true error of every
  map. `--reference 2000` checks that fewer are enough;
- ours: `workbench.attribution.compute` until it has converged, which needs no reference; gradients,
  forward passes, seconds, and its true error;
- captum, fewest: `captum.attr.IntegratedGradients` with the fewest Gauss-Legendre steps for which
  both errors, the map's true one by the reference, are within the tolerances, of 4, 5, 6, ... 10,
  12, 14, 16 and so on, each about 1.15 times the one before. This number is unknown without the
  reference, and a completeness error that is small by chance counts;
- captum, 50: its default number of steps, with its two errors.

captum gets the model as trained, with batches of the same size. Every location and output is a line
of `--out`, in which errors are fractions and `fewest` is 0 if no number of steps is enough; run the
same command again to resume. The summary has medians and ratios. `--preparations` measures what
frozen parameters, folded batch norm, channels-last format and the batch size gain;
`--waiting-times` how long it takes until the first map, the converged map and its checks are
there.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import tyro
from captum import attr as captum
from torch import Tensor, nn
from tyro.conf import Positional

import workbench
from benchmarks.common import alternate, machine, map_errors, sample, synchronize
from trainer import checkpoint as checkpoints
from trainer.models.inference import fold_batch_norm
from trainer.models.resnet import FourViewResNet
from workbench.attribution.compute import integrated_gradients
from workbench.attribution.compute.batched_model import BatchedModel, FrozenModel
from workbench.attribution.compute.target import Target
from workbench.attribution.explainer import open_explainer
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.store import provenance

GROWTH = 1.15
OUTPUTS = ("logit", "probability")
REQUEST = AttributionRequest()


@dataclass(frozen=True)
class Options:
    store: Positional[Path]
    run: Positional[Path]
    data: Path | None = None
    """folder of the photographs (default: as when the store was extracted)"""
    locations: int = 100
    reference: int = 2000
    """steps"""
    out: Path = Path("attribution.csv")
    preparations: bool = False
    waiting_times: int = 0
    """number of locations"""


def main(options: Options) -> None:
    """Measure, resuming an earlier run, and print the summary."""
    bench = workbench.open(options.store, run=options.run, data=options.data)
    model = checkpoints.load(options.run)[0].eval()
    frozen_model = FrozenModel(model)
    model.to(frozen_model.device)
    if options.preparations:
        preparations(model, frozen_model, bench.views(bench.location_ids[0]).shape[-1])
    if options.waiting_times:
        waiting_times(options, bench)
    done = set(pd.read_csv(options.out)["location"]) if options.out.exists() else set()
    for location_id in sample(bench, options.locations):
        if location_id not in done:
            pixels = frozen_model.to_pixels(torch.from_numpy(bench.views(location_id)))
            lines = list(measure(model, frozen_model, pixels, options.reference))
            frame = pd.DataFrame({"location": location_id, **line} for line in lines)
            frame.to_csv(options.out, mode="a", header=not options.out.exists(), index=False)
    summary(pd.read_csv(options.out))


def measure(
    model: FourViewResNet, frozen_model: FrozenModel, pixels: Tensor, steps: int
) -> Iterator[dict[str, object]]:
    """Measure one location; yield a line of the file for each output."""
    target_class = int(BatchedModel(frozen_model).logits(pixels[None])[0].argmax())
    targets = [Target(output, target_class) for output in OUTPUTS]
    batch_size = BatchedModel(frozen_model).batch_size(pixels)
    references = reference(frozen_model, pixels, targets, steps)
    for target, exact in zip(targets, references, strict=True):
        batched = BatchedModel(frozen_model)
        ours = integrated_gradients.attribute(
            batched, pixels, torch.zeros_like(pixels), target, REQUEST, lambda *_: None
        )
        cost = batched.cost
        captum_map = partial(_captum_map, model, pixels, target, batch_size)
        errors = partial(map_errors, exact=exact, difference=ours.output_difference)
        fewest = search(lambda count: errors(captum_map(count)[0]))  # noqa: B023
        fifty, fifty_seconds = captum_map(50)
        completeness, map_error = errors(ours.map)
        fifty_completeness, fifty_map_error = errors(fifty)
        yield {
            "output": target.output,
            "difference": ours.output_difference,
            "gradients": cost.gradients,
            "forwards": cost.forwards,
            "seconds": cost.seconds,
            "converged": not ours.reason,
            "completeness": completeness,
            "map_error": map_error,
            "estimate": ours.error_estimate or 0.0,
            "fewest": fewest,
            "fewest_seconds": captum_map(fewest)[1] if fewest else math.nan,
            "fifty_completeness": fifty_completeness,
            "fifty_map_error": fifty_map_error,
            "fifty_seconds": fifty_seconds,
        }


def search(errors: Callable[[int], tuple[float, float]]) -> int:
    """Return the fewest even steps within the tolerances, 0 where none is small enough."""
    count = 4
    while count <= REQUEST.max_evaluations:
        completeness, map_error = errors(count)
        if completeness <= REQUEST.completeness_tolerance and map_error <= REQUEST.map_tolerance:
            return count
        count = max(count + 1, round(count * GROWTH))
    return 0


def reference(
    frozen_model: FrozenModel, pixels: Tensor, targets: list[Target], steps: int
) -> list[Tensor]:
    """Return the map (4, H, W) of each target with so many even midpoint steps."""
    sums = [torch.zeros_like(pixels[:, 0]) for _ in targets]
    points = (torch.arange(steps, device=pixels.device) + 0.5) / steps
    for fractions in torch.split(points, BatchedModel(frozen_model).batch_size(pixels)):
        batch = (fractions[:, None, None, None, None] * pixels).requires_grad_(True)
        logit = frozen_model.module(batch)
        for target, total in zip(targets, sums, strict=True):
            (gradient,) = torch.autograd.grad(target(logit).sum(), batch, retain_graph=True)
            total += (gradient * pixels).sum(dim=2).sum(dim=0)
    return [total / steps for total in sums]


def _captum_map(
    model: FourViewResNet, pixels: Tensor, target: Target, batch_size: int, steps: int
) -> tuple[Tensor, float]:
    """Return captum's map (4, H, W) with so many steps, and its seconds."""
    explainer = captum.IntegratedGradients(lambda batch: target(model(batch)))
    started = time.perf_counter()
    values: Tensor = explainer.attribute(
        pixels[None], n_steps=steps, internal_batch_size=batch_size
    )
    map_ = values[0].sum(dim=1).detach()
    synchronize()  # Ours includes the copy to main memory.
    return map_, time.perf_counter() - started


def waiting_times(options: Options, bench: workbench.Bench) -> None:
    """Print the seconds until the first map, the converged map and its checks are there."""
    photographs = provenance.photographs(bench.store, options.data)
    explainer = open_explainer(bench.store, photographs, options.run)
    seconds: dict[str, list[float]] = {"first map": [], "converged": [], "with checks": []}
    count = options.waiting_times
    for row in np.random.default_rng(1).permutation(len(bench))[: count + 1]:
        started = time.perf_counter()
        partials: list[float] = []

        def on_partial(
            _: Attribution, started: float = started, partials: list[float] = partials
        ) -> None:
            partials.append(time.perf_counter() - started)

        attribution = explainer.explain(bench.location_ids[row], REQUEST, on_partial=on_partial)
        seconds["converged"].append(time.perf_counter() - started)
        seconds["first map"].append(partials[0])
        explainer.check(attribution)
        seconds["with checks"].append(time.perf_counter() - started)
    print(f"seconds at {count} locations, after one for warming up; median (quartiles; worst)")
    for name, values in seconds.items():
        print_row(name, values[1:])


def preparations(model: FourViewResNet, frozen_model: FrozenModel, size: int) -> None:
    """Print the gradients a second after each preparation of the model."""
    pixels = torch.rand(64, 4, 3, size, size, device=frozen_model.device)
    usual = BatchedModel(frozen_model).batch_size(pixels)
    frozen = copy.deepcopy(model).requires_grad_(False)
    folded = fold_batch_norm(model).requires_grad_(False)
    turns = {
        "as trained": partial(gradient_rate, model, pixels, usual),
        "frozen": partial(gradient_rate, frozen, pixels, usual),
        "folded": partial(gradient_rate, folded, pixels, usual),
        "channels last": partial(gradient_rate, frozen_model.module, pixels, usual),
    }
    for count in (1, 2, 4, 8, 16, 32, 64):
        turns[f"batches of {count}"] = partial(gradient_rate, frozen_model.module, pixels, count)
    rates = alternate(turns, 4)
    print(f"gradients a second, best of 4 rounds; batches of {usual} unless stated")
    for name, values in rates.items():
        print(f"  {name:16s} {max(values):8.2f}")


def gradient_rate(model: nn.Module, pixels: Tensor, count: int) -> float:
    """Return gradients a second in batches of `count` of pixels (N, 4, 3, H, W)."""
    done, started = 0, time.perf_counter()
    for first in range(0, max(16, count), count):
        batch = pixels[first : first + count].clone().requires_grad_(True)
        torch.autograd.grad(model(batch)[:, 0].sum(), batch)
        done += len(batch)
    synchronize()
    return done / (time.perf_counter() - started)


def summary(frame: pd.DataFrame) -> None:
    """Print medians, ranges and ratios for each output."""
    print(f"\n{machine()}")
    for output, lines in frame.groupby("output"):
        enough = lines[lines["fewest"] > 0]
        covered = (lines["map_error"] <= lines["estimate"]).sum()
        within = (lines["map_error"] <= REQUEST.map_tolerance).sum()
        print(f"\n{output}, {len(lines)} locations; median (quartiles; worst)")
        print(f"  estimate at least the true error: {covered} of {len(lines)}")
        print(f"  converged {lines['converged'].sum()}, map truly within {within}")
        rows = {
            "ours, gradients": lines["gradients"],
            "ours, forward passes": lines["forwards"],
            "ours, seconds": lines["seconds"],
            "ours, completeness error, %": 100 * lines["completeness"],
            "ours, true error of the map, %": 100 * lines["map_error"],
            "ours, its own estimate, %": 100 * lines["estimate"],
            "captum, fewest steps": enough["fewest"],
            "captum, fewest, seconds": enough["fewest_seconds"],
            "captum 50, completeness error, %": 100 * lines["fifty_completeness"],
            "captum 50, error of the map, %": 100 * lines["fifty_map_error"],
            "captum 50, seconds": lines["fifty_seconds"],
            "gradients, captum fewest / ours": enough["fewest"] / enough["gradients"],
            "seconds, captum fewest / ours": enough["fewest_seconds"] / enough["seconds"],
            "seconds, captum 50 / ours": lines["fifty_seconds"] / lines["seconds"],
        }
        for name, values in rows.items():
            print_row(name, values.tolist())


def print_row(name: str, values: Sequence[float]) -> None:
    """Print a line of the summary."""
    if values:
        low, middle, high, worst = np.percentile(values, [25, 50, 75, 100])
        print(f"  {name:36s} {middle:8.2f} ({low:.2f} to {high:.2f}; {worst:.2f})")
    else:
        print(f"  {name:36s} none")


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
