"""The table and the curves of the page of the classes."""

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from scipy.stats import binomtest

from workbench.dashboard.pages import states
from workbench.evaluation.predictions import Predictions

WRONG: Any = [{"op": "replace", "filter": {"kind": "correct", "value": False}}]
OHIO: Any = [{"op": "replace", "filter": {"kind": "class", "of": "true", "names": ["Ohio"]}}]
NOTHING: Any = [{"op": "replace", "filter": {"kind": "search", "text": "nowhere"}}]


@pytest.mark.parametrize("steps", [[], OHIO, WRONG], ids=["all", "one class", "wrong"])
def test_the_table_as_csv_is_what_pandas_and_scikit_learn_compute(
    predictions: Predictions, steps: Any
) -> None:
    table = states.summarize(steps, "logit", predictions)
    found = pd.read_csv(io.StringIO(states.to_csv(table)), keep_default_na=False, na_values=[""])
    store = predictions.store
    names = np.array(store.class_names)
    every = pd.DataFrame(
        {"true": names[store.labels], "predicted": names[predictions.predicted_labels]}
    )
    every["right"] = every["true"] == every["predicted"]
    member = np.full(len(every), True)
    if steps:
        member = (every["true"] == "Ohio" if steps == OHIO else ~every["right"]).to_numpy()
    chosen = every[member]
    assert list(found["class"]) == [
        name for name in names if name in set(chosen["true"]) | set(chosen["predicted"])
    ]
    for row in found.to_dict("records"):
        of_class = chosen[chosen["true"] == row["class"]]
        as_class = chosen[chosen["predicted"] == row["class"]]
        for part, trials in (("recall", of_class["right"]), ("precision", as_class["right"])):
            if not len(trials):
                assert np.isnan(row[part])
                continue
            low, high = binomtest(int(trials.sum()), len(trials)).proportion_ci(method="wilson")
            shown = [row[part], row[f"{part}_low"], row[f"{part}_high"]]
            assert shown == pytest.approx([trials.mean(), low, high], abs=1e-12)
        assert (row["n"], row["n_predicted"]) == (len(of_class), len(as_class))
        if len(of_class):
            positive = (every["true"] == row["class"]).to_numpy()
            used = ~positive | member
            scores = store.logits[used, list(names).index(row["class"])]
            assert row["auc"] == pytest.approx(
                sklearn.metrics.roc_auc_score(positive[used], scores)
            )
        wrong = of_class[~of_class["right"]]["predicted"].value_counts()
        assert row["n_confused"] == (wrong.iloc[0] if len(wrong) else 0)


@pytest.mark.parametrize("view", states.VIEWS)
@pytest.mark.parametrize(
    ("steps", "words"), [([], "macro 0."), (OHIO, "micro 0."), (NOTHING, "no curve")], ids=str
)
def test_curves_name_their_averages(
    predictions: Predictions, view: str, steps: Any, words: str
) -> None:
    figure, text = states.draw(steps, "probability", view, predictions)
    assert words in text
    drawn = {str(trace.hovertemplate).split("</b>")[0] for trace in figure.data}
    assert ("<b>Ohio" in drawn) == (steps != NOTHING)


def test_a_selection_of_nothing_has_an_empty_table(predictions: Predictions) -> None:
    table = states.summarize(NOTHING, "probability", predictions)
    assert states.to_csv(table) == ",".join(states.FIELDS) + "\n"
