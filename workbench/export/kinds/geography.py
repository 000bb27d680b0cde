"""Where a model is right: distances, the state map, the honest split and covariates."""

import pandas as pd

from common.errors import InputError
from workbench.evaluation.evaluate import SPLIT
from workbench.evaluation.intervals import wilson
from workbench.evaluation.report import sentence
from workbench.export.kinds.context import Context, Items
from workbench.export.models import Model, NotApplicableError
from workbench.figures import tile_map
from workbench.figures.print import bins, geography, state_map
from workbench.figures.print import split as split_print


def geography_items(context: Context) -> Items:
    """Yield distances, recall against area, and their table."""
    found = {model.name: context.evaluation(model) for model in context.models}
    known = {name: one.geography for name, one in found.items() if one.geography}
    if not known:
        raise NotApplicableError("the stores have no coordinates")
    areas = {name: one.recall_by_area for name, one in found.items() if one.recall_by_area}
    yield geography.distance_figure("distances", known)
    if areas:
        yield geography.area_figure("recall-area", areas)
    yield geography.geography_table("geography", known, areas)


def state_map_items(context: Context, model: Model) -> Items:
    """Yield the recall of each state on a map of tiles."""
    places = tile_map.tiles(model.class_names)
    if places is None:
        raise NotApplicableError("not all classes are states of the United States")
    counts = model.confusion.counts
    shares = wilson(counts.diagonal(), counts.sum(axis=1))
    numbers = pd.DataFrame(
        {
            "class": model.class_names,
            "code": [tile.code for tile in places],
            "locations": counts.sum(axis=1),
            "recall": shares[:, 0],
            "recall_low": shares[:, 1],
            "recall_high": shares[:, 2],
        }
    )
    caption = (
        f"Share of each state's locations that {model.name} places in the state (recall, in "
        "percent)."
    )
    yield state_map.state_map_figure(
        f"state-map{model.suffix}", caption, "Recall, %", places, numbers, "recall"
    )


def split_items(context: Context, model: Model) -> Items:
    """Yield the accuracy by what ties locations to the training."""
    result = context.evaluation(model)
    split = result.honest_split
    if split is None:
        why = [one for one in result.missing if one.what == SPLIT]
        raise InputError("; ".join(f"{one.why}; {one.remedy}" for one in why) + ".")
    if not split.by_distance and not any(one.with_tie.n for one in split.contrasts.values()):
        raise NotApplicableError(
            "the locations have no coordinates, and nothing else ties one to the training"
        )
    caption = (
        f"Accuracy of {model.name} by what ties a location to the {split.n_training:,} training "
        f"locations. {sentence(result.accuracy.top_1, split)}"
    )
    overall = result.accuracy.top_1.value
    yield split_print.split_figure(f"split{model.suffix}", caption, split, overall)


def covariates_items(context: Context, model: Model) -> Items:
    """Yield the accuracy by year, latitude and green."""
    result = context.evaluation(model)
    titles = {"year": "Year", "latitude": "Latitude, °", "green": "Share of green"}
    panels = {titles[name]: found for name, found in result.covariates.items() if found}
    if not panels:
        raise NotApplicableError("neither years nor coordinates are known")
    caption = f"Accuracy of {model.name} by what varies between locations."
    overall = result.accuracy.top_1.value
    yield bins.bins_figure(f"covariates{model.suffix}", caption, panels, overall)
