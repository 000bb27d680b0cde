import numpy as np
import pandas as pd
import pytest

from workbench.evaluation import confusions
from workbench.evaluation.census import divisions

TRUE, PREDICTED = np.random.default_rng(3).integers(0, 5, (2, 200))
CONFIDENCE = np.random.default_rng(4).random(200)
SELECTED = np.random.default_rng(5).random(200) < 0.5


@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("selected", [None, SELECTED, SELECTED & False], ids=["all", "some", "no"])
def test_pairs_are_those_of_pandas(
    selected: np.ndarray[tuple[int], np.dtype[np.bool_]] | None, both_ways: bool
) -> None:
    found = confusions.confused_pairs(TRUE, PREDICTED, CONFIDENCE, 5, selected, both_ways, selected)
    table = pd.DataFrame({"true": TRUE, "predicted": PREDICTED, "confidence": CONFIDENCE})
    table = table if selected is None else table[selected]
    number = table["true"].value_counts()
    wrong = table[table["true"] != table["predicted"]]
    assert sum(pair.count for pair in found) == len(wrong)
    assert [pair.count for pair in found] == sorted((pair.count for pair in found), reverse=True)
    for pair in found:
        here = (wrong["true"] == pair.true) & (wrong["predicted"] == pair.predicted)
        back = (wrong["true"] == pair.predicted) & (wrong["predicted"] == pair.true)
        members = wrong[here | back if both_ways else here].sort_values("confidence")
        total = number[pair.true] + (number[pair.predicted] if both_ways else 0)
        assert pair.count == len(members)
        assert not both_ways or here.sum() >= back.sum()
        assert pair.share == pytest.approx(len(members) / total)
        assert pair.confidence == pytest.approx(members["confidence"].mean())
        assert list(pair.examples) == members.index[::-1][:4].tolist()


def test_classes_that_are_confused_are_neighbours_in_the_order_by_cluster() -> None:
    counts = np.diag([50] * 6)
    for one, other in ((0, 3), (1, 4), (2, 5)):
        counts[one, other] = counts[other, one] = 20
    order = confusions.by_cluster(counts).indices.tolist()
    assert sorted(order) == list(range(6))
    for one, other in ((0, 3), (1, 4), (2, 5)):
        assert abs(order.index(one) - order.index(other)) == 1
    assert confusions.by_cluster(np.ones((1, 1), dtype=np.int64)).indices.tolist() == [0]


def test_states_are_ordered_by_census_division() -> None:
    names = ("Ohio", "new_york", "Iowa", "Maine", "Indiana")
    order = confusions.by_division(names)
    assert order is not None
    assert [names[i] for i in order.indices] == ["Maine", "new_york", "Indiana", "Ohio", "Iowa"]
    assert order.groups == (1, 2, 4)
    assert confusions.by_division((*names, "Bavaria")) is None
    assert divisions(()) is None
