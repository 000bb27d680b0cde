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
from matplotlib.patheffects import Stroke
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from trainer.sweep.settings import Value, words

MILLIMETRES_PER_INCH = 25.4
# The width of two columns, that of `workbench.export`'s figures.
WIDTH, HEIGHT = 174.0, 80.0
# Where the axes begin and end, as shares of the figure, and how much is left beside them at least.
BOTTOM, TOP, SIDE = 0.12, 0.88, 0.075
BAR_POINTS, BAR_STEPS = 5.0, 64
# Points between an axis and its labels, and white around these, on lines.
LABEL_POINTS, HALO_POINTS = 4.0, 1.8
LONGEST_LABEL = 24
# From so many finished trials on, scores that lie below the median by more than so many times the
# median distance to it are too far off for the axis.
ENOUGH, REACH = 5, 10
# The share of the kept scores' range that is left for the others; where there is no range, the
# share of the score.
GAP, MARGIN = 0.12, 0.04
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

    The `beyond` lines that lie beyond `worst`, if any, are drawn at the end `worse`.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    value: tuple[Value, ...] = ()
    worst: float | None = None
    worse: float | None = None
    beyond: int = 0


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
    several = len(set(coloured)) > 1
    scale = Normalize(min(coloured), max(coloured)) if several else Normalize(0, 1)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / MILLIMETRES_PER_INCH, HEIGHT / MILLIMETRES_PER_INCH))
        FigureCanvasAgg(figure)
        left, right = _side(every[0], LABEL_POINTS), _side(every[-1], BAR_POINTS + LABEL_POINTS)
        panel = figure.add_axes((left, BOTTOM, 1 - left - right, TOP - BOTTOM))
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

    A loss can be a thousand times that of the rest. Never more than half of the lines are beyond
    the cut, whose distance is measured by the median absolute deviation (Hampel, 1974).
    """
    sign = 1 if better == "higher" else -1
    score = np.array([sign * line.score for line in lines])
    median = np.median(score)
    deviation = np.median(np.abs(score - median))
    enough = sum(not line.pruned for line in lines) >= ENOUGH and deviation > 0
    kept = score[score >= median - REACH * deviation] if enough else score
    worst, best = float(kept.min()), float(kept.max())
    margin = 0.0 if worst < best else MARGIN * abs(best) or MARGIN
    if len(kept) == len(score):
        low, high = sorted((sign * (worst - margin), sign * (best + margin)))
        return Axis(objective, low, high)
    worse = sign * (worst - GAP * (best - worst))
    low, high = sorted((worse, sign * best))
    beyond = len(score) - len(kept)
    return Axis(objective, low, high, worst=sign * worst, worse=worse, beyond=beyond)


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
    """Draw an axis with its ticks, and its name above, in two lines where it has several words."""
    panel.plot((number, number), (0, 1), color=INK, linewidth=0.6, zorder=3, clip_on=False)
    panel.annotate(
        axis.name.replace("_", " ").replace(" ", "\n", 1),
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
        style: dict[str, Any] = {
            "xytext": (BAR_POINTS + LABEL_POINTS if last else -LABEL_POINTS, 0),
            "textcoords": "offset points",
            "ha": "left" if last else "right",
            "va": "center",
            "zorder": 4,
        }
        # Drawn by itself, the halo leaves the label above it text.
        halo = Stroke(linewidth=HALO_POINTS, foreground="white")
        panel.annotate(label, (number, height), path_effects=[halo], **style)
        panel.annotate(label, (number, height), **style)


def _side(axis: Axis, gap: float) -> float:
    """Return the share of the figure that an outer axis's labels take, `gap` points beside it."""
    size = STYLE["font.size"]
    widths = [TextPath((0, 0), label, size=size).get_extents().width for _, label in _ticks(axis)]
    points = max(widths) + gap + LABEL_POINTS
    return max(SIDE, points / 72 * MILLIMETRES_PER_INCH / WIDTH)


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """Return heights and labels: every value of a list, else the ends and round numbers between."""
    if axis.value:
        return [(_height(axis, one), _label(one)) for one in axis.value]
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
    ends = {axis.low, axis.high, axis.low if axis.worst is None else axis.worst}
    near = [
        (_height(axis, one), f"{axis.beyond} worse" if one == axis.worse else _number(one))
        for one in sorted(ends)
    ]
    inner = [(_height(axis, one), _number(one)) for one in numbers if axis.low <= one <= axis.high]
    return near + [tick for tick in inner if all(abs(tick[0] - end) > ROOM for end, _ in near)]


def _label(here: Value) -> str:
    """Return a value of a list in words, the middle of many left out."""
    text = words(here)
    if len(text) > LONGEST_LABEL:
        half = (LONGEST_LABEL - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return text.replace("$", r"\$")


def _number(number: float) -> str:
    """Return a number as people set it: powers of ten with their exponent."""
    if number >= 1e5 or 0 < number < 2e-2:
        power = math.floor(math.log10(number) + 1e-9)
        front = f"{number / 10.0**power:.3g}"
        return f"$10^{{{power}}}$" if front == "1" else f"${front}\\cdot10^{{{power}}}$"
    return f"{number:.4g}"


def _bar(panel: Axes, place: int, colours: Colormap, scale: Normalize) -> None:
    """Draw the colours beside the last axis, their scale: grey where no trial finished."""
    width = BAR_POINTS / 72 * MILLIMETRES_PER_INCH / (WIDTH * panel.get_position().width) * place
    edge = np.unique([0, *np.linspace(scale.vmin or 0, scale.vmax or 0, BAR_STEPS + 1), 1])
    panel.pcolormesh(
        (place, place + width),
        edge,
        ((edge[1:] + edge[:-1]) / 2)[:, None],
        cmap=colours.with_extremes(under=GREY, over=GREY),
        norm=scale,
        edgecolors="face",
        linewidth=0.1,
        zorder=2,
        clip_on=False,
    )


def _legend(figure: Figure, lines: Sequence[Line], better: str) -> None:
    pruned = sum(line.pruned for line in lines)
    handles = [Line2D((), (), color=_colours(reverse=False)(0.9), linewidth=1.1)]
    labels = [f"{len(lines) - pruned} finished, coloured by the last axis ({better} is better)"]
    if pruned:
        handles.append(Line2D((), (), color=GREY, linewidth=0.6))
        labels.append(f"{pruned} pruned, at their last epoch's score")
    figure.legend(handles, labels, loc="lower center", ncols=2, frameon=False)


def _colours(*, reverse: bool) -> Colormap:
    """Return viridis from good (dark) to bad, without the yellow that paper swallows."""
    shade = mpl.colormaps["viridis"](np.linspace(0, 0.88, 256))
    return ListedColormap(shade if reverse else shade[::-1])
