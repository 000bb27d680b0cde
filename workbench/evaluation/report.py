"""An evaluation as a JSON document and as lines for the terminal."""

import math
from collections.abc import Sequence
from typing import Any

from common.earlier_result import Request
from common.json_text import json_value
from common.text import number
from workbench.evaluation.calibration import TemperatureScaling
from workbench.evaluation.comparison import Comparison
from workbench.evaluation.evaluate import Evaluation
from workbench.evaluation.geography import Geography, RecallByArea
from workbench.evaluation.intervals import Interval, interval_text
from workbench.evaluation.mistakes import PredictionFrequency, StateMistakes
from workbench.evaluation.split import HonestSplit
from workbench.evaluation.subsets import Bin, Subset

FORMAT = "resnetbolt-evaluation"
VERSION = 1
SIGNIFICANT = 0.05
N_LISTED = 5
_TIES = {
    "nearby": "lie within {near} km of a training location",
    "same_location": "are one themselves",
    "same_pano": "share its panorama",
    "same_photograph": "have one of its photographs",
    "similar_photograph": "have a nearly identical photograph",
}
TIES = {
    "nearby": "near a training location",
    "same_location": "a training location itself",
    "same_pano": "same panorama",
    "same_photograph": "same photograph",
    "similar_photograph": "nearly identical photograph",
    "unseen_year": "year not in training",
}
_COVARIATES = {
    "year": "by year",
    "latitude": "by latitude, degrees",
    "green": "by share of green in the colours of the photographs",
}


def document(evaluation: Evaluation, request: Request, summary: list[str]) -> dict[str, Any]:
    """Return an evaluation as JSON: the fields of its dataclasses; NaN and infinity are null.

    `docs/reference/evaluation.md` describes it.
    """
    split = evaluation.honest_split
    return {
        "format": FORMAT,
        "version": VERSION,
        "request": dict(request),
        "summary": summary,
        "sentence": "" if split is None else sentence(evaluation.accuracy.top_1, split),
        **json_value(evaluation),
    }


def sentence(accuracy: Interval, split: HonestSplit) -> str:
    """Say how much of the top-1 accuracy is associated with locations near the training ones."""
    near = split.near
    if near is None:
        return "Nothing is known that could tie a location to the training."
    n = near.with_tie.n + near.without_tie.n
    ties = [_TIES[name].format(near=f"{split.near_km:g}") for name in split.ties]
    text = ties[0] if len(ties) == 1 else f"{', '.join(ties[:-1])} or {ties[-1]}"
    if not near.with_tie.n:
        return f"None of the {n:,} locations {text}."
    share = (
        f"{near.with_tie.n:,} of the {n:,} locations {text}; {_percent(near.with_tie.accuracy)} of"
    )
    if not near.without_tie.n:
        return f"{share} these are right. There are no others; a smaller --near-km may leave some."
    return (
        f"{share} these are right, {_percent(near.without_tie.accuracy)} of the others. Of the "
        f"top-1 accuracy of {_percent(accuracy)}, {_points(near.share_of_accuracy)} are "
        "associated with the neighbourhood: the accuracy would be that much lower if these "
        "locations were right as often as the others of their class."
    )


def lines(evaluation: Evaluation) -> list[str]:
    """Return the summary for the terminal."""
    accuracy = evaluation.accuracy
    result = [
        f"{evaluation.n:,} locations, {len(evaluation.class_names)} classes. Numbers in brackets "
        "are 95 % intervals.",
        f"Accuracy: top-1 {_percent(accuracy.top_1)}, top-5 {_percent(accuracy.top_5)}, macro AUC "
        f"{_number(accuracy.macro_auc, '.3f')}",
    ]
    if evaluation.geography:
        result += _geography(evaluation.geography, evaluation.n)
    if evaluation.recall_by_area:
        result += _area(evaluation.recall_by_area)
    if evaluation.mistakes:
        result += _mistakes(evaluation.mistakes)
    result += frequency_lines(evaluation.frequencies)
    if evaluation.honest_split:
        result += _split(accuracy.top_1, evaluation.honest_split)
    if evaluation.covariates:
        result.append("Top-1 accuracy")
    for name, found in evaluation.covariates.items():
        result += _bins(_COVARIATES[name], found)
    result += _calibration(evaluation.calibration)
    if evaluation.comparison:
        result += _comparison(evaluation.comparison)
    return result + [
        f"Not computed: {item.what}: {item.why}; {item.remedy}." for item in evaluation.missing
    ]


def _split(accuracy: Interval, found: HonestSplit) -> list[str]:
    result = [
        f"Honest split ({found.n_training:,} training locations): {sentence(accuracy, found)}"
    ]
    result += _table(
        "by what ties them to the training",
        [(TIES[name], item.with_tie) for name, item in found.contrasts.items() if item.with_tie.n],
    )
    return result + _bins("by distance to the nearest training location, km", found.by_distance)


