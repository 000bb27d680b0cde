"""Error of rules for integrated gradients: `python -m benchmarks.quadrature STORE.h5 RUN`.

For some locations the gradient is evaluated at 1,024 even points on the path from black, for the
logit and the probability of the predicted class, so that every rule can be compared with all of
them. Prints the median error of the map (L1 over L1) and the completeness error for 4 to 64
gradients, and draws the map's error as a figure. Rules:

- even midpoints, Gauss-Legendre (captum's default) and the trapezoid rule;
- midpoints placed by forward passes: step lengths proportional to the output's sensitivity to the
  logits to the power of -1/3 (as in the first round of
  `workbench.attribution.compute.integrated_gradients`), or to the change of the output to the power
  of -1/2 (Bhat & Raychowdhury 2023);
- tangents: weights such that the tangents at two neighbours meet where one replaces the other,
  which is exact for a single kink and makes completeness hold by construction;
- adaptive: `workbench.attribution.compute.integrated_gradients`, round by round.

`nested` is the true error of the adaptive rule's map divided by the difference of its two halves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor
from tyro.conf import Positional

import workbench
from benchmarks.common import map_errors, sample
from trainer import checkpoint as checkpoints
from workbench.attribution.compute import integrated_gradients
from workbench.attribution.compute.batched_model import BatchedModel, FrozenModel
from workbench.attribution.compute.convergence import Estimate
from workbench.attribution.compute.target import Target
from workbench.attribution.request import AttributionRequest

POINTS = 1024
COUNTS = (4, 6, 8, 11, 16, 23, 32, 45, 64)
PATH_INTERVALS = integrated_gradients.PATH_INTERVALS
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A path from black: maps (1024, 4, H, W), outputs and sensitivities (1025,)."""

    map: Tensor
    exact: Tensor
    value: Array
    sensitivity: Array

    def at(self, points: Array) -> Tensor:
        return self.map[np.minimum((points * POINTS).astype(int), POINTS - 1)]

    def output(self, points: Array) -> Array:
        return np.interp(points, np.linspace(0, 1, len(self.value)), self.value)

    def errors(self, points: Array, weights: Array) -> tuple[float, float]:
        return self.errors_of(
            torch.einsum("n,nvhw->vhw", self.map.new_tensor(weights), self.at(points))
        )

    def errors_of(self, map_: Tensor) -> tuple[float, float]:
        return map_errors(map_, self.exact, float(self.value[-1] - self.value[0]))


def evaluate(model: FrozenModel, pixels: Tensor, target: Target) -> Line:
    """Evaluate the maps at all points and the outputs between them."""
    batched = BatchedModel(model)
    points = ((torch.arange(POINTS) + 0.5) / POINTS).to(pixels)[:, None, None, None, None]
    ends = (torch.arange(POINTS + 1) / POINTS).to(pixels)[:, None, None, None, None]
    size = batched.batch_size(pixels)
    maps = torch.cat(
        [
            (batched.gradients(part * pixels, target)[1] * pixels).sum(dim=2).cpu()
            for part in torch.split(points, size)
        ]
    )
    logits = torch.cat([batched.logits(part * pixels) for part in torch.split(ends, size)])
    values, sensitivities = (
        part.double().cpu().numpy() for part in (target(logits), target.sensitivity(logits))
    )
    return Line(maps, maps.mean(dim=0), values, sensitivities)


def midpoints(line: Line, count: int) -> tuple[Array, Array]:
    return (np.arange(count) + 0.5) / count, np.full(count, 1 / count)


def gauss_legendre(line: Line, count: int) -> tuple[Array, Array]:
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2


def trapezoid(line: Line, count: int) -> tuple[Array, Array]:
    weight = np.full(count, 1 / (count - 1))
    weight[[0, -1]] /= 2
    return np.linspace(0, 1, count), weight


def placed(density: Array, count: int) -> tuple[Array, Array]:
    time = np.concatenate([[0], np.cumsum(density) / density.sum()])
    edge = np.interp(np.linspace(0, 1, count + 1), time, np.linspace(0, 1, len(density) + 1))
    return (edge[1:] + edge[:-1]) / 2, np.diff(edge)


