"""Single locations: their views and predictions, and which of them are shown."""

import numpy as np

from workbench.export import maps
from workbench.export.kinds.context import Context, Items
from workbench.export.models import Model
from workbench.figures.print import locations


def locations_items(context: Context, model: Model) -> Items:
    """Yield the views and predictions of each location."""
    for place, rule, row in picked(context, model):
        location_id = model.store.location_ids[row]
        best = model.predictions.most_probable(row, 5)
        panel = locations.LocationPanel(
            location_id,
            model.class_names[model.store.labels[row]],
            tuple(model.class_names[index] for index in best),
            tuple(float(model.predictions.probabilities[row, index]) for index in best),
            maps.read_views(model, location_id),
        )
        yield locations.location_figure(f"location-{place}{model.suffix}", rule, panel)


def picked(context: Context, model: Model) -> list[tuple[str, str, int]]:
    """Return the locations to show: the end of the name, the rule in words, and the row.

    Without given ids they are the most confident right and the least confident wrong ones, each of
    another true class.
    """
    predictions, panels = model.predictions, context.options.panels
    if ids := context.ids(model):
        rows = [predictions.rows[name] for name in ids]
        return [(str(i), "Chosen by id", row) for i, row in enumerate(rows, 1)]
    result = []
    for name, rule, right, sign in (
        ("right", "One of the most confident right predictions", True, -1),
        ("wrong", "One of the least confident wrong predictions", False, 1),
    ):
        rows = model.rows[predictions.correct[model.rows] == right]
        rows = rows[np.argsort(sign * predictions.confidences[rows], kind="stable")]
        _, first = np.unique(model.store.labels[rows], return_index=True)
        for i, row in enumerate(rows[np.sort(first)][:panels].tolist(), 1):
            result.append((f"{name}-{i}", rule, row))
    return result
