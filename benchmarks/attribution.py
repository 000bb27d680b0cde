"""Adaptive integrated gradients beside captum's: `python -m benchmarks.attribution STORE.h5 RUN`.

In one run, location by location, for the logit and the probability of the predicted state, from a
black baseline, with the tolerances of `AttributionRequest` (completeness 1 % of the difference of outputs,
map 5 %, L1):

- reference: the midpoint rule at `--reference` even steps, of which the true error of every map
  is taken. `--reference 2000` checks that fewer are enough;
- ours: `workbench.attribution.compute` until it says that both tolerances hold, which it does without the
  reference; gradients, forward passes, seconds, and its true error;
- captum, fewest: `captum.attr.IntegratedGradients` with the fewest Gauss-Legendre steps at which
  both errors, the map's true one by the reference, are within the tolerances, of 4, 5, 6, ... 10,
  12, 14, 16 and so on, each some 1.15 times the one before. Nobody can find this number without the
  reference, and a completeness error that is small by chance counts;
- captum, 50: its default, with the two errors that it has.

The peer's model is as it was trained, its batches are as large as ours. Every location is a line of
`--out`, which the same command goes on from; the summary has medians and ratios. `--parts` times
what frozen parameters, folded batch norm, channels-last and the batch size are worth; `--pictures`
how long a person waits for a location's first picture, for the converged one, for its evidence.
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
MOST = 1000
OUTPUTS = ("logit", "probability")


@dataclass(frozen=True)
class Line:
    """One location and output; errors are fractions, `fewest` is 0 where no number was enough."""

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
    """Measure, go on where an earlier run was, and print the summary."""
    options = parser().parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    store = stores.read(options.store)
    model, checkpoint = checkpoints.load(options.run)
    model = model.eval()
    network = FrozenModel(model)
    model.to(network.device)
    if options.parts:
        parts(model, network, checkpoint.config.image_size)
    if options.pictures:
        pictures(options.run, store, options.data, options.pictures)
    photographs = Photographs(options.data or Path(str(store.provenance["data"])), store)
    rows = np.random.default_rng(0).permutation(len(store))[: options.locations]
    known = _known(options.out)
    for row in tqdm([int(row) for row in rows], desc="locations"):
        location = store.location_ids[row]
        if (location, OUTPUTS[-1]) in known:
            continue
        views = decode.read_views(photographs.paths(location), checkpoint.config.image_size)
        lines = list(
            measured(model, network, network.to_pixels(views), location, options.reference)
        )
        _append(options.out, lines)
        known |= {(line.location, line.output): line for line in lines}
    summary(list(known.values()), network)
    return 0


def measured(
    model: FourViewResNet, network: FrozenModel, pixels: Tensor, location: str, steps: int
) -> Iterator[Line]:
    """Measure one location for all outputs."""
    state = int(BatchedModel(network).logits(pixels[None])[0].argmax())
    targets = [Target(output, state) for output in OUTPUTS]
    references = reference(network, pixels, targets, steps)
    at_once = BatchedModel(network).batch_size(pixels)
    question = AttributionRequest()
    tolerance = Tolerance(question.completeness_tolerance, question.map_tolerance, MOST)
    for target, exact in zip(targets, references, strict=True):
        asking = BatchedModel(network)
        made = integrated_gradients.attribute(
            asking, pixels, torch.zeros_like(pixels), target, tolerance, lambda *_: None
        )
        cost = asking.cost
        difference = made.output_difference

        def errors(found: Tensor, exact: Tensor = exact, difference: float = difference) -> Errors:
            completeness = abs(float(found.double().sum()) - difference)
            return (
                completeness / max(abs(difference), MIN_OUTPUT_DIFFERENCE),
                float((found - exact).abs().sum() / exact.abs().sum()),
            )

        peer = _peer(model, pixels, target, at_once)
        fewest = search(lambda count: errors(peer(count)[0]), question)  # noqa: B023
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


def search(errors: Callable[[int], Errors], question: AttributionRequest) -> int:
    """Return the fewest even steps within the tolerances, 0 where no number up to MOST is."""
    count = 4
    while count <= MOST:
        completeness, map_error = errors(count)
        if completeness <= question.completeness_tolerance and map_error <= question.map_tolerance:
            return count
        count = max(count + 1, round(count * GROWTH))
    return 0


def reference(
    network: FrozenModel, pixels: Tensor, targets: list[Target], steps: int
) -> list[Tensor]:
    """Return the map (4, H, W) of each target at so many even midpoint steps."""
    sums = [torch.zeros_like(pixels[:, 0]) for _ in targets]
    places = (torch.arange(steps, device=pixels.device) + 0.5) / steps
    at_once = BatchedModel(network).batch_size(pixels)
    for first in range(0, steps, at_once):
        batch = (
            places[first : first + at_once][:, None, None, None, None] * pixels
        ).requires_grad_(True)
        logit = network.module(batch)
        for target, whole in zip(targets, sums, strict=True):
            (gradient,) = torch.autograd.grad(target(logit).sum(), batch, retain_graph=True)
            whole += (gradient * pixels).sum(dim=2).sum(dim=0)
    return [whole / steps for whole in sums]


def _peer(
    model: FourViewResNet, pixels: Tensor, target: Target, at_once: int
) -> Callable[[int], tuple[Tensor, float]]:
    """Return what gives captum's map, (4, H, W), at so many steps, and its seconds."""
    explainer = captum.IntegratedGradients(lambda batch: target(model(batch)))

    def explain(count: int) -> tuple[Tensor, float]:
        started = time.perf_counter()
        found: Tensor = explainer.attribute(
            pixels[None], n_steps=count, internal_batch_size=at_once
        )
        made = found[0].sum(dim=1).detach()
        if made.is_cuda:
            torch.cuda.synchronize()  # Ours comes back to main memory, and so has waited.
        return made, time.perf_counter() - started

    return explain


