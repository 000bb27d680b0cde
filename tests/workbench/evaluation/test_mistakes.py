"""Where wrong predictions go, written out."""

import numpy as np
import pytest
from scipy.stats import binomtest

from workbench.evaluation import metrics
from workbench.evaluation.mistakes import mcnemar, prediction_frequencies, state_mistakes

NAMES = ("Ohio", "Indiana", "Kentucky", "Wisconsin", "Hawaii")
TRUE = np.array([0, 0, 0, 0, 1, 1, 2, 3, 4, 4])
PREDICTED = np.array([0, 1, 2, 3, 1, 3, 4, 0, 4, 0])


def test_kinds_of_mistakes_on_ten_rows() -> None:
    found = state_mistakes(metrics.confusion(TRUE, PREDICTED, NAMES))
    assert found is not None
    # Ohio as Indiana and Kentucky are neighbours; Ohio as Indiana and Wisconsin, Indiana as
    # Wisconsin and Wisconsin as Ohio are of East North Central; Kentucky as Hawaii is neither, nor
    # Hawaii as Ohio.
    kinds = (found.same_division, found.neighbors, found.elsewhere)
    assert found.n_wrong == 7
    assert [kind.count for kind in kinds] == [4, 2, 2]
    assert [kind.share.value for kind in kinds] == pytest.approx([4 / 7, 2 / 7, 2 / 7])
    # Of the four others: two in the division of Ohio, Indiana and Wisconsin each; two neighbours of
    # Ohio, Indiana (Ohio, Kentucky) and Kentucky (Ohio, Indiana), none of Wisconsin.
    assert found.same_division.chance == pytest.approx((3 * 2 + 1 * 2 + 0 + 1 * 2 + 0) / 4 / 7)
    assert found.neighbors.chance == pytest.approx((3 * 2 + 1 * 2 + 1 * 2 + 0 + 0) / 4 / 7)
    assert found.elsewhere.chance == pytest.approx((3 * 1 + 1 * 1 + 1 * 2 + 1 * 2 + 1 * 4) / 4 / 7)
    assert found.division_names == ("East North Central", "East South Central", "Pacific")
    assert found.counts.tolist() == [[6, 1, 0], [0, 0, 1], [1, 0, 1]]
    assert state_mistakes(metrics.confusion(TRUE, PREDICTED, (*NAMES[:4], "Bavaria"))) is None
    right = state_mistakes(metrics.confusion(TRUE, TRUE, NAMES))
    assert right is not None
    assert right.n_wrong == 0


def test_frequencies_and_their_tests() -> None:
    random = np.random.default_rng(1)
    true = random.integers(0, 4, 300)
    predicted = np.where(random.random(300) < 0.6, true, random.choice(4, 300, p=[0.7, 0.3, 0, 0]))
    found = prediction_frequencies(metrics.confusion(true, predicted, NAMES))
    assert found[0].class_name == "Ohio"
    assert len(found) == 4  # No location is of Hawaii, and none is predicted so.
    p_values = []
    for item in found:
        index = NAMES.index(item.class_name)
        assert (item.n, item.n_predicted) == ((true == index).sum(), (predicted == index).sum())
        assert item.ratio == item.n_predicted / item.n
        alone = int(((predicted == index) & (true != index)).sum())
        missed = int(((predicted != index) & (true == index)).sum())
        assert item.p_value == pytest.approx(binomtest(alone, alone + missed).pvalue)
        p_values.append(item.p_value)
    # Benjamini and Hochberg: the least p of this rank or a later one, times classes over rank.
    ordered = sorted(p_values)
    for item in found:
        rank = ordered.index(item.p_value)
        expected = min(min(1, p * 4 / (k + 1)) for k, p in enumerate(ordered) if k >= rank)
        assert item.p_adjusted == pytest.approx(expected)


def test_mcnemar_is_the_binomial_test() -> None:
    one, other = np.array([0, 3, 10, 7, 100]), np.array([0, 9, 10, 0, 131])
    assert mcnemar(one, other)[0] == 1
    for p_value, first, second in zip(mcnemar(one, other)[1:], one[1:], other[1:], strict=True):
        assert p_value == pytest.approx(binomtest(int(first), int(first + second)).pvalue)
