"""Which locations a round holds."""

import numpy as np

from workbench.quiz.rounds import draw


def test_a_round_is_stratified_and_the_same_for_a_seed() -> None:
    labels = np.repeat(np.arange(5), [40, 40, 40, 40, 2])
    rows = draw(labels, 22, seed=3)
    assert np.array_equal(rows, draw(labels, 22, seed=3))
    assert not np.array_equal(rows, draw(labels, 22, seed=4))
    assert len(np.unique(rows)) == 22
    assert np.bincount(labels[rows])[:4].tolist() == [5, 5, 5, 5]
    assert np.bincount(labels[rows])[4] == 2  # It has no more.
    # Classes do not follow each other in order.
    assert (np.diff(labels[rows]) != 0).sum() > 8


def test_few_questions_are_about_different_classes_and_too_many_about_all() -> None:
    labels = np.repeat(np.arange(50), 10)
    assert len(np.unique(labels[draw(labels, 10, seed=0)])) == 10
    assert sorted(draw(labels[:7], 200, seed=0)) == list(range(7))
