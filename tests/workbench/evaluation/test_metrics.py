import itertools

import numpy as np
import pytest
import sklearn.metrics
from numpy.typing import NDArray

from workbench.evaluation import metrics
from workbench.evaluation.roc_curves import RankedScores, roc

LABEL = np.array([0, 0, 1, 1, 2])
SCORE = np.array(
    [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.4, 0.5, 0.1], [0.1, 0.1, 0.8]]
)


def test_probability_sums_to_one_and_survives_large_logits() -> None:
    result = metrics.probabilities(np.array([[1000.0, 0.0], [0.0, 0.0]], dtype=np.float32))
    assert result == pytest.approx(np.array([[1, 0], [0.5, 0.5]]))


def test_accuracy_by_hand() -> None:
    logit = np.log(SCORE).astype(np.float32)
    assert metrics.accuracy(LABEL, logit).top_1 == pytest.approx(0.8)
    assert metrics.accuracy(LABEL, logit).top_5 == 1.0
    six = np.array([[6, 5, 4, 3, 2, 1]], dtype=np.float32)
    assert metrics.accuracy(np.array([4]), six).top_5 == 1.0
    assert metrics.accuracy(np.array([5]), six).top_5 == 0.0


def test_equal_logits_keep_the_order_of_classes() -> None:
    assert metrics.rank_classes(np.zeros((1, 4), dtype=np.float32)).tolist() == [[0, 1, 2, 3]]


def test_confusion_has_true_classes_in_rows() -> None:
    result = metrics.confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), ("a", "b", "c"))
    assert result.counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert metrics.confusion(LABEL[:0], LABEL[:0], ("a",)).counts.tolist() == [[0]]


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    result = roc(LABEL, SCORE, ("a", "b", "c"))
    for index, curve in enumerate(result.curves):
        own, other = SCORE[index == LABEL, index], SCORE[index != LABEL, index]
        pairs = (own[:, None] > other).mean() + 0.5 * (own[:, None] == other).mean()
        assert curve.auc == pytest.approx(pairs)
        assert (curve.positives, curve.negatives) == (len(own), len(other))
        assert (np.diff(curve.false_positive_rate) >= 0).all()
    areas = [curve.auc for curve in result.curves]
    assert result.macro_auc == pytest.approx(np.mean(areas))


def test_a_class_without_locations_has_no_curve() -> None:
    result = roc(LABEL[:4], SCORE[:4], ("a", "b", "c"))
    assert [curve.class_name for curve in result.curves] == ["a", "b"]
    assert result.undefined == ("c",)


def test_a_selection_narrows_the_positives_only() -> None:
    selected = np.array([False, True, False, False, False])
    result = roc(LABEL, SCORE, ("a", "b", "c"), selected)
    (curve,) = result.curves
    assert (curve.class_name, curve.positives, curve.negatives) == ("a", 1, 3)
    # 0.3 stands before 0.2 and 0.1 but behind 0.4.
    assert curve.auc == pytest.approx(2 / 3)
    assert result.undefined == ("b", "c")


