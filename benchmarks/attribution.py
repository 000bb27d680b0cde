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

captum gets the model as trained, with batches of the same size. Every location is a line of
`--out`; run the same command again to resume. The summary has medians and ratios. `--preparations`
measures what frozen parameters, folded batch norm, channels-last format and the batch size gain;
`--waiting-times` how long it takes until the first map, the converged map and its checks are
there.
"""

import argparse
import copy
import csv
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from captum import attr as captum
from torch import Tensor, nn
from tqdm import tqdm

from trainer import checkpoint as checkpoints
from trainer.data import decode
from trainer.models.inference import fold_batch_norm
from trainer.models.resnet import FourViewResNet
from workbench import store as stores
from workbench.attribution.compute import integrated_gradients
from workbench.attribution.compute.batched_model import BatchedModel, FrozenModel
from workbench.attribution.compute.convergence import Tolerance
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.attribution.compute.target import Target
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import MIN_OUTPUT_DIFFERENCE, Attribution
from workbench.store.photographs import Photographs

GROWTH = 1.15
MAX_STEPS = 1000
OUTPUTS = ("logit", "probability")


@dataclass(frozen=True)
class Line:
    """One location and output; errors are fractions; `fewest` is 0 if no number is enough."""

    location: str
    output: str
    difference: float
    gradients: int
    forwards: int
    seconds: float
    converged: bool
    completeness: float
    map_error: float
    estimate: float
    fewest: int
    fewest_seconds: float
    fifty_completeness: float
    fifty_map_error: float
    fifty_seconds: float


def main() -> int:
    """Measure, resuming an earlier run, and print the summary."""
    options = parser().parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    store = stores.read(options.store)
    model, checkpoint = checkpoints.load(options.run)
    model = model.eval()
    frozen_model = FrozenModel(model)
    model.to(frozen_model.device)
    if options.preparations:
        preparations(model, frozen_model, checkpoint.config.image_size)
    if options.waiting_times:
        waiting_times(options.run, store, options.data, options.waiting_times)
    photographs = Photographs(options.data or Path(str(store.provenance["data"])), store)
    rows = np.random.default_rng(0).permutation(len(store))[: options.locations]
    known = _read_lines(options.out)
    for row in tqdm([int(row) for row in rows], desc="locations"):
        location = store.location_ids[row]
        if (location, OUTPUTS[-1]) in known:
            continue
        views = decode.read_views(photographs.paths(location), checkpoint.config.image_size)
        lines = list(
            measure(model, frozen_model, frozen_model.to_pixels(views), location, options.reference)
        )
        _append(options.out, lines)
        known |= {(line.location, line.output): line for line in lines}
    summary(list(known.values()), frozen_model)
    return 0


def measure(
    model: FourViewResNet, frozen_model: FrozenModel, pixels: Tensor, location: str, steps: int
) -> Iterator[Line]:
    """Measure one location for all outputs."""
    target_class = int(BatchedModel(frozen_model).logits(pixels[None])[0].argmax())
    targets = [Target(output, target_class) for output in OUTPUTS]
    references = reference(frozen_model, pixels, targets, steps)
    batch_size = BatchedModel(frozen_model).batch_size(pixels)
    request = AttributionRequest()
    tolerance = Tolerance(request.completeness_tolerance, request.map_tolerance, MAX_STEPS)
    for target, exact in zip(targets, references, strict=True):
        batched = BatchedModel(frozen_model)
        made = integrated_gradients.attribute(
            batched, pixels, torch.zeros_like(pixels), target, tolerance, lambda *_: None
        )
        cost = batched.cost
        difference = made.output_difference

        def errors(found: Tensor, exact: Tensor = exact, difference: float = difference) -> Errors:
            completeness = abs(float(found.double().sum()) - difference)
            return (
                completeness / max(abs(difference), MIN_OUTPUT_DIFFERENCE),
                float((found - exact).abs().sum() / exact.abs().sum()),
            )

        peer = _peer(model, pixels, target, batch_size)
        fewest = search(lambda count: errors(peer(count)[0]), request)  # noqa: B023
        fifty, fifty_seconds = peer(50)
        ours, fiftys = errors(made.map), errors(fifty)
        yield Line(
            location,
            target.output,
            difference,
            cost.gradients,
            cost.forwards,
            cost.seconds,
            not made.reason,
            *ours,
            made.error_estimate or 0.0,
            fewest,
            peer(fewest)[1] if fewest else math.nan,
            *fiftys,
            fifty_seconds,
        )


Errors = tuple[float, float]


def search(errors: Callable[[int], Errors], request: AttributionRequest) -> int:
    """Return the fewest even steps within the tolerances, 0 where no number up to MAX_STEPS is."""
    count = 4
    while count <= MAX_STEPS:
        completeness, map_error = errors(count)
        if completeness <= request.completeness_tolerance and map_error <= request.map_tolerance:
            return count
        count = max(count + 1, round(count * GROWTH))
    return 0


def reference(
    frozen_model: FrozenModel, pixels: Tensor, targets: list[Target], steps: int
) -> list[Tensor]:
    """Return the map (4, H, W) of each target with so many even midpoint steps."""
    sums = [torch.zeros_like(pixels[:, 0]) for _ in targets]
    places = (torch.arange(steps, device=pixels.device) + 0.5) / steps
    batch_size = BatchedModel(frozen_model).batch_size(pixels)
    for first in range(0, steps, batch_size):
        batch = (
            places[first : first + batch_size][:, None, None, None, None] * pixels
        ).requires_grad_(True)
        logit = frozen_model.module(batch)
        for target, whole in zip(targets, sums, strict=True):
            (gradient,) = torch.autograd.grad(target(logit).sum(), batch, retain_graph=True)
            whole += (gradient * pixels).sum(dim=2).sum(dim=0)
    return [whole / steps for whole in sums]


def _peer(
    model: FourViewResNet, pixels: Tensor, target: Target, batch_size: int
) -> Callable[[int], tuple[Tensor, float]]:
    """Return a function from a number of steps to captum's map (4, H, W) and its seconds."""
    explainer = captum.IntegratedGradients(lambda batch: target(model(batch)))

    def explain(count: int) -> tuple[Tensor, float]:
        started = time.perf_counter()
        found: Tensor = explainer.attribute(
            pixels[None], n_steps=count, internal_batch_size=batch_size
        )
        made = found[0].sum(dim=1).detach()
        if made.is_cuda:
            torch.cuda.synchronize()  # Ours includes the copy to main memory.
        return made, time.perf_counter() - started

    return explain


