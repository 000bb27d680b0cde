"""Parallel coordinates for print: one axis a field, one line a trial, by Matplotlib.

Optuna's own picture puts the objective first and cannot be given a size, leaves pruned trials out,
and its lines meet in one point where a field is one of a few values.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve
from matplotlib.ticker import MaxNLocator

from trainer.settings import Value, words

MILLIMETRES_PER_INCH = 25.4
WIDTH, HEIGHT = 180.0, 80.0
# Left, bottom, width and height of the axes as shares of the figure.
AXES = (0.075, 0.12, 0.85, 0.76)
BAR_POINTS, BAR_STEPS = 5.0, 64
# The scores' axis reaches so many times as far below their median as the best lies above it.
REACH = 2
MARGIN = 0.04
# Round numbers stay this share of an axis away from its ends.
ROOM = 0.07
DOTS_PER_INCH = 300
GREY = "#b4b9c0"
INK = "#30343b"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
    "pdf.fonttype": 42,
    "axes.linewidth": 0.5,
}
# The share of its place that the lines through one value of a list fan out over.
FAN = 0.5


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`, linear or logarithmic, or with a place for each of `value`.

    `ends` says whether its ends are numbers worth reading; `worse` is the end at which what lies
    beyond it is drawn, if any.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    value: tuple[Value, ...] = ()
    ends: bool = True
    worse: float | None = None


@dataclass(frozen=True)
class Line:
    """One trial: its value on each axis but the last, and its score, which is the last."""

    value: tuple[Value, ...]
    score: float
    pruned: bool


def draw(axes: Sequence[Axis], objective: str, lines: Sequence[Line], better: str) -> Figure:
    """Return the figure; `objective` names the last axis, `better` is "higher" or "lower".

    `lines`, at least one, are coloured by score, those that were pruned thin and grey below them.
    """
    every = [*axes, _score_axis(objective, lines, better)]
    place = _places(every, lines)
    colours = _colours(reverse=better == "lower")
    # Pruned trials can be so much worse that the others would be left with one colour.
    coloured = [height[-1] for height, line in zip(place, lines, strict=True) if not line.pruned]
    scale = Normalize(min(coloured, default=0.0), max(coloured, default=1.0))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / MILLIMETRES_PER_INCH, HEIGHT / MILLIMETRES_PER_INCH))
        FigureCanvasAgg(figure)
        panel = figure.add_axes(AXES)
        panel.set(xlim=(0, len(every) - 1), ylim=(0, 1))
        panel.axis("off")
        sign = -1 if better == "lower" else 1
        ranked = sorted(
            range(len(lines)), key=lambda row: (not lines[row].pruned, sign * lines[row].score)
        )
        for order, row in enumerate(ranked):
            style: dict[str, Any] = {"edgecolor": GREY, "linewidth": 0.4}
            if not lines[row].pruned:
                style = {"edgecolor": colours(scale(place[row][-1])), "linewidth": 0.9}
            panel.add_patch(_curve(place[row], zorder=1 + order / len(lines), **style))
        for number, axis in enumerate(every):
            _axis(panel, number, axis, last=number == len(axes))
        _bar(panel, len(axes), colours, scale)
        _legend(figure, lines, better)
    return figure


def save(figure: Figure, path: Path, kind: str) -> None:
    """Write the figure as "pdf" or "png", the same bytes for the same figure; raises OSError."""
    with mpl.rc_context(STYLE):
        metadata: dict[str, Any] = {"CreationDate": None} if kind == "pdf" else {}
        figure.savefig(path, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)


def _score_axis(objective: str, lines: Sequence[Line], better: str) -> Axis:
    """Return the axis of the scores, cut where a few that are far worse would squeeze the others.

    A loss can be a thousand times that of the rest.
    """
    sign = 1 if better == "higher" else -1
    scores = [sign * line.score for line in lines]
    finished = [sign * line.score for line in lines if not line.pruned] or scores
    best, middle = max(scores), float(np.median(finished))
    lowest = min(scores)
    cut = lowest < (limit := middle - REACH * (best - middle)) and middle < best
    worst = limit if cut else lowest
    margin = MARGIN * (best - worst) or MARGIN * abs(best) or MARGIN
    low, high = sorted((sign * (best + margin), sign * (worst - margin)))
    end = sign * (worst - margin) if cut else None
    return Axis(objective, low, high, ends=False, worse=end)


def _places(axes: Sequence[Axis], lines: Sequence[Line]) -> list[list[float]]:
    """Return the height in [0, 1] at which each line crosses each axis.

    Lines through the same value of a list fan out in the order of their scores.
    """
    result: list[list[float]] = [[] for _ in lines]
    for number, axis in enumerate(axes):
        for row, line in enumerate(lines):
            here = line.score if number == len(axes) - 1 else line.value[number]
            result[row].append(_height(axis, here))
        if not axis.value:
            continue
        for one in axis.value:
            through = [row for row, line in enumerate(lines) if line.value[number] == one]
            through.sort(key=lambda row: lines[row].score)
            for order, row in enumerate(through):
                result[row][number] += FAN / len(axis.value) * ((order + 0.5) / len(through) - 0.5)
    return result


def _height(axis: Axis, here: Value) -> float:
    if axis.value:
        return (axis.value.index(here) + 0.5) / len(axis.value)
    number = float(here)
    if axis.log:
        return math.log(number / axis.low) / math.log(axis.high / axis.low)
    return min(1.0, max(0.0, (number - axis.low) / (axis.high - axis.low)))


def _curve(place: Sequence[float], **style: Any) -> PathPatch:
    """Return a line that crosses each axis level, so that the eye can follow it through."""
    point, code = [(0.0, place[0])], [Curve.MOVETO]
    for number, height in enumerate(place[1:], start=1):
        point += [(number - 0.6, place[number - 1]), (number - 0.4, height), (number, height)]
        code += [Curve.CURVE4] * 3
    return PathPatch(Curve(point, code), facecolor="none", clip_on=False, **style)


def _axis(panel: Axes, number: int, axis: Axis, *, last: bool) -> None:
    """Draw an axis with its ticks, and its name above."""
    panel.plot((number, number), (0, 1), color=INK, linewidth=0.6, zorder=3, clip_on=False)
    panel.annotate(
        axis.name.replace("_", "\n"),
        (number, 1),
        xytext=(0, 7),
        textcoords="offset points",
        ha="center",
        va="bottom",
        weight="bold",
        annotation_clip=False,
    )
    for height, label in _ticks(axis):
        panel.plot(number, height, "_", color=INK, markersize=4, markeredgewidth=0.6, zorder=3)
        panel.annotate(
            label,
            (number, height),
            xytext=(BAR_POINTS + 5 if last else -4, 0),
            textcoords="offset points",
            ha="left" if last else "right",
            va="center",
            zorder=4,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "alpha": 0.8, "linewidth": 0},
        )


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """Return heights and labels: every value of a list, else the ends and round numbers between."""
    if axis.value:
        return [(_height(axis, one), words(one)) for one in axis.value]
    if axis.log:
        first, last = math.log10(axis.low), math.log10(axis.high)
        steps = (1,) if last - first >= 2 else (1, 2, 5)
        numbers = [
            step * 10.0**power
            for power in range(math.floor(first), math.ceil(last) + 1)
            for step in steps
        ]
    else:
        numbers = [float(one) for one in MaxNLocator(5).tick_values(axis.low, axis.high)]
    ends = (axis.low, axis.high) if axis.ends else ()
    near = [(_height(axis, one), _number(one)) for one in ends]
    if axis.worse is not None:
        near.append((_height(axis, axis.worse), "worse"))
    inner = [(_height(axis, one), _number(one)) for one in numbers if axis.low <= one <= axis.high]
    return near + [tick for tick in inner if all(abs(tick[0] - end) > ROOM for end, _ in near)]


def _number(number: float) -> str:
    """Return a number as people set it: powers of ten with their exponent."""
    if number >= 1e5 or 0 < number < 2e-2:
        power = math.floor(math.log10(number) + 1e-9)
        front = f"{number / 10.0**power:.3g}"
        return f"$10^{{{power}}}$" if front == "1" else f"${front}\\cdot10^{{{power}}}$"
    return f"{number:.4g}"


def _bar(panel: Axes, place: int, colours: Colormap, scale: Normalize) -> None:
    """Draw the colours beside the last axis, which thus is their scale."""
    width = BAR_POINTS / 72 * MILLIMETRES_PER_INCH / (WIDTH * AXES[2]) * place
    edge = np.linspace(scale.vmin or 0, scale.vmax or 0, BAR_STEPS + 1)
    panel.pcolormesh(
        (place, place + width),
        edge,
        ((edge[1:] + edge[:-1]) / 2)[:, None],
        cmap=colours,
        norm=scale,
        edgecolors="face",
        linewidth=0.1,
        zorder=2,
        clip_on=False,
    )


def _legend(figure: Figure, lines: Sequence[Line], better: str) -> None:
    pruned = sum(line.pruned for line in lines)
    handles = [Line2D((), (), color=_colours(reverse=False)(0.9), linewidth=1.1)]
    labels = [f"{len(lines) - pruned} trials, coloured by the last axis ({better} is better)"]
    if pruned:
        handles.append(Line2D((), (), color=GREY, linewidth=0.6))
        labels.append(f"{pruned} pruned, at their last epoch's score")
    figure.legend(handles, labels, loc="lower center", ncols=2, frameon=False)


def _colours(*, reverse: bool) -> Colormap:
    """Return viridis from good (dark) to bad, without the yellow that paper swallows."""
    shade = mpl.colormaps["viridis"](np.linspace(0, 0.88, 256))
    return ListedColormap(shade if reverse else shade[::-1])
