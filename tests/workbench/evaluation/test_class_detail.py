import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm

from workbench.evaluation.class_detail import class_detail
from workbench.evaluation.intervals import auc_interval
from workbench.evaluation.metrics import Confusion, confusion

NAMES = ("Iowa", "Kansas", "Ohio", "Utah")


def test_a_class_has_the_numbers_of_pandas() -> None:
    generator = np.random.default_rng(0)
    label, predicted = generator.integers(0, 3, (2, 200))
    every = pd.DataFrame({"true": label, "predicted": predicted})
    found = class_detail(confusion(label, predicted, NAMES), 1, 0.75, 60, 140)
    of_class, as_class = every[every.true == 1], every[every.predicted == 1]
    assert found.summary.recall.value == pytest.approx((of_class.predicted == 1).mean())
    assert found.summary.precision.value == pytest.approx((as_class.true == 1).mean())
    for rows, others, part in (
        (found.predicted_as, of_class.predicted, of_class),
        (found.mistaken, as_class.true, as_class),
    ):
        counts = others[others != 1].value_counts()
        assert {row.class_name: row.count for row in rows} == {
            NAMES[int(str(index))]: count for index, count in counts.to_dict().items()
        }
        assert rows[0].count == counts.max()
        low, high = binomtest(rows[0].count, len(part)).proportion_ci(method="wilson")
        assert (rows[0].share.low, rows[0].share.high) == pytest.approx((low, high))


def test_a_class_without_locations_is_unknown() -> None:
    nothing = Confusion(NAMES, np.zeros((4, 4), dtype=np.int64))
    found = class_detail(nothing, 2, np.nan, 0, 10)
    assert found.summary.n == 0
    assert np.isnan([found.summary.recall.value, found.auc.low]).all()
    assert found.predicted_as == found.mistaken == ()


@pytest.mark.parametrize(("positives", "negatives"), [(8, 392), (60, 60), (1, 1), (500, 24_500)])
@pytest.mark.parametrize("auc", [0, 0.4, 0.5, 0.93, 1])
def test_the_ends_of_an_area_are_a_quantile_of_its_error_away(
    auc: float, positives: int, negatives: int
) -> None:
    found = auc_interval(auc, positives, negatives)
    assert 0 <= found.low <= auc <= found.high <= 1
    half = (positives + negatives) / 2 - 1
    for end in (found.low, found.high):
        spread = 1 + half * ((1 - end) / (2 - end) + end / (1 + end))
        error = np.sqrt(end * (1 - end) * spread / (positives * negatives))
        if end not in (0, 1):
            assert abs(end - auc) == pytest.approx(norm.ppf(0.975) * error, rel=1e-5)
    # A perfect order of few locations is not certain.
    assert found.high - found.low > 0
    turned = auc_interval(1 - auc, positives, negatives)
    assert (1 - turned.high, 1 - turned.low) == pytest.approx((found.low, found.high), abs=1e-9)


def test_the_interval_is_about_that_of_resampling() -> None:
    generator = np.random.default_rng(1)
    positive, negative = generator.normal(1, 1, 80), generator.normal(0, 1, 120)

    def area(one: np.ndarray, other: np.ndarray) -> float:
        return float((one[:, None] > other).mean())

    found = auc_interval(area(positive, negative), 80, 120)
    areas = [
        area(generator.choice(positive, 80), generator.choice(negative, 120)) for _ in range(1000)
    ]
    assert (found.low, found.high) == pytest.approx(np.quantile(areas, (0.025, 0.975)), abs=0.025)