def waiting_times(run: Path, store: stores.Store, data: Path | None, count: int) -> None:
    """Print the seconds until the first map, the converged map and its checks are there."""
    photographs = Photographs(data or Path(str(store.provenance["data"])), store)
    explainer = StoreExplainer(run, photographs, store)
    seconds: dict[str, list[float]] = {"first map": [], "converged": [], "with checks": []}
    for row in np.random.default_rng(1).permutation(len(store))[: count + 1]:
        started = time.perf_counter()
        first: list[float] = []

        def on_partial(
            _: Attribution, started: float = started, first: list[float] = first
        ) -> None:
            if not first:
                first.append(time.perf_counter() - started)

        made = explainer.explain(
            store.location_ids[int(row)], AttributionRequest(), on_partial=on_partial
        )
        seconds["converged"].append(time.perf_counter() - started)
        seconds["first map"] += first
        explainer.check(made)
        seconds["with checks"].append(time.perf_counter() - started)
    print(f"seconds at {count} locations, after one for warming up; median (quartiles; worst)")
    for name, found in seconds.items():
        print_row(name, found[1:])


def preparations(model: FourViewResNet, frozen_model: FrozenModel, size: int) -> None:
    """Print the gradients a second after each preparation of the model."""
    batch_size = BatchedModel(frozen_model).batch_size(torch.empty(4, 3, size, size))
    pixels = torch.rand(64, 4, 3, size, size, device=frozen_model.device)
    frozen = copy.deepcopy(model).requires_grad_(False)
    prepared = [
        ("as trained", model, batch_size),
        ("frozen", frozen, batch_size),
        ("folded", fold_batch_norm(model).requires_grad_(False), batch_size),
        ("channels last", frozen_model.module, batch_size),
        *(
            (f"batches of {count}", frozen_model.module, count)
            for count in (1, 2, 4, 8, 16, 32, 64)
        ),
    ]
    rates: dict[str, list[float]] = {}
    for _ in range(4):
        for name, one, count in prepared:
            rates.setdefault(name, []).append(_rate(one, pixels, count))
    print(f"gradients a second, best of 4 rounds; batches of {batch_size} unless stated")
    for name, found in rates.items():
        print(f"  {name:16s} {max(found):8.2f}")