def by_sensitivity(line: Line, count: int) -> tuple[Array, Array]:
    seen = line.sensitivity[:: POINTS // PATH_INTERVALS]
    return placed(np.cbrt((seen[1:] + seen[:-1]) / 2), count)


def by_change(line: Line, count: int) -> tuple[Array, Array]:
    change = np.sqrt(np.abs(np.diff(line.value[:: POINTS // PATH_INTERVALS])))
    return placed(change + 0.1 * change.mean(), count)


def tangents(line: Line, count: int) -> tuple[Array, Array]:
    points, _ = midpoints(line, count)
    slope = line.at(points).flatten(1).sum(dim=1).double().numpy()
    height = line.output(points) - slope * points
    with np.errstate(divide="ignore", invalid="ignore"):
        meet = (height[:-1] - height[1:]) / (slope[1:] - slope[:-1])
    inside = (meet > points[:-1]) & (meet < points[1:])
    edge = np.where(inside, meet, (points[1:] + points[:-1]) / 2)
    return points, np.diff(np.concatenate([[0], edge, [1]]))


RULES: dict[str, Callable[[Line, int], tuple[Array, Array]]] = {
    "even midpoints": midpoints,
    "Gauss-Legendre": gauss_legendre,
    "trapezoid": trapezoid,
    "placed by sensitivity": by_sensitivity,
    "placed by change": by_change,
    "tangents": tangents,
}


def rounds(model: FrozenModel, pixels: Tensor, target: Target, line: Line) -> list[list[float]]:
    """Return gradients, completeness error, map error and `nested` of every round."""
    results: list[list[float]] = []

    def on_estimate(estimate: Estimate) -> None:
        completeness, error = line.errors_of(estimate.map.cpu())
        halves = (estimate.error_estimate or 0.0) / integrated_gradients.NESTED_ERROR_RATIO
        nested = error / halves if halves else np.nan
        results.append([estimate.n_gradients, completeness, error, nested])

    # As usual, but with up to 64 gradients.
    for map_tolerance in (0.05, 0.02, 0.01):
        request = AttributionRequest(map_tolerance=map_tolerance, max_evaluations=COUNTS[-1])
        integrated_gradients.attribute(
            BatchedModel(model), pixels, torch.zeros_like(pixels), target, request, on_estimate
        )
    return results


Curves = dict[str, dict[str, list[list[tuple[float, float]]]]]
"""By output, rule, location and number of gradients: completeness error and map error."""
Rounds = dict[str, list[list[float]]]
"""By output: what `rounds` returns, of all locations."""


def main(
    store: Positional[Path],
    run: Positional[Path],
    data: Path | None = None,
    locations: int = 12,
    out: Path = Path("quadrature.svg"),
) -> None:
    """Evaluate, compare, print and draw."""
    bench = workbench.open(store, run=run, data=data)
    model = FrozenModel(checkpoints.load(run)[0])
    curves: Curves = {output: {name: [] for name in RULES} for output in ("logit", "probability")}
    adaptive: Rounds = {output: [] for output in curves}
    for location_id in sample(bench, locations):
        pixels = model.to_pixels(torch.from_numpy(bench.views(location_id)))
        target_class = int(BatchedModel(model).logits(pixels[None])[0].argmax())
        for output, rules in curves.items():
            target = Target(output, target_class)
            line = evaluate(model, pixels, target)
            for name, rule in RULES.items():
                rules[name].append([line.errors(*rule(line, count)) for count in COUNTS])
            adaptive[output] += rounds(model, pixels, target, line)
    print_medians(curves, adaptive)
    draw(curves, adaptive, out)


def print_medians(curves: Curves, adaptive: Rounds) -> None:
    """Print medians."""
    for output, rules in curves.items():
        print(f"\n{output}: median error of the map, completeness error (%) at so many gradients")
        print("  " + " " * 22 + "".join(f"{count:>14d}" for count in COUNTS))
        for name, errors in rules.items():
            medians = 100 * np.median(np.array(errors), axis=0)
            cells = "".join(f"{error:8.1f}{completeness:6.1f}" for completeness, error in medians)
            print(f"  {name:22s}{cells}")
        nested = np.array(adaptive[output])[:, 3]
        print(f"  adaptive, nested: {np.nanpercentile(nested, [0, 10, 50, 90, 100]).round(2)}")


def draw(curves: Curves, adaptive: Rounds, path: Path) -> None:
    """Draw the map's error over the number of gradients."""
    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    FigureCanvasSVG(figure)
    for axes, (output, rules) in zip(
        figure.subplots(1, 2, sharey=True), curves.items(), strict=True
    ):
        for name, errors in rules.items():
            axes.plot(COUNTS, 100 * np.median(np.array(errors), axis=0)[:, 1], label=name, lw=1)
        points = np.array(adaptive[output])
        axes.plot(points[:, 0], 100 * points[:, 2], "k.", ms=2.5, label="adaptive, every round")
        axes.axhline(5, color="0.6", lw=0.6)
        axes.set(xscale="log", yscale="log", title=output, xlabel="gradients", ylim=(0.4, 100))
        axes.set_xticks(COUNTS, [str(count) for count in COUNTS])
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("error of the map, %")
    figure.axes[0].set_yticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
    figure.axes[1].legend(fontsize=7, frameon=False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