@pytest.mark.parametrize("digits", [1, 2, 9], ids=["many ties", "some ties", "no ties"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_curves_of_a_selection_are_those_of_scikit_learn(digits: int, share: float) -> None:
    random = np.random.default_rng(digits)
    labels = random.integers(0, 6, 300)
    labels[labels == 4] = 3  # A class without locations.
    scores = (random.random((300, 6)) + 0.4 * np.eye(6)[labels]).round(digits)
    names = tuple("abcdef")
    selected = random.random(300) < share
    ranked = RankedScores.of(labels, scores, names)
    result = ranked.roc(selected)
    for curve in result.curves:
        index = names.index(curve.class_name)
        used = (labels != index) | selected
        expected = sklearn.metrics.roc_curve(
            labels[used] == index, scores[used, index], drop_intermediate=False
        )
        assert curve.auc == pytest.approx(sklearn.metrics.auc(*expected[:2]), abs=1e-12)
        shown = np.stack((curve.false_positive_rate, curve.true_positive_rate), axis=1)
        assert shown == pytest.approx(corners(np.stack(expected[:2], axis=1)))
    areas = dict(zip(names, ranked.areas(selected), strict=True))
    assert {name for name in names if np.isnan(areas[name])} == set(result.undefined)
    assert all(curve.auc == areas[curve.class_name] for curve in result.curves)


def test_probabilities_by_column_and_in_blocks_are_the_softmax(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "_BLOCK", 7)
    random = np.random.default_rng(0)
    logits = (30 * random.standard_normal((40, 5))).astype(np.float32)
    labels = random.integers(0, 5, 40)
    whole = metrics.probabilities(logits)
    columns = metrics.ProbabilityColumns(logits)
    np.testing.assert_allclose(columns(slice(1, 4)), whole[:, 1:4].T, rtol=1e-14)
    assert (columns.of(labels) == columns(slice(0, 5))[labels, np.arange(40)]).all()
    summary = metrics.ProbabilitySummary.of(labels, logits)
    ordered = np.sort(whole, axis=1)
    others = np.where(np.eye(5, dtype=bool)[labels], 0, whole).max(axis=1)
    assert (summary.confidence == ordered[:, -1]).all()
    assert (summary.margin == ordered[:, -1] - ordered[:, -2]).all()
    assert (summary.true_margin == whole[np.arange(40), labels] - others).all()
    alone = metrics.ProbabilitySummary.of(labels * 0, logits[:, :1])
    assert (alone.margin == 1).all()
    assert (alone.true_margin == 1).all()


@pytest.mark.parametrize("digits", [1, 9], ids=["ties", "no ties"])
def test_averages_are_those_of_scikit_learn(digits: int) -> None:
    random = np.random.default_rng(digits)
    labels = random.integers(0, 4, 200)
    scores = (random.random((200, 4)) + 0.4 * np.eye(4)[labels]).round(digits)
    is_true = np.eye(4, dtype=bool)[labels]
    (micro,) = RankedScores.pooled(labels, scores, 4).roc().curves
    false, true, _ = sklearn.metrics.roc_curve(is_true.ravel(), scores.ravel())
    assert micro.auc == pytest.approx(sklearn.metrics.auc(false, true), abs=1e-12)
    assert (micro.positives, micro.negatives) == (200, 600)
    every = sklearn.metrics.roc_curve(is_true.ravel(), scores.ravel(), drop_intermediate=False)
    shown = np.stack((micro.false_positive_rate, micro.true_positive_rate), axis=1)
    assert shown == pytest.approx(corners(np.stack(every[:2], axis=1)))
    selected = random.random(200) < 0.2
    (part,) = RankedScores.pooled(labels, scores, 4).roc(selected).curves
    used = (~is_true | selected[:, None]).ravel()
    area = sklearn.metrics.roc_auc_score(is_true.ravel()[used], scores.ravel()[used])
    assert part.auc == pytest.approx(area, abs=1e-12)

    result = roc(labels, scores, "abcd")
    macro = result.macro_average(points=20_000)
    assert macro is not None
    pairs = zip(is_true.T, scores.T, strict=True)
    expected = np.mean([sklearn.metrics.roc_auc_score(*pair) for pair in pairs])
    assert macro.auc == pytest.approx(expected, abs=1e-12)
    line = macro.false_positive_rate, macro.true_positive_rate
    assert sklearn.metrics.auc(*line) == pytest.approx(expected, abs=1e-4)
    for at in (0.1003, 0.5001, 0.9002):  # No step of any of the curves.
        rates = [
            np.interp(at, curve.false_positive_rate, curve.true_positive_rate)
            for curve in result.curves
        ]
        assert np.interp(at, *line) == pytest.approx(np.mean(rates), abs=1e-9)
    assert roc(labels[:0], scores[:0], "abcd").macro_average() is None


def corners(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ends and bends of a line (K, 2)."""
    kept = [line[0]]
    for point, following in itertools.pairwise(line[1:]):
        (ax, ay), (bx, by) = point - kept[-1], following - kept[-1]
        if abs(ax * by - ay * bx) > 1e-12:
            kept.append(point)
    return np.array([*kept, line[-1]])


def test_ranks_are_places_among_the_most_probable() -> None:
    random = np.random.default_rng(0)
    logits = random.integers(0, 4, (200, 7)).astype(np.float32)
    labels = random.integers(0, 7, 200)
    place = (metrics.rank_classes(logits) == labels[:, None]).argmax(axis=1) + 1
    assert metrics.true_ranks(labels, logits).tolist() == place.tolist()


def test_confusion_counts_as_scikit_learn_does() -> None:
    true, predicted = np.random.default_rng(1).integers(0, 5, (2, 80))
    counts = metrics.confusion(true, predicted, "abcdefg").counts
    assert (counts == sklearn.metrics.confusion_matrix(true, predicted, labels=range(7))).all()
