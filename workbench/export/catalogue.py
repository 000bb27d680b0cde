"""The figures and tables by kind: from the numbers of stores to drawings, captions and names."""

from collections.abc import Callable
from dataclasses import replace

from workbench.evaluation.steps import words
from workbench.export.kinds import (
    attributions,
    classification,
    geography,
    locations,
    people,
    projections,
    training,
)
from workbench.export.kinds.context import Context, Items
from workbench.export.models import Model


def build(kind: str, context: Context, model: Model | None) -> Items:
    """Yield the figures and tables of a kind; of one model where the kind is in `PER_MODEL`.

    Raises NotApplicableError for a kind that makes no sense for the model, and InputError for one
    that lacks something, with the way to it.
    """
    items = _OF_ALL[kind](context) if model is None else PER_MODEL[kind](context, model)
    selection = _selection(context, model)
    for item in items:
        yield replace(item, caption=f"{item.caption} {selection}") if selection else item


def _selection(context: Context, model: Model | None) -> str:
    """Return a sentence about what a link selects, "" without a selection."""
    model = model or context.models[0]
    if model.link is None or not model.link.steps:
        return ""
    chosen = words(model.link.steps, model.predictions)
    return f"Selected ({chosen}): {len(model.rows):,} of {len(model.store):,} locations."


_OF_ALL: dict[str, Callable[[Context], Items]] = {
    "hyperparameters": training.hyperparameters_items,
    "accuracy": classification.accuracy_items,
    "pipeline": training.pipeline_items,
    "training": training.training_items,
    "geography": geography.geography_items,
    "comparison": classification.comparison_items,
    "ground-truth": attributions.ground_truth_items,
}
PER_MODEL: dict[str, Callable[[Context, Model], Items]] = {
    "roc": classification.roc_items,
    "roc-classes": classification.roc_classes_items,
    "locations": locations.locations_items,
    "people": people.people_items,
    "projections": projections.projections_items,
    "attributions": attributions.attributions_items,
    "side-by-side": attributions.side_by_side_items,
    "confusion": classification.confusion_items,
    "divisions": classification.divisions_items,
    "reliability": classification.reliability_items,
    "histograms": classification.histograms_items,
    "split": geography.split_items,
    "covariates": geography.covariates_items,
    "state-map": geography.state_map_items,
    "classes": classification.classes_items,
    "view-shares": attributions.view_shares_items,
}
"""The kinds of which each model has its own figures."""
