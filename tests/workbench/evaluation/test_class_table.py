import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

from workbench.evaluation import metrics
from workbench.evaluation.class_table import class_table


def test_a_table_is_that_of_scikit_learn_and_pandas() -> None:
    names = tuple("abcdef")
    random = np.random.default_rng(3)
    true = random.integers(0, 4, 90)  # No location of "e" and "f".
    predicted = np.where(random.random(90) < 0.6, true, random.integers(0, 5, 90))
    true[true == 3] = predicted[true == 3] = 3  # All of "d" are right.
    areas = [0.9, 0.8, 0.7, 1.0, np.nan, np.nan]
    table = class_table(metrics.confusion(true, predicted, names), areas)
    assert [row.class_name for row in table] == list("abcde")
    report = sklearn.metrics.precision_recall_fscore_support(
        true, predicted, labels=range(5), zero_division=np.nan
    )
    precision, recall, _, support = (np.array(values) for values in report)
    assert [row.recall.value for row in table] == pytest.approx(recall.tolist(), nan_ok=True)
    assert [row.precision.value for row in table] == pytest.approx(precision.tolist())
    assert [row.n for row in table] == support.tolist()
    assert [row.auc for row in table] == pytest.approx(areas[:5], nan_ok=True)
    frame = pd.DataFrame({"true": true, "predicted": predicted})
    assert [row.n_predicted for row in table] == frame.groupby("predicted").size().tolist()
    for row in table:
        wrong = frame[(frame["true"] == names.index(row.class_name)) & (true != predicted)]
        numbers = wrong["predicted"].value_counts()
        assert row.n_confused == (numbers.max() if len(numbers) else 0)
        most = [names[i] for i in numbers.index[numbers == row.n_confused]]
        assert row.confused_with == min(most, default="")


def test_nothing_selected_gives_an_empty_table() -> None:
    empty = np.zeros(0, dtype=np.int64)
    assert class_table(metrics.confusion(empty, empty, ("a", "b")), [np.nan, np.nan]) == ()
