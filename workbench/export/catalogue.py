"""The figures and tables by kind: from the numbers of stores to drawings, captions and names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.colors import is_color_like, to_hex

from common.errors import InputError
from workbench.evaluation import metrics
from workbench.evaluation.census import DIVISIONS, divisions
from workbench.evaluation.class_table import class_table
from workbench.evaluation.confusions import by_division
from workbench.evaluation.roc_intervals import AreaIntervals, area_intervals
from workbench.export.models import Model, NotApplicableError
from workbench.export.options import KINDS, Options
from workbench.figures.colors import class_colors
from workbench.figures.print import confusion, projection, roc, tables
from workbench.figures.print.base import PrintFigure, PrintTable, percent

__all__ = ["KINDS", "PER_MODEL", "Context", "build"]
Items = Iterator[PrintFigure | PrintTable]


@dataclass(frozen=True)
class Context:
    """The options of an export and its models."""

    options: Options
    models: Sequence[Model]

    @cached_property
    def user_colors(self) -> dict[str, str]:
        """Colours of classes that the user has chosen, "#rrggbb"; raises InputError."""
        result = {}
        for text in self.options.color:
            name, equals, color = text.rpartition("=")
            if not equals or not is_color_like(color):
                raise InputError(
                    f"--color {text!r}: write CLASS=COLOR with a colour of Matplotlib, such as "
                    "Ohio=#0072b2."
                )
            result[name] = to_hex(color)
        return result

    def colors(self, model: Model) -> dict[str, str]:
        """Return the colour of each class."""
        return {**class_colors(model.class_names), **self.user_colors}

    def highlighted(self, model: Model) -> tuple[str, ...]:
        """Return the classes to stress that a model has."""
        return tuple(name for name in self.options.highlight if name in model.class_names)


def build(kind: str, context: Context, model: Model | None) -> Items:
    """Yield the figures and tables of a kind; of one model where the kind is in `PER_MODEL`.

    Raises NotApplicableError for a kind that makes no sense for the model, and InputError for one
    that lacks something, with the way to it.
    """
    if model is None:
        yield from _OF_ALL[kind](context)
    else:
        yield from PER_MODEL[kind](context, model)


def _accuracy(context: Context) -> Items:
    ranks = [(model.name, model.predictions.true_ranks[model.rows]) for model in context.models]
    yield tables.accuracy_table("accuracy", ranks, context.options.where)


def _roc(context: Context, model: Model) -> Items:
    curves, areas = _curves(context, model)
    yield roc.roc_figure(
        f"roc{model.suffix}",
        model.name,
        curves,
        areas,
        context.highlighted(model),
        context.user_colors,
        context.options.score,
    )


def _roc_classes(context: Context, model: Model) -> Items:
    curves, areas = _curves(context, model)
    if len(curves.curves) < 3:
        raise NotApplicableError("the figure `roc` shows so few classes already")
    yield roc.small_multiples_figure(
        f"roc-classes{model.suffix}", model.name, curves, areas, model.class_names
    )


def _curves(context: Context, model: Model) -> tuple[metrics.Roc, AreaIntervals]:
    score = context.options.score
    curves = model.predictions.ranked_scores(score).roc(model.selected)
    if not curves.curves:
        raise NotApplicableError("no class has locations both of its own and of others")
    scores = model.store.logits if score == "logit" else model.predictions.probabilities
    return curves, area_intervals(model.store.labels, scores, model.selected)


def _confusion(context: Context, model: Model) -> Items:
    right = float(model.confusion.counts.trace() / model.confusion.counts.sum())
    order = by_division(model.class_names)
    words = ", ordered by Census division" if order else ""
    caption = (
        f"Confusion matrix of {model.name}{words}: shares of each true class, {len(model.rows):,} "
        f"locations, {percent(right)} on the diagonal."
    )
    yield confusion.confusion_figure(f"confusion{model.suffix}", caption, model.confusion, order)


def _divisions(context: Context, model: Model) -> Items:
    found = divisions(model.class_names)
    if found is None:
        raise NotApplicableError("not all classes are states of the United States")
    present = [name for name in DIVISIONS if name in found]
    member = np.array([[one == name for one in found] for name in present], dtype=np.int64)
    counts = member @ model.confusion.counts @ member.T
    wrong = counts.sum() - model.confusion.counts.trace()
    inside = counts.trace() - model.confusion.counts.trace()
    words = (
        f"Of {wrong:,} wrong predictions {inside:,} ({percent(inside / wrong)}) stay within the "
        "true division."
        if wrong
        else "No prediction is wrong."
    )
    caption = (
        f"Confusion of {model.name} by Census division, in percent of the true division "
        f"({percent(counts.trace() / counts.sum())} of {counts.sum():,} locations are placed in "
        f"their division). {words}"
    )
    yield confusion.confusion_figure(
        f"divisions{model.suffix}", caption, metrics.Confusion(tuple(present), counts)
    )


def _projections(context: Context, model: Model) -> Items:
    if not model.store.projections:
        raise InputError(
            f"{model.path}: the store has no projections; make them with "
            f"`resnetbolt project {model.path}`."
        )
    for name, item in model.store.projections.items():
        yield projection.projection_figure(
            f"projection-{name}{model.suffix}",
            model.name,
            item,
            model.rows,
            model.store.location_ids,
            model.store.labels,
            model.class_names,
            context.colors(model),
            context.highlighted(model),
        )


def _classes(context: Context, model: Model) -> Items:
    areas = model.predictions.ranked_scores(context.options.score).areas(model.selected)
    yield tables.class_summary_table(
        f"classes{model.suffix}",
        model.name,
        class_table(model.confusion, areas.tolist()),
        context.highlighted(model),
    )


_OF_ALL: dict[str, Callable[[Context], Items]] = {
    "accuracy": _accuracy,
}
PER_MODEL: dict[str, Callable[[Context, Model], Items]] = {
    "roc": _roc,
    "roc-classes": _roc_classes,
    "projections": _projections,
    "confusion": _confusion,
    "divisions": _divisions,
    "classes": _classes,
}
"""The kinds of which each model has its own figures."""
