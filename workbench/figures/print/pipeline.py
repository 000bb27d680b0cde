"""The pipeline of a model as boxes and arrows: what goes in, where views meet, shapes."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from common.figure_text import wrap
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.style import BLUE, DARK_GREY, Page

VIEWS = ("North", "East", "South", "West")
WORDS = {
    "single": "each view is a training sample; a location has the mean of its views' logits",
    "early": "the views are laid side by side before the trunk",
    "stack": "the views are stacked as 12 channels before the trunk",
    "medium": "one trunk sees each view, and the views' features are averaged",
    "medium-max": "one trunk sees each view, and the maximum of each feature is taken",
    "late": "one trunk and one head see each view, and the maximum of each logit is taken",
    "late-mean": "one trunk and one head see each view, and the logits are averaged",
    "attention": "one trunk sees each view; learned weights pool positions, then views",
}
"""How the views meet, for captions (docs/reference/models.md)."""
ROW = 8.5
"""Height of a view's box, mm."""
GAP = 2.0
BOX = 0.76
"""Width of a box as a share of its step."""


@dataclass(frozen=True)
class Stage:
    """A step of the pipeline: its name, the shape that leaves it, and whether each view has it.

    `shared` steps have the same weights for all views.
    """

    name: str
    shape: str
    per_view: bool
    shared: bool = False
    meeting: bool = False


def stages(fusion: str, depth: int, image_size: int, n_classes: int) -> tuple[Stage, ...]:
    """Return the steps of a model; raises KeyError for an unknown fusion."""
    width = 512 if depth < 50 else 2048
    side = -(-image_size // 32)
    trunk = f"ResNet-{depth}"
    view = Stage("view", _shape(3, image_size, image_size), True)
    pooled = Stage("mean over positions", f"{width:,}", True)
    shared = Stage(trunk, _shape(width, side, side), True, shared=True)
    head = Stage("linear layer", f"{n_classes} logits", False)
    view_head = Stage("linear layer", f"{n_classes} logits", True, shared=True)

    def meet(name: str, shape: str) -> Stage:
        return Stage(name, shape, False, meeting=True)

    def joint(name: str, shape: str, columns: int) -> tuple[Stage, ...]:
        return (
            view,
            meet(name, shape),
            Stage(trunk, _shape(width, side, columns), False),
            Stage("mean over positions", f"{width:,}", False),
            head,
        )

    features, logits = f"{width:,}", f"{n_classes} logits"
    attended = Stage("attention over positions", features, True, shared=True)
    return {
        "early": joint("side by side", _shape(3, image_size, 4 * image_size), 4 * side),
        "stack": joint("12 channels", _shape(12, image_size, image_size), side),
        "medium": (view, shared, pooled, meet("mean over views", features), head),
        "medium-max": (view, shared, pooled, meet("maximum over views", features), head),
        "late": (view, shared, pooled, view_head, meet("maximum over views", logits)),
        "late-mean": (view, shared, pooled, view_head, meet("mean over views", logits)),
        "single": (view, shared, pooled, view_head, meet("mean over views", logits)),
        "attention": (view, shared, attended, meet("attention over views", features), head),
    }[fusion]


def pipeline_figure(
    name: str, fusion: str, depth: int, image_size: int, n_classes: int, models: str
) -> PrintFigure:
    """Return the pipeline of a fusion; `models` names those that have it."""
    steps = stages(fusion, depth, image_size, n_classes)
    caption = (
        f"Pipeline of {models}, {fusion} fusion: {WORDS[fusion]}. Below each box is the shape that "
        "leaves it; boxes of all views that stand under a bracket share their weights."
    )
    numbers = pd.DataFrame(
        {
            "step": [step.name for step in steps],
            "shape": [step.shape for step in steps],
            "of": ["each view" if step.per_view else "the location" for step in steps],
            "shared_weights": [step.shared for step in steps],
        }
    )
    return PrintFigure(name, caption, numbers, lambda page: draw_pipeline(steps, page))


def draw_pipeline(steps: Sequence[Stage], page: Page) -> Figure:
    """Draw a column for each step, with four boxes where each view has it."""
    scale = page.scale
    row, gap = ROW * scale, GAP * scale
    middle = 2 * row + 1.5 * gap
    below, above = 6 * scale, 5 * scale
    height = 4 * row + 3 * gap + below + above
    with page.style():
        figure = page.figure(height)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, page.width), ylim=(-below, height - below))
        axes.set_axis_off()
        pitch = page.width / len(steps)
        half = pitch * BOX / 2
        centers = [pitch * (i + 0.5) for i in range(len(steps))]
        for i, step in enumerate(steps):
            rows = [k * (row + gap) + row / 2 for k in range(4)] if step.per_view else [middle]
            size = row if step.per_view else 1.5 * row
            for k, y in enumerate(rows):
                text = VIEWS[3 - k] if i == 0 else step.name
                _box(axes, page, (centers[i], y), (2 * half, size), text, step.meeting)
            bottom = 0.0 if step.per_view else middle - size / 2
            times = "4 × " if step.per_view else ""
            axes.text(
                centers[i],
                bottom - 1.2 * scale,
                times + step.shape,
                ha="center",
                va="top",
                fontsize=page.small,
            )
            if step.shared:
                _bracket(axes, page, centers[i], half, 4 * row + 3 * gap)
            if i:
                _arrows(axes, page, centers[i - 1] + half, centers[i] - half, steps[i - 1 : i + 1])
    return figure


