"""How often a model is right: accuracies, curves, matrices, classes and calibration."""

from dataclasses import replace

import numpy as np

from workbench.evaluation import metrics, roc_curves
from workbench.evaluation.class_table import class_table
from workbench.evaluation.confusions import ORDER_WORDS, ClassOrder, by_division, class_order
from workbench.evaluation.histograms import histogram
from workbench.evaluation.intervals import Interval, auc_interval
from workbench.evaluation.roc_curves import Roc
from workbench.evaluation.roc_intervals import AreaIntervals, area_intervals
from workbench.export.kinds.context import Context, Items
from workbench.export.link import HISTOGRAMS, Link
from workbench.export.models import Model, NotApplicableError
from workbench.figures.print import confusion, histograms, reliability, roc, tables
from workbench.figures.print.base import percent


def accuracy_items(context: Context) -> Items:
    """Yield the table of top-1 and top-5 accuracies."""
    found = {model.name: context.evaluation(model) for model in context.models}
    yield tables.accuracy_table(
        "accuracy",
        {name: (one.n, one.accuracy.top_1, one.accuracy.top_5) for name, one in found.items()},
        context.options.where,
    )


def comparison_items(context: Context) -> Items:
    """Yield the table of the first model against the others."""
    if len(context.models) < 2:
        raise NotApplicableError("there is one store; name two to compare them")
    first, *others = context.models
    found = {other.name: context.comparison(first, other) for other in others}
    yield tables.comparison_table("comparison", first.name, found)


def classes_items(context: Context, model: Model) -> Items:
    """Yield the table of the classes."""
    if model.link:  # As the dashboard: areas against all locations of other classes.
        areas = model.predictions.ranked_scores(context.score(model)).areas(model.selected)
        classes = class_table(model.confusion, areas.tolist())
    else:
        classes = context.evaluation(model).classes
    yield tables.class_summary_table(
        f"classes{model.suffix}",
        model.name,
        classes,
        context.highlighted(model),
    )


def roc_items(context: Context, model: Model) -> Items:
    """Yield the curves of all classes in one panel."""
    curves, areas = _curves(context, model)
    yield roc.roc_figure(
        f"roc{model.suffix}",
        model.name,
        curves,
        areas.macro,
        context.highlighted(model),
        context.user_colors,
        context.score(model),
    )


def roc_classes_items(context: Context, model: Model) -> Items:
    """Yield the curves, a small panel for each class."""
    curves, areas = _curves(context, model)
    if len(curves.curves) < 3:
        raise NotApplicableError("the figure `roc` shows so few classes already")
    yield roc.small_multiples_figure(
        f"roc-classes{model.suffix}", model.name, curves, areas, model.class_names
    )


def _curves(context: Context, model: Model) -> tuple[Roc, AreaIntervals]:
    score = context.score(model)
    if model.link:
        return _curves_of_link(model, score)
    scores = model.store.logits if score == "logit" else model.predictions.probabilities
    curves = roc_curves.roc(model.labels, scores[model.rows], model.class_names)
    if not curves.curves:
        raise NotApplicableError("no class has locations both of its own and of others")
    return curves, area_intervals(model.labels, scores[model.rows])


def _curves_of_link(model: Model, score: str) -> tuple[Roc, AreaIntervals]:
    """Return the curves of the dashboard: the selected locations against all of other classes."""
    found = model.predictions.ranked_scores(score).roc(model.selected)
    if not found.curves:
        raise NotApplicableError("no selected class has locations of its own and of others")
    areas = {
        one.class_name: auc_interval(one.auc, one.positives, one.negatives) for one in found.curves
    }
    unknown = Interval(np.nan, np.nan, np.nan)
    return Roc(found.curves, ()), AreaIntervals(
        tuple(areas.get(name, unknown) for name in model.class_names),
        replace(unknown, value=found.macro_auc),
    )


def confusion_items(context: Context, model: Model) -> Items:
    """Yield the confusion matrix of the classes."""
    matrix, order = model.confusion, by_division(model.class_names)
    ordered = ", ordered by Census division" if order else ""
    if model.link:
        matrix, order, ordered = _matrix_of_link(model, model.link)
    right = float(matrix.counts.trace() / matrix.counts.sum())
    caption = (
        f"Confusion matrix of {model.name}{ordered}: shares of each true class, "
        f"{matrix.counts.sum():,} locations, {percent(right)} on the diagonal."
    )
    yield confusion.confusion_figure(f"confusion{model.suffix}", caption, matrix, order)


def _matrix_of_link(model: Model, link: Link) -> tuple[metrics.Confusion, ClassOrder | None, str]:
    """Return the matrix of a link's page, its order, and the order in words.

    Classes without a selected location, true or predicted, are left out.
    """
    member = link.member_of_matrix(model.predictions)
    store, names = model.store, model.class_names
    predicted = model.predictions.predicted_labels
    counts = metrics.confusion(store.labels[member], predicted[member], names).counts
    if not counts.sum():
        raise NotApplicableError("no location is selected")
    name = link.matrix_order
    whole = metrics.confusion(store.labels, predicted, names).counts
    order = class_order(name, names, whole) if name else None
    places = np.arange(len(names)) if order is None else order.indices
    starts = set(order.groups) if order else set()
    present = (counts.sum(axis=0) + counts.sum(axis=1))[places] > 0
    kept = places[present]
    # A group begins where its first class that is left stands.
    group = np.cumsum([place in starts for place in range(len(places))])[present]
    groups = tuple((np.flatnonzero(np.diff(group)) + 1).tolist())
    matrix = metrics.Confusion(tuple(names[i] for i in kept), counts[np.ix_(kept, kept)])
    in_words = f", ordered by {ORDER_WORDS[name]}" if name else ""
    return matrix, ClassOrder(np.arange(len(kept)), groups), in_words


def divisions_items(context: Context, model: Model) -> Items:
    """Yield the confusion matrix of the Census divisions, and where mistakes go."""
    found = context.evaluation(model).mistakes
    if found is None:
        raise NotApplicableError("not all classes are states of the United States")
    present, counts, wrong = found.division_names, found.counts, found.n_wrong
    inside = found.same_division.count
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
        f"divisions{model.suffix}", caption, metrics.Confusion(present, counts)
    )
    yield tables.mistakes_table(
        f"mistakes{model.suffix}", model.name, found, context.evaluation(model).frequencies
    )


def histograms_items(context: Context, model: Model) -> Items:
    """Yield the histograms of confidence, margin, kilometres and other numbers of a location."""
    predictions = model.predictions
    wanted = model.link.histograms if model.link else HISTOGRAMS
    found = [
        histogram(name, predictions.columns[name], predictions.correct, model.selected)
        for name in wanted
        if name in predictions.columns
    ]
    yield histograms.histograms_figure(
        f"histograms{model.suffix}", model.name, found, not model.selected.all()
    )


def reliability_items(context: Context, model: Model) -> Items:
    """Yield the reliability diagram."""
    if len(model.rows) < reliability.MIN_LOCATIONS:
        raise NotApplicableError(
            f"{len(model.rows)} locations are too few for a reliability diagram"
        )
    scaling = context.evaluation(model).calibration
    yield reliability.reliability_figure(f"reliability{model.suffix}", model.name, scaling)
