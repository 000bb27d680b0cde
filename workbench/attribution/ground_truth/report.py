"""Results of the ground truth study as Markdown tables and as CSV."""

import math
from collections.abc import Collection, Sequence
from dataclasses import astuple

import numpy as np
import pandas as pd

from common.tables import to_csv, to_markdown
from common.text import number
from workbench.attribution.ground_truth.metrics import NAN, Comparison, compare
from workbench.attribution.ground_truth.ranking import SIGNIFICANCE, STABLE, Ranking
from workbench.attribution.ground_truth.scores import (
    GRADED,
    HEIGHT_MATCHED,
    PARTS,
    REMOVALS,
    SHARES,
    SIGNED,
    MapScores,
)
from workbench.attribution.ground_truth.study import (
    CONTROLS,
    NATS,
    POSITIONS,
    REFERENCES,
    MethodConfig,
    MethodResult,
    Scores,
)
from workbench.attribution.request import BASELINE_TITLES, METHOD_TITLES
from workbench.attribution.verdict import LABELS
from workbench.evaluation.intervals import Interval, interval_text, share_of

PART_TITLES = dict(zip(PARTS, ("|map|", "positive part"), strict=True))
IRRELEVANT = "irrelevant"
"""All elements that do not define the state, taken together."""
RIGHT = 0.05
"""p-value of `metrics.shift_p_value` up to which a map counts as right."""
_NUMBERS = ("value", "difference", "ratio")
_TEXT_COLUMNS = ("method", "baseline", "part", "chance by", "verdict", "cannot be told apart from")


def titles(config: MethodConfig) -> tuple[str, str]:
    """Return the titles of a method and its baseline, "–" for none."""
    if config == NATS:
        return "what defines the state, in nats", "–"
    method = METHOD_TITLES.get(config.method, config.method)
    if config in CONTROLS:
        method = f"control: {method}"
    return method, BASELINE_TITLES.get(config.baseline, "–")


def page(
    heading: str, results: Sequence[MethodResult], found: Ranking | None, scores: Scores
) -> str:
    """Return the tables under a heading: metrics, ranking, elements, and verdicts if there are."""
    parts = [
        heading,
        to_markdown(_matched_table(results), _TEXT_COLUMNS)
        + f"""
Height-matched: density of |map| on what defines the state over that on what means nothing, within
the rows of the image; 1 is chance, also for a map that only knows heights. Graded: rank correlation
of the elements' height-matched relevance with what they tell, in nats; 0 is chance, – where the
data set has no such table. With 95 % bootstrap intervals over the locations.
{_fitness(results)}
""",
        to_markdown(_shares_table(results), _TEXT_COLUMNS)
        + """
Shares in percent with their intervals. Chance is the area share of what defines the state; × is the
metric as a multiple of chance. A control that is far above chance here shows what position alone
gains.
""",
        *_removal_text(results),
        _ranking_text(found),
        to_markdown(_elements_table(results), _TEXT_COLUMNS)
        + """
Share of |map| on an element over the locations that show it, as a multiple of its area share, and
of what a map that is constant along rows would have there: 1 is chance.
""",
    ]
    if any(each.label for maps in scores.values() for each in maps):
        parts.append(
            to_markdown(verdict_table(scores), _TEXT_COLUMNS)
            + f"""
Right: the map agrees with the mask better than 95 % of its own shifts along the horizon
(height-matched, p ≤ {RIGHT}), with Wilson's interval. By chance, 5 % are right. The last columns:
rank correlation with what the model uses.
"""
        )
    return "\n".join(parts)


def csv(results: Sequence[MethodResult]) -> str:
    """Return every comparison as a line of CSV; shares in [0, 1], empty where unknown."""
    names = ["method", "baseline", "part", "metric", "element", "locations", "chance"]
    names += [f"{name}{end}" for name in _NUMBERS for end in ("", "_low", "_high")]
    rows: list[list[object]] = []
    for result in results:
        config = (result.config.method, result.config.baseline)
        for (part, name), comparison in result.metrics.items():
            rows.append([*config, part, name, "", *_numbers(comparison)])
        for name, comparison in {IRRELEVANT: result.irrelevant, **result.elements}.items():
            rows.append([*config, PARTS[0], "share", name, *_numbers(comparison)])
        for name, comparison in result.matched.items():
            rows.append([*config, PARTS[0], HEIGHT_MATCHED, name, *_numbers(comparison)])
    return to_csv(pd.DataFrame(rows, columns=names, dtype=object))