def _geography(found: Geography, n: int) -> list[str]:
    predicted = found.predicted
    known = "" if predicted.n == n else f" ({predicted.n:,} locations where it is known)"
    return [
        f"Kilometres to the centre of the predicted class{known}: median "
        f"{_number(predicted.median, ',.0f')}, mean {_number(predicted.mean, ',.0f')}; mean "
        f"expected under the probabilities {_number(found.expected.mean, ',.0f')}",
        *(
            f"  {_percent(item.share)} within {item.kilometers:,.0f} km"
            for item in predicted.within
        ),
        f"  GeoGuessr score {_number(predicted.score, ',.0f')} of 5,000",
    ]


def _area(found: RecallByArea) -> list[str]:
    limits = [f"{item.area_km2:,.0f} km² for {item.recall:.0%}" for item in found.at_recall]
    return [
        "Area of the most probable states until the true one is among them, by share of the "
        f"locations: {', '.join(limits)}",
        *(
            f"  {item.probability:.0%} of the probability: {item.area_km2.value:,.0f} km² on "
            f"average, which hold the truth of {_percent(item.recall)}"
            for item in found.sets
        ),
    ]


def _mistakes(found: StateMistakes) -> list[str]:
    kinds = (
        (found.same_division, "in the same Census division"),
        (found.neighbors, "in a neighbouring state"),
        (found.elsewhere, "in neither"),
    )
    return [
        f"Wrong predictions: {found.n_wrong:,}",
        *(
            f"  {_percent(kind.share)} {words} (by chance {kind.chance:.1%})"
            for kind, words in kinds
            if found.n_wrong
        ),
    ]


def frequency_lines(found: Sequence[PredictionFrequency]) -> list[str]:
    """Say which classes are predicted too often and too seldom, in two lines."""
    significant = [item for item in found if item.p_adjusted <= SIGNIFICANT]
    often = [item for item in significant if item.n_predicted > item.n][:N_LISTED]
    seldom = [item for item in reversed(significant) if item.n_predicted < item.n][:N_LISTED]
    return [
        f"Predicted too {how}: "
        + (
            ", ".join(f"{item.class_name} {item.n_predicted:,} for {item.n:,}" for item in listed)
            or "none (McNemar, Benjamini and Hochberg 5 %)"
        )
        for how, listed in (("often", often), ("seldom", seldom))
    ]


def _bins(title: str, found: tuple[Bin, ...]) -> list[str]:
    """Return a title and a line with each bin's range, accuracy, number and kilometres."""
    rows = []
    for item in found:
        low, high = number(item.low, ".4g"), number(item.high, ".4g")
        values = low if item.low == item.high else f"{low} to {high}"
        rows.append((f"above {low}" if math.isinf(item.high) else values, item.subset))
    return _table(title, rows)


def _table(title: str, rows: Sequence[tuple[str, Subset]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return ([f"  {title}"] if rows else []) + [
        f"    {name:{width}}  {_percent(item.accuracy)} of {item.n:,}"
        + (f", median {item.kilometers.value:,.0f} km" if item.kilometers.value >= 0 else "")
        for name, item in rows
    ]


def _calibration(found: TemperatureScaling) -> list[str]:
    temperatures = " and ".join(f"{value:.3f}" for value in found.temperatures)
    where = {
        "validation": f"{found.n_fitted:,} validation locations",
        "halves": "each half of these locations for the other",
    }[found.fitted_on]
    return [
        f"Calibration error (ECE) {found.before.ece:.1%}, of which up to "
        f"{found.before.ece_bias:.1%} is its bias; root mean square without bias "
        f"{_percent(found.before.rms)}",
        f"  with temperature {temperatures}, fitted on {where}: ECE {found.after.ece:.1%}, root "
        f"mean square without bias {_percent(found.after.rms)}, log loss "
        f"{number(found.before.nll, '.3f')} -> {number(found.after.nll, '.3f')}",
    ]


def _comparison(found: Comparison) -> list[str]:
    overall = found.overall
    better = [item for item in found.classes if item.p_adjusted <= SIGNIFICANT]
    up = [item.class_name for item in better if item.second > item.first]
    down = [item.class_name for item in better if item.second < item.first]
    return [
        f"Second model on {overall.n:,} common locations: top-1 accuracy "
        f"{_points(overall.difference, '+.2f')} (McNemar p = {overall.p_value:.2g}; right alone: "
        f"first {overall.first_alone:,}, second {overall.second_alone:,}), macro AUC "
        f"{_number(found.macro_auc_difference, '+.4f')}",
        f"  classes whose recall differs (Benjamini and Hochberg 5 %): better {len(up)}"
        f"{_listed(up)}, worse {len(down)}{_listed(down)}",
    ]


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:N_LISTED])
    more = f" and {len(names) - N_LISTED} more" if len(names) > N_LISTED else ""
    return f" ({shown}{more})" if names else ""


def _percent(found: Interval) -> str:
    return _number(found, ".1f", 100, "%")


def _points(found: Interval, form: str = ".2f") -> str:
    return _number(found, form, 100, " points")


def _number(found: Interval, form: str, scale: float = 1, unit: str = "") -> str:
    return interval_text(found, form, scale, unit=unit, ends="[{}, {}]", unknown="unknown")
