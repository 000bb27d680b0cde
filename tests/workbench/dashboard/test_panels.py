"""What header, legend, maps, strip and location say in words."""

from typing import Any

import numpy as np
import pytest

from embeddings.density import histogram
from embeddings.results import Projection
from tests.workbench.dashboard.examples import classes, text
from workbench.dashboard import active_location, metrics, projections
from workbench.dashboard.selection import resolve
from workbench.evaluation.predictions import Predictions


def test_the_header_sets_the_selection_beside_all(predictions: Predictions) -> None:
    selection = resolve([classes("Ohio")], predictions)
    own = predictions.correct[predictions.store.labels == 4].mean()
    shown = text(metrics.accuracy_summary(selection, predictions))
    assert f"top-1 {own * 100:.1f} %" in shown
    assert f"all {predictions.correct.mean() * 100:.1f} %" in shown


def test_points_are_coloured_by_what_the_store_knows(
    predictions: Predictions, judged_predictions: Predictions
) -> None:
    known = ["true", "predicted", "correct", "division", *predictions.columns]
    assert "kilometers" in known
    assert list(projections.color_options(predictions)) == known
    judged = [*known, "disagreement", "preservation"]
    assert list(projections.color_options(judged_predictions)) == judged


def test_a_map_has_a_verdict(judged_predictions: Predictions) -> None:
    made = judged_predictions.store.projections["umap"]
    assert made.quality is not None
    kept = made.quality.preservation.mean()
    shown = text(projections.quality_summary(made))
    trust = f"trustworthiness {made.quality.trustworthiness:.2f}"
    assert shown.split() == f"{trust} · neighbours kept {kept:.0%}".split()
    assert (
        text(projections.quality_summary(judged_predictions.store.projections["tsne-other"]))
        == "not evaluated"
    )


def test_the_vote_of_neighbours_stands_beside_the_heads_accuracy(
    predictions: Predictions, judged_predictions: Predictions
) -> None:
    # Six locations a class: five others at most can vote for it.
    share = judged_predictions.store.knn_accuracy[5]
    shown = text(metrics.accuracy_summary(None, judged_predictions))
    assert f"neighbours {share * 100:.1f} % vote of 5" in shown
    assert "neighbours" not in text(metrics.accuracy_summary(None, predictions))


def test_a_location_shows_its_five_most_probable_classes(predictions: Predictions) -> None:
    name = predictions.store.location_ids[0]
    shown = text(active_location.views(name, predictions, has_photographs=True))
    best = predictions.most_probable(0)
    positions = [shown.index(f"{predictions.class_names[i]}  ") for i in best]
    assert positions == sorted(positions)
    assert ("✓ correct" if predictions.correct[0] else "✗ wrong") in shown
    assert "30.0000° N, 90.0000° W" in text(active_location.headline(name, predictions))


@pytest.mark.parametrize("wanted", [None, 4, [], {}, "nowhere", "../../etc/passwd"])
def test_an_unknown_location_is_not_opened(wanted: Any, predictions: Predictions) -> None:
    assert predictions.find(wanted) is None


def test_the_neighbours_of_a_location_are_counted_by_class(
    judged_predictions: Predictions,
) -> None:
    store = judged_predictions.store
    name = store.location_ids[0]
    assert store.neighbors is not None
    rows = store.neighbors.indices[0, :15]
    shown = active_location.tally(name, judged_predictions)
    assert shown.startswith(f"nearest {len(rows)}: ")
    counts = [part.split(" ", 1) for part in shown.split(": ")[1].split(", ")]
    labels = [store.class_names[label] for label in store.labels[rows]]
    assert {other: int(count) for count, other in counts} == {
        other: labels.count(other) for other in set(labels)
    }


@pytest.mark.parametrize(
    "recorded",
    [
        None,
        {"bounds": [0, 1, 0, 1]},
        {"bounds": [1, 0, 0, 1], "counts": [[1, 2], [3, 4]]},
        {"bounds": [0, 1, 0, float("nan")], "counts": [[1, 2], [3, 4]]},
        {"bounds": [0, 1, 0, 1], "counts": [[1, 2], [3]]},
        {"bounds": [0, 1, 0, 1], "counts": [1, 2]},
        {"bounds": [0, 1, 0, 1], "counts": [[0] * 257] * 2},
        {"bounds": "here", "counts": {}},
    ],
)
def test_a_damaged_density_is_not_drawn(recorded: Any) -> None:
    points = np.random.default_rng(0).random((50, 2), dtype=np.float32)
    parameters: dict[str, Any] = {"placed_into": "pca", "placed_into_density": recorded}
    assert projections.reference_density(Projection("pca", points, parameters, 0, "")) is None
    parameters["placed_into_density"] = histogram(points)
    placed = Projection("pca", points, parameters, 0, "")
    found = projections.reference_density(placed)
    assert found is not None
    assert np.sum(found["counts"]) == 50
    assert "placed into PCA" in text(projections.quality_summary(placed))
    assert "counts" not in projections.provenance(placed)