def verdict_table(scores: Scores) -> pd.DataFrame:
    """Return how often maps with each verdict are right, for each method and for all together."""
    columns = ["method", "baseline", "verdict", "maps", "right, %", HEIGHT_MATCHED, *REMOVALS]
    rows: list[list[object]] = []
    checked = {
        config: [each for each in maps if each.label and not math.isnan(each.p_value)]
        for config, maps in scores.items()
    }
    every = [each for maps in checked.values() for each in maps]
    groups = [(titles(config), maps) for config, maps in checked.items() if maps]
    for names, maps in [*groups, (("all", "–"), every)]:
        for label in LABELS:
            chosen = [each for each in maps if each.label == label]
            if chosen:
                right = share_of(np.array([each.p_value <= RIGHT for each in chosen]))
                pairs = np.array([each.metrics[PARTS[0], HEIGHT_MATCHED] for each in chosen])
                ratio = _interval(compare(pairs[:, 0], pairs[:, 1], seed=0).ratio, ".2f")
                used = [_removal(chosen, name) for name in REMOVALS]
                rows.append(
                    [*names, label, len(chosen), _interval(right, ".0f", 100), ratio, *used]
                )
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _removal(maps: Sequence[MapScores], name: str) -> str | None:
    """Return the mean correlation of maps with what the model uses, if that was measured."""
    values = np.array([each.metrics.get((SIGNED, name), (NAN, NAN))[0] for each in maps])
    return _interval(compare(values, np.zeros(len(values)), seed=0).value, ".2f")


def _fitness(results: Sequence[MethodResult]) -> str:
    """Say whether the controls are at chance."""
    controls = [result for result in results if result.config in CONTROLS]
    if not controls:
        return "There are no controls."
    ratios = {result.config: result.metrics[PARTS[0], HEIGHT_MATCHED].ratio for result in controls}
    above = [config for config, ratio in ratios.items() if ratio.low > 1]
    below = [config for config, ratio in ratios.items() if ratio.high < 1]
    if not above and not below:
        return "All controls are at chance: their intervals cover 1."
    lines = []
    if above:
        advice = (
            "the metric does not fit these photographs"
            if set(above) & set(POSITIONS)
            else "compare a method with that, not with 1"
        )
        lines.append(f"Controls above chance: {_list([each.method for each in above])}; {advice}.")
    if below:
        lines.append(f"Controls below chance: {_list([each.method for each in below])}.")
    return "\n".join(lines)


def _removal_text(results: Sequence[MethodResult]) -> list[str]:
    """Return the table of what the model uses, if that was measured."""
    if not all((SIGNED, name) in results[0].metrics for name in REMOVALS):
        return []
    rows: list[list[object]] = []
    for result in results:
        comparisons = [result.metrics[SIGNED, name] for name in REMOVALS]
        intervals = [_interval(each.value, ".2f") for each in comparisons]
        rows.append([*titles(result.config), *intervals, comparisons[0].locations])
    table = pd.DataFrame(rows, columns=["method", "baseline", *REMOVALS, "maps"], dtype=object)
    return [
        to_markdown(table, _TEXT_COLUMNS)
        + """
What the model uses: each element of a location is removed from all views. Rank correlation, over
the elements, of the change of the logit with the sum of the signed map on the element; the last
line says how far the model uses what defines the state. Compare a method with the controls, not
with 0.
"""
    ]