def pictures(run: Path, store: stores.Store, data: Path | None, count: int) -> None:
    """Print the seconds until the first map, the converged map and its evidence are there."""
    photographs = Photographs(data or Path(str(store.provenance["data"])), store)
    explainer = StoreExplainer(run, photographs, store)
    seconds: dict[str, list[float]] = {"first picture": [], "converged": [], "with evidence": []}
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
        seconds["first picture"] += first
        explainer.check(made)
        seconds["with evidence"].append(time.perf_counter() - started)
    print(f"seconds at {count} locations, after one that warms up; median (quartiles; worst)")
    for name, found in seconds.items():
        tell(name, found[1:])


def parts(model: FourViewResNet, network: FrozenModel, size: int) -> None:
    """Print what each preparation is worth: gradients a second of a batch."""
    at_once = BatchedModel(network).batch_size(torch.empty(4, 3, size, size))
    pixels = torch.rand(64, 4, 3, size, size, device=network.device)
    frozen = copy.deepcopy(model).requires_grad_(False)
    prepared = [
        ("as trained", model, at_once),
        ("frozen", frozen, at_once),
        ("folded", fold_batch_norm(model).requires_grad_(False), at_once),
        ("channels last", network.module, at_once),
        *((f"batches of {count}", network.module, count) for count in (1, 2, 4, 8, 16, 32, 64)),
    ]
    rates: dict[str, list[float]] = {}
    for _ in range(4):
        for name, one, count in prepared:
            rates.setdefault(name, []).append(_rate(one, pixels, count))
    print(f"gradients a second, best of 4 rounds; batches of {at_once} unless said")
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


def summary(lines: list[Line], network: FrozenModel) -> None:
    """Print medians, ranges and ratios for each output."""
    print(f"\n{network.device}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    for output in OUTPUTS:
        own = [line for line in lines if line.output == output]
        if not own:
            continue
        found = [line for line in own if line.fewest]
        print(f"\n{output}, {len(own)} locations; median (quartiles; worst)")
        tell("ours, gradients", [line.gradients for line in own])
        tell("ours, forward passes", [line.forwards for line in own])
        tell("ours, seconds", [line.seconds for line in own])
        tell("ours, completeness error, %", [100 * line.completeness for line in own])
        tell("ours, true error of the map, %", [100 * line.map_error for line in own])
        tell("ours, its own estimate, %", [100 * line.estimate for line in own])
        covered = [line.map_error <= line.estimate for line in own]
        print(f"  estimate at least the true error: {sum(covered)} of {len(own)}")
        within = [line.map_error <= AttributionRequest().map_tolerance for line in own]
        print(f"  converged {sum(line.converged for line in own)}, map truly within {sum(within)}")
        tell("captum, fewest steps", [line.fewest for line in found])
        tell("captum, fewest, seconds", [line.fewest_seconds for line in found])
        tell("captum 50, completeness error, %", [100 * line.fifty_completeness for line in own])
        tell("captum 50, error of the map, %", [100 * line.fifty_map_error for line in own])
        tell("captum 50, seconds", [line.fifty_seconds for line in own])
        tell("gradients, captum fewest / ours", [line.fewest / line.gradients for line in found])
        tell(
            "seconds, captum fewest / ours", [line.fewest_seconds / line.seconds for line in found]
        )
        tell("seconds, captum 50 / ours", [line.fifty_seconds / line.seconds for line in own])


def tell(what: str, values: list[float] | list[int]) -> None:
    """Print a line of the summary."""
    if not values:
        print(f"  {what:36s} none")
        return
    low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    print(f"  {what:36s} {middle:8.2f} ({low:.2f} to {high:.2f}; {max(values):.2f})")


def _known(path: Path) -> dict[tuple[str, str], Line]:
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
    result.add_argument("--parts", action="store_true")
    result.add_argument("--pictures", metavar="N", type=int, default=0)
    return result


if __name__ == "__main__":
    sys.exit(main())
