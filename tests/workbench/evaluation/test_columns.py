"""Numbers of each location, against scikit-learn, scipy and what is known of the Earth."""

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics.pairwise import haversine_distances

from tests.examples import small_store, with_quality
from workbench.evaluation.columns import EARTH_RADIUS_KM
from workbench.evaluation.predictions import Predictions


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    folder = tmp_path_factory.mktemp("columns")
    return Predictions(with_quality(small_store(folder / "small.h5", folder / "data", locations=6)))


def test_columns_of_the_probabilities(predictions: Predictions) -> None:
    known = predictions.columns
    ranked = np.sort(predictions.probabilities, axis=1)
    np.testing.assert_allclose(known["confidence"].values, ranked[:, -1], rtol=1e-6)
    np.testing.assert_allclose(
        known["margin"].values, ranked[:, -1] - ranked[:, -2], rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(
        known["entropy"].values, entropy(predictions.probabilities, axis=1), rtol=1e-5
    )
    right = predictions.correct
    np.testing.assert_allclose(
        known["true_margin"].values[right], known["margin"].values[right], rtol=1e-6
    )
    assert (known["true_margin"].values[~right] < 0).all()
    assert ((known["rank"].values == 1) == right).all()


def test_kilometers_are_those_to_the_predicted_classs_centre(predictions: Predictions) -> None:
    store = predictions.store
    places = np.radians(np.stack([store.latitudes, store.longitudes], axis=1))
    kilometers = predictions.columns["kilometers"].values
    for row in (0, 7, len(store) - 1):
        members = places[store.labels == predictions.predicted_labels[row]]
        # For places close together the centre on the sphere is near that of the degrees.
        center = members.mean(axis=0)
        expected = haversine_distances(places[[row]], center[None])[0, 0] * EARTH_RADIUS_KM
        assert kilometers[row] == pytest.approx(expected, rel=0.02, abs=5)


def test_columns_without_data_are_left_out(predictions: Predictions) -> None:
    known = predictions.columns
    assert {name for name in known if name.startswith("preservation/")} == {
        f"preservation/{name}" for name in predictions.store.projections if name != "tsne-other"
    }
    assert (known["year"].values == 2015).all()