def _ranking_text(found: Ranking | None) -> str:
    if found is None:
        return "There is no ranking of fewer than two methods, or on fewer than four locations.\n"
    places = {config: place for place, config in enumerate(found.configs, start=1)}
    rows: list[list[object]] = [
        [
            place,
            *titles(config),
            ", ".join(str(places[other]) for other in found.equal[config]) or "none",
        ]
        for config, place in places.items()
    ]
    columns = ["place", "method", "baseline", "cannot be told apart from"]
    table = to_markdown(pd.DataFrame(rows, columns=columns, dtype=object), _TEXT_COLUMNS)
    holds = (
        f"The order holds: Kendall's τ between two disjoint halves of the locations is "
        f"{found.tau:.2f}, at least {STABLE:g}."
        if found.is_stable
        else f"**There is no ranking**: Kendall's τ between two disjoint halves of the locations "
        f"is {found.tau:.2f}, below {STABLE:g}, so other locations would give another order."
    )
    return f"""{table}
By the height-matched metric of |map|. Pairs are compared on the same locations, corrected for the
number of pairs (Holm, {SIGNIFICANCE:.0%}). {holds}
"""


def _numbers(comparison: Comparison) -> list[float]:
    intervals: list[Interval] = [getattr(comparison, name) for name in _NUMBERS]
    numbers = [end for interval in intervals for end in astuple(interval)]
    return [comparison.locations, comparison.chance, *numbers]


def _matched_table(results: Sequence[MethodResult]) -> pd.DataFrame:
    columns = ["method", "baseline", "part", HEIGHT_MATCHED, GRADED]
    columns += ["maps", "not converged", "seconds a map"]
    rows: list[list[object]] = []
    for result in results:
        for part in _parts(result):
            matched, graded = (result.metrics[part, name] for name in (HEIGHT_MATCHED, GRADED))
            rows.append(
                [
                    *titles(result.config),
                    PART_TITLES[part],
                    _interval(matched.ratio, ".2f"),
                    _interval(graded.value, ".2f"),
                    matched.locations,
                    result.unconverged,
                    f"{result.seconds:.2f}" if result.seconds else None,
                ]
            )
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _shares_table(results: Sequence[MethodResult]) -> pd.DataFrame:
    columns = [*_TEXT_COLUMNS[:3], "chance"]
    for name in SHARES:
        columns += [name, "×"]
    rows: list[list[object]] = []
    for result in results:
        for part in _parts(result):
            comparisons = [result.metrics[part, name] for name in SHARES]
            cells = [
                cell
                for comparison in comparisons
                for cell in (
                    _interval(comparison.value, ".1f", 100),
                    _interval(comparison.ratio, ".2f"),
                )
            ]
            chance = _percent(comparisons[0].chance)
            rows.append([*titles(result.config), PART_TITLES[part], chance, *cells])
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _elements_table(results: Sequence[MethodResult]) -> pd.DataFrame:
    names = _shown(results)
    columns = ["method", "baseline", "chance by", IRRELEVANT, *names]
    comparisons = (results[0].irrelevant, *(results[0].elements[name] for name in names))
    areas = [_percent(comparison.chance) for comparison in comparisons]
    rows: list[list[object]] = [["area share, %", None, None, *areas]]
    for result in results:
        irrelevant = _interval(result.irrelevant.ratio, ".2f")
        for title, values in (("area", result.elements), ("rows", result.matched)):
            ratios = [_number(values[name].ratio.value, ".2f") for name in names]
            first = irrelevant if title == "area" else None
            rows.append([*titles(result.config), title, first, *ratios])
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _parts(result: MethodResult) -> Sequence[str]:
    """Return the parts of its maps: controls have no sign that means anything."""
    return PARTS[:1] if result.config in REFERENCES else PARTS


def _shown(results: Sequence[MethodResult]) -> list[str]:
    """Return the elements that at least two locations show."""
    elements = results[0].elements
    return [name for name, comparison in elements.items() if comparison.locations > 1]


def _interval(found: Interval, form: str, scale: float = 1) -> str | None:
    return None if math.isnan(found.value) else interval_text(found, form, scale)


def _percent(share: float) -> str | None:
    return _number(100 * share, ".1f")


def _number(value: float, form: str) -> str | None:
    return None if math.isnan(value) else number(value, form)


def _list(words: Collection[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