def _box(
    axes: Axes,
    page: Page,
    center: tuple[float, float],
    size: tuple[float, float],
    text: str,
    meeting: bool,
) -> None:
    corner = (center[0] - size[0] / 2, center[1] - size[1] / 2)
    face = "#d9e8f3" if meeting else "#f4f5f7"
    edge = BLUE if meeting else DARK_GREY
    width = (1.0 if meeting else 0.6) * page.scale
    axes.add_patch(
        Rectangle(corner, *size, facecolor=face, edgecolor=edge, linewidth=width, zorder=2)
    )
    lines = wrap(text, size[0] - 1.5, page.small)
    axes.text(*center, lines, ha="center", va="center", fontsize=page.small, zorder=3)


def _bracket(axes: Axes, page: Page, center: float, half: float, top: float) -> None:
    y, tick = top + 1.6 * page.scale, 0.8 * page.scale
    axes.plot(
        [center - half, center - half, center + half, center + half],
        [y - tick, y, y, y - tick],
        color=DARK_GREY,
        linewidth=0.6 * page.scale,
    )
    axes.text(
        center,
        y + 0.4 * page.scale,
        "shared weights",
        ha="center",
        va="bottom",
        fontsize=page.small * 0.92,
        color=DARK_GREY,
    )


def _arrows(axes: Axes, page: Page, start: float, end: float, pair: Sequence[Stage]) -> None:
    row, gap = ROW * page.scale, GAP * page.scale
    rows = [k * (row + gap) + row / 2 for k in range(4)]
    middle = 2 * row + 1.5 * gap
    one, other = pair
    lines = [(middle, middle)]
    if one.per_view:
        # Where the views meet, the arrows end at the box's side, each at its own height.
        lines = [(y, y if other.per_view else middle + 0.28 * (y - middle)) for y in rows]
    for first, second in lines:
        axes.add_patch(
            FancyArrowPatch(
                (start + 0.3, first),
                (end - 0.1, second),
                arrowstyle="-|>",
                mutation_scale=5 * page.scale,
                linewidth=0.6 * page.scale,
                color=DARK_GREY,
                shrinkA=0,
                shrinkB=0,
            )
        )


def _shape(*sizes: int) -> str:
    return " × ".join(f"{size:,}" for size in sizes)
