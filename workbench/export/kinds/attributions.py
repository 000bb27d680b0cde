"""Attributions: maps over the views, shares of the views, and painted ground truth."""

from collections.abc import Iterator

import numpy as np

from common.errors import InputError
from workbench.attribution.request import PREDICTED, TRUE, AttributionRequest
from workbench.attribution.result import Attribution
from workbench.evaluation.census import divisions
from workbench.export import maps
from workbench.export.kinds.context import Context, Items
from workbench.export.kinds.locations import picked
from workbench.export.models import Model, NotApplicableError
from workbench.figures.print import attribution as attributions
from workbench.figures.print import side_by_side, tables, view_shares


def attributions_items(context: Context, model: Model) -> Items:
    """Yield a map over its views for each location."""
    for name, attribution in explained(context, model):
        row = model.predictions.rows[attribution.location_id]
        views = maps.read_views(model, attribution.location_id)
        yield attributions.attribution_figure(
            f"attribution-{name}{model.suffix}",
            attribution,
            views.transpose(0, 3, 1, 2),
            model.class_names[int(model.predictions.predicted_labels[row])],
            model.class_names[model.store.labels[row]],
        )


def side_by_side_items(context: Context, model: Model) -> Items:
    """Yield the chosen locations in columns, their maps on one scale."""
    ids = context.ids(model)
    if not side_by_side.FEWEST <= len(ids) <= side_by_side.MOST:
        raise NotApplicableError(
            "it needs two to four locations; name them with --id, or pin them in the dashboard"
        )
    predictions = model.predictions
    found = []
    for location_id in ids:
        row = predictions.rows[location_id]
        found.append(
            side_by_side.ExplainedLocation(
                context.maps(model).get(location_id, _request(model)),
                maps.read_views(model, location_id),
                model.class_names[model.store.labels[row]],
                model.class_names[int(predictions.predicted_labels[row])],
                float(predictions.confidences[row]),
            )
        )
    yield side_by_side.side_by_side_figure(f"side-by-side{model.suffix}", model.name, found)


def explained(context: Context, model: Model) -> Iterator[tuple[str, Attribution]]:
    """Yield the attributions to show with the ends of their names.

    A link says what is asked. Without one, wrong predictions have a second map: why the predicted
    class rather than the true one.
    """
    source = context.maps(model)
    usual = _request(model)
    contrast = AttributionRequest(target=PREDICTED, contrast_target=TRUE)
    for place, _, row in picked(context, model):
        location_id = model.store.location_ids[row]
        yield place, source.get(location_id, usual)
        if not model.link and not model.predictions.correct[row]:
            yield f"{place}-contrast", source.get(location_id, contrast)


def _request(model: Model) -> AttributionRequest:
    """Return what a link asks of maps, else the usual request."""
    return model.link.request(model.predictions) if model.link else AttributionRequest()


def view_shares_items(context: Context, model: Model) -> Items:
    """Yield the shares of the views in the maps."""
    files = context.maps(model).files
    if not files:
        found = [one for name, one in explained(context, model) if not name.endswith("contrast")]
        titles = [one.location_id for one in found]
        shares = np.array([one.view_shares for one in found])
        what = f"integrated gradients of {len(found)} locations"
    else:
        (file, *_), chosen = files, {model.store.location_ids[row] for row in model.rows}
        ids = [name for name in file.location_ids if name in chosen]
        if not ids:
            raise InputError(f"{file.path}: has no map of the selected locations.")
        of_file = dict(zip(file.location_ids, file.dataset("/view_share"), strict=True))
        names = np.array([_group(model, name) for name in ids])
        values = np.array([of_file[name] for name in ids])
        titles = list(dict.fromkeys(sorted(names)))
        shares = np.array([values[names == one].mean(axis=0) for one in titles])
        titles = [f"{one} ({(names == one).sum():,})" for one in titles]
        what = f"means over {len(ids):,} maps of {file.path.name}"
    yield view_shares.view_shares_figure(
        f"view-shares{model.suffix}", model.name, titles, shares, what
    )


def _group(model: Model, location_id: str) -> str:
    """Return the division of a location's class, or its class where there are no divisions."""
    label = int(model.store.labels[model.predictions.rows[location_id]])
    found = divisions(model.class_names)
    return found[label] if found else model.class_names[label]


def ground_truth_items(context: Context) -> Items:
    """Yield the table of methods against painted masks."""
    path = context.options.ground_truth
    if path is None:
        raise NotApplicableError(
            "only for painted states; pass --ground-truth DIR/ground_truth.csv, which "
            "`resnetbolt ground-truth FILE.h5 --out DIR` writes"
        )
    yield tables.ground_truth_table("ground-truth", path)
