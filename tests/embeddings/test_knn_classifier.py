import numpy as np
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from embeddings.knn import build_knn_graph, query_knn
from embeddings.knn_classifier import knn_accuracy, knn_predict
from tests.embeddings.examples import clusters


def test_the_class_of_most_wins_and_of_equals_that_of_the_nearest() -> None:
    label = np.array([7, 7, 3, 3, 5])
    index = np.array([[4, 0, 1, 2, 3], [2, 0, 1, 3, 4], [0, 2, 4, 3, 1]])
    assert knn_predict(index, label, 1).tolist() == [5, 3, 7]
    assert knn_predict(index, label, 2).tolist() == [5, 3, 7]
    assert knn_predict(index, label, 3).tolist() == [7, 7, 7]
    assert knn_predict(index, label, 4).tolist() == [7, 3, 3]
    assert knn_predict(index, label, 5).tolist() == [7, 3, 7]


@pytest.mark.slow
def test_one_neighbour_is_as_accurate_as_scikit_learn_leaving_one_out() -> None:
    feature, label = clusters(200, 0, width=4)
    accuracy = knn_accuracy(build_knn_graph(feature, 50, 0), label)
    assert list(accuracy) == [1, 5, 15, 50]
    known = cross_val_score(KNeighborsClassifier(1), feature, label, cv=LeaveOneOut()).mean()
    assert accuracy[1] == pytest.approx(known)


def test_new_locations_are_classified_by_the_reference() -> None:
    database, database_label = clusters(500, 0)
    new, label = clusters(200, 1)
    index = query_knn(new, database, 15).indices
    known = KNeighborsClassifier(15).fit(database, database_label).predict(new)
    predicted = knn_predict(index, database_label, 15)
    assert (predicted == label).mean() > 0.9
    assert (predicted == known).mean() > 0.98  # It settles ties in another way.
    shuffled = np.random.default_rng(0).permutation(database_label)
    assert (knn_predict(index, shuffled, 15) == label).mean() < 0.3


def test_counts_that_the_graph_does_not_have_are_left_out_or_refused() -> None:
    feature, label = clusters(10, 0)
    graph = build_knn_graph(feature, 50, 0)
    assert list(knn_accuracy(graph, label)) == [1, 5]
    for count in (0, 10):
        with pytest.raises(ValueError, match=f"n_neighbors is {count}; the graph has 9"):
            knn_predict(graph.indices, label, count)
