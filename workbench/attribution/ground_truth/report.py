"""Results of the ground truth study as Markdown tables and as CSV."""

import math
from collections.abc import Sequence
from dataclasses import astuple

import pandas as pd

from common.tables import to_csv, to_markdown
from workbench.attribution.ground_truth.metrics import Comparison
from workbench.attribution.ground_truth.study import METRICS, PARTS, MethodConfig, MethodResult
from workbench.attribution.request import BASELINE_TITLES, METHOD_TITLES
from workbench.evaluation.intervals import Interval

PART_TITLES = dict(zip(PARTS, ("|map|", "positive part"), strict=True))
IRRELEVANT = "irrelevant"
"""All elements that do not define the state, taken together."""
_NUMBERS = ("value", "difference", "ratio")
_TEXT_COLUMNS = ("method", "baseline", "of")


def titles(config: MethodConfig) -> tuple[str, str]:
    """Return the titles of a method and its baseline, "–" for none."""
    method = METHOD_TITLES.get(config.method, config.method)
    return method, BASELINE_TITLES.get(config.baseline, "–")


def page(heading: str, results: Sequence[MethodResult]) -> str:
    """Return two Markdown tables under a heading: the metrics, and each element."""
    return f"""{heading}

{to_markdown(_metrics_table(results), _TEXT_COLUMNS)}
Shares in percent with their 95 % bootstrap intervals over the locations. Chance is the area share
of what defines the state; × is the metric as a multiple of chance. The last two methods are
controls: the lower half of the views, which only knows where the ground is, and the mean
|input × gradient| of noise images, which only knows where the model looks.

{to_markdown(_elements_table(results), _TEXT_COLUMNS)}
Share of |map| on an element as a multiple of its area share, over the locations that show it: 1 is
chance.
"""


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
    return to_csv(pd.DataFrame(rows, columns=names, dtype=object))


def _numbers(comparison: Comparison) -> list[float]:
    intervals: list[Interval] = [getattr(comparison, name) for name in _NUMBERS]
    numbers = [number for interval in intervals for number in astuple(interval)]
    return [comparison.locations, comparison.chance, *numbers]


def _metrics_table(results: Sequence[MethodResult]) -> pd.DataFrame:
    columns = [*_TEXT_COLUMNS, "chance"]
    for name in METRICS:
        columns += [name, "×"]
    columns += ["maps", "not converged", "seconds a map"]
    rows: list[list[object]] = []
    for result in results:
        for part in PARTS:
            comparisons = [result.metrics[part, name] for name in METRICS]
            cells = [
                cell
                for comparison in comparisons
                for cell in (
                    _interval(comparison.value, "{:.1f}", 100),
                    _interval(comparison.ratio, "{:.2f}"),
                )
            ]
            rows.append(
                [
                    *titles(result.config),
                    PART_TITLES[part],
                    _percent(comparisons[0].chance),
                    *cells,
                    comparisons[0].locations,
                    result.unconverged,
                    f"{result.seconds:.2f}",
                ]
            )
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _elements_table(results: Sequence[MethodResult]) -> pd.DataFrame:
    names = list(results[0].elements)
    columns = ["method", "baseline", IRRELEVANT, *names]
    comparisons = (results[0].irrelevant, *results[0].elements.values())
    areas = [_percent(comparison.chance) for comparison in comparisons]
    rows: list[list[object]] = [["area share, %", None, *areas]]
    for result in results:
        ratios = [_number(result.elements[name].ratio.value, "{:.2f}") for name in names]
        irrelevant = _interval(result.irrelevant.ratio, "{:.2f}")
        rows.append([*titles(result.config), irrelevant, *ratios])
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _interval(interval: Interval, form: str, scale: float = 1) -> str | None:
    value, low, high = (_number(number * scale, form) for number in astuple(interval))
    return value and f"{value} ({low}–{high})"


def _percent(share: float) -> str | None:
    return _number(100 * share, "{:.1f}")


def _number(number: float, form: str) -> str | None:
    return None if math.isnan(number) else form.format(number)