def _rate(model: nn.Module, pixels: Tensor, count: int) -> float:
    done, started = 0, time.perf_counter()
    for first in range(0, max(16, count), count):
        batch = pixels[first : first + count].clone().requires_grad_(True)
        torch.autograd.grad(model(batch)[:, 0].sum(), batch)
        done += len(batch)
    if pixels.is_cuda:
        torch.cuda.synchronize()
    return done / (time.perf_counter() - started)


def summary(lines: list[Line], frozen_model: FrozenModel) -> None:
    """Print medians, ranges and ratios for each output."""
    print(f"\n{frozen_model.device}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    for output in OUTPUTS:
        own = [line for line in lines if line.output == output]
        if not own:
            continue
        found = [line for line in own if line.fewest]
        print(f"\n{output}, {len(own)} locations; median (quartiles; worst)")
        print_row("ours, gradients", [line.gradients for line in own])
        print_row("ours, forward passes", [line.forwards for line in own])
        print_row("ours, seconds", [line.seconds for line in own])
        print_row("ours, completeness error, %", [100 * line.completeness for line in own])
        print_row("ours, true error of the map, %", [100 * line.map_error for line in own])
        print_row("ours, its own estimate, %", [100 * line.estimate for line in own])
        covered = [line.map_error <= line.estimate for line in own]
        print(f"  estimate at least the true error: {sum(covered)} of {len(own)}")
        within = [line.map_error <= AttributionRequest().map_tolerance for line in own]
        print(f"  converged {sum(line.converged for line in own)}, map truly within {sum(within)}")
        print_row("captum, fewest steps", [line.fewest for line in found])
        print_row("captum, fewest, seconds", [line.fewest_seconds for line in found])
        print_row(
            "captum 50, completeness error, %", [100 * line.fifty_completeness for line in own]
        )
        print_row("captum 50, error of the map, %", [100 * line.fifty_map_error for line in own])
        print_row("captum 50, seconds", [line.fifty_seconds for line in own])
        print_row(
            "gradients, captum fewest / ours", [line.fewest / line.gradients for line in found]
        )
        print_row(
            "seconds, captum fewest / ours", [line.fewest_seconds / line.seconds for line in found]
        )
        print_row("seconds, captum 50 / ours", [line.fifty_seconds / line.seconds for line in own])


def print_row(what: str, values: list[float] | list[int]) -> None:
    """Print a line of the summary."""
    if not values:
        print(f"  {what:36s} none")
        return
    low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    print(f"  {what:36s} {middle:8.2f} ({low:.2f} to {high:.2f}; {max(values):.2f})")


def _read_lines(path: Path) -> dict[tuple[str, str], Line]:
    if not path.exists():
        return {}
    records = pd.read_csv(path).to_dict("records")
    lines = [Line(**{str(name): value for name, value in row.items()}) for row in records]
    return {(line.location, line.output): line for line in lines}


def _append(path: Path, lines: list[Line]) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Line)])
        if new:
            writer.writeheader()
        writer.writerows(asdict(line) for line in lines)


def parser() -> argparse.ArgumentParser:
    """Return the options."""
    result = argparse.ArgumentParser(
        prog="python -m benchmarks.attribution",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("store", metavar="STORE.h5", type=Path)
    result.add_argument("run", metavar="RUN", type=Path)
    result.add_argument("--data", metavar="DIR", type=Path)
    result.add_argument("--locations", type=int, default=100)
    result.add_argument("--reference", type=int, default=2000, help="steps (default: %(default)s)")
    result.add_argument("--out", metavar="FILE.csv", type=Path, default=Path("attribution.csv"))
    result.add_argument("--threads", type=int, default=0, help="of the CPU (default: all)")
    result.add_argument("--preparations", action="store_true")
    result.add_argument("--waiting-times", metavar="N", type=int, default=0)
    return result


if __name__ == "__main__":
    sys.exit(main())
