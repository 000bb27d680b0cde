"""Projections of the features."""

import numpy as np

from common.errors import InputError
from embeddings.results import Projection
from workbench.evaluation.census import DIVISIONS, divisions
from workbench.evaluation.columns import limits
from workbench.export.kinds.context import Context, Items
from workbench.export.link import Link
from workbench.export.models import Model
from workbench.figures.colors import class_colors, point_colors
from workbench.figures.print import projection


def projections_items(context: Context, model: Model) -> Items:
    """Yield each projection that is shown."""
    if not model.store.projections:
        raise InputError(
            f"{model.path}: the store has no projections; make them with "
            f"`resnetbolt project {model.path}`."
        )
    store, link = model.store, model.link
    classes = projection.Groups("Class", store.labels, model.class_names, context.colors(model))
    shown = link.projections(store.projections) if link else list(store.projections.values())
    for item in shown:
        yield projection.projection_figure(
            f"projection-{item.name}{model.suffix}",
            model.name,
            item,
            model.rows,
            store.location_ids,
            classes,
            # What is not selected is pale already.
            context.options.highlight if link else context.highlighted(model),
            _coloring(context, model, link, item) if link else None,
            has_others=link is not None,
        )


def _coloring(
    context: Context, model: Model, link: Link, item: Projection
) -> projection.Coloring | None:
    """Return the colours of the dashboard's points, None for those of the true classes."""
    safe = link.has_safe_colors
    if link.color == "true":
        return None
    if link.color == "predicted":
        labels = model.predictions.predicted_labels
        return projection.Groups(
            "Predicted class", labels, model.class_names, context.colors(model)
        )
    found = divisions(model.class_names)
    if link.color == "division" and found:
        index = np.array([DIVISIONS.index(one) for one in found], dtype=np.int64)
        colors = class_colors(DIVISIONS, safe)
        return projection.Groups("Census division", index[model.store.labels], DIVISIONS, colors)
    palette = point_colors(safe)
    if link.color == "correct":
        names = ("wrong", "right")
        colors = {"wrong": palette["wrong"], "right": palette["correct"]}
        labels = model.predictions.correct.astype(np.int64)
        return projection.Groups("Right or wrong", labels, names, colors, True, ("wrong",))
    name = f"preservation/{item.name}" if link.color == "preservation" else link.color
    column = model.predictions.columns.get(name)
    if column is None:
        raise InputError(
            f"{model.path}: its map {item.name!r} has no {link.color}; colour by another."
        )
    return projection.Scale(
        column.title,
        column.unit,
        column.values,
        limits(column.values, column.unit, column.diverges),
        palette["diverging" if column.diverges else "scale"],
        column.diverges,
    )
