"""What is asked of a selection, which of its locations answer, and how they are shown together."""

from dataclasses import replace

import numpy as np

from tests.workbench.dashboard.examples import attribution, cell, classes, step, text
from workbench.attribution import aggregation
from workbench.attribution.request import AttributionRequest
from workbench.dashboard import aggregate, aggregate_view, overlay
from workbench.dashboard.overlay import Display
from workbench.dashboard.selection import nearest, resolve
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs


def test_a_confusion_cell_contrasts_predicted_with_true(predictions: Predictions) -> None:
    selection = resolve([cell("Ohio", "Alaska")], predictions)
    above = AttributionRequest(output="probability", contrast_target="true")
    assert aggregate.selection_request(selection, above) == replace(
        above, target="Alaska", contrast_target="Ohio"
    )


def test_a_selected_class_is_the_target(predictions: Predictions) -> None:
    above = AttributionRequest(contrast_target="true")
    for one in (classes("Ohio"), cell("Ohio", "Ohio")):
        asked = aggregate.selection_request(resolve([one], predictions), above)
        assert asked == replace(above, target="Ohio", contrast_target="")


def test_other_selections_keep_the_request(predictions: Predictions) -> None:
    ids = [predictions.store.location_ids[0]]
    for steps in (None, [classes("Ohio", "Alaska")], [step("ids", ids=ids)]):
        selection = resolve(steps, predictions)
        assert aggregate.selection_request(selection, AttributionRequest()) is None


def test_a_sample_is_what_the_strip_shows_first(predictions: Predictions) -> None:
    everything = aggregate.sample(None, predictions)
    assert len(everything) == aggregate.MAX_LOCATIONS
    assert everything == [
        predictions.store.location_ids[row]
        for row in predictions.drawing_order[: aggregate.MAX_LOCATIONS]
    ]
    ohio = aggregate.sample(resolve([classes("Ohio")], predictions), predictions)
    assert len(ohio) == 6
    assert all(predictions.store.labels[predictions.rows[name]] == 4 for name in ohio)


def test_it_says_how_many_of_how_many(
    predictions: Predictions, judged_predictions: Predictions
) -> None:
    assert (
        aggregate.describe_sample(None, 12, 3400)
        == "12 of 3,400 locations, drawn at random with a fixed seed"
    )
    assert aggregate.describe_sample(None, 6, 6) == "all 6 locations"
    assert aggregate.describe_sample(None, 1, 1) == "one location"
    near = resolve(
        nearest(predictions.store.location_ids[0], judged_predictions), judged_predictions
    )
    assert aggregate.describe_sample(near, 12, 15) == "12 of 15 locations, the nearest"


def test_the_mean_map_stands_with_its_shares_and_prototypes(
    predictions: Predictions, photographs: Photographs
) -> None:
    generator = np.random.default_rng(0)
    made = [
        replace(attribution(name), values=generator.normal(size=(4, 8, 8)).astype(np.float32))
        for name in predictions.store.location_ids[:6]
    ]
    together = aggregation.aggregate(made)
    mean, *_ = aggregate_view.view(made, len(made), photographs, predictions, Display())
    shares = [text(one).split(maxsplit=1)[1] for one in mean.children[:4]]
    assert shares == aggregate_view.shares(together)
    low, high = together.view_intervals[0]
    assert shares[0] == f"{together.view_shares[0]:.0%} ({low * 100:.0f}–{high * 100:.0f})"
    prototypes = aggregate_view.view(made, len(made), photographs, predictions, Display())[
        -1
    ].children
    named = [getattr(one, "data-location") for one in prototypes]
    assert named == list(together.prototypes[: aggregate_view.N_PROTOTYPES])


def test_a_mean_of_some_of_the_maps_is_headed_so_and_has_no_interval(
    predictions: Predictions, photographs: Photographs
) -> None:
    made = [attribution(name) for name in predictions.store.location_ids[:3]]
    mean, said, *_ = aggregate_view.view(made, 12, photographs, predictions, Display())
    assert "mean of 3 of 12 maps" in text(said)
    assert text(mean.children[0]).split() == ["N", "25%"]


def test_a_single_location_is_shown_too(predictions: Predictions, photographs: Photographs) -> None:
    made = attribution(predictions.store.location_ids[0])
    mean, said, *_ = aggregate_view.view([made], 1, photographs, predictions, Display())
    assert text(mean.children[0]).split() == ["N", "25%"]
    assert "one map of the logit of Ohio" in text(said)


def test_prototypes_share_one_scale(predictions: Predictions, photographs: Photographs) -> None:
    name, other = predictions.store.location_ids[:2]
    ramp = np.linspace(0, 1, 256, dtype=np.float32).reshape(4, 8, 8)
    made = [replace(attribution(name), values=ramp), replace(attribution(other), values=ramp * 9)]
    shown = aggregate_view.view(made, len(made), photographs, predictions, Display())[-1].children
    weak, strong = sorted(shown, key=lambda one: getattr(one, "data-location") == other)
    full = overlay.limit(np.stack([one.values for one in made]), Display())
    for one, prototypes in zip(made, (weak, strong), strict=True):
        pictures = overlay.views(photographs.paths(one.location_id), aggregate_view.MAX_PIXELS)
        expected = overlay.data_urls(pictures, one.values, Display(full=full))
        assert [image.src for image in prototypes.children[0].children] == expected
