"""How far explanations agree with the truth, as tables: for a person and for a program."""

import math
from collections.abc import Sequence

import pandas as pd

from common.tables import to_markdown
from workbench.attribution.ground_truth.metrics import Comparison, Interval
from workbench.attribution.ground_truth.study import MEASURES, PARTS, Agreement, Way
from workbench.attribution.request import BASELINE_TITLES, METHOD_TITLES

PART_TITLES = dict(zip(PARTS, ("|map|", "positive part"), strict=True))
NOTHING = "means nothing"
"""All elements that mean nothing, taken together."""
_NUMBERS = ("value", "difference", "ratio")
_TEXT_COLUMNS = ("method", "baseline", "of")


def titles(way: Way) -> tuple[str, str]:
    """Return what people call a method and its baseline, "–" for none."""
    return METHOD_TITLES.get(way.method, way.method), BASELINE_TITLES.get(way.baseline, "–")


def page(heading: str, agreement: Sequence[Agreement]) -> str:
    """Return two tables in Markdown under a heading: the measures, and each element by itself."""
    return f"""{heading}

{to_markdown(_measures(agreement), _TEXT_COLUMNS)}
Shares in percent and, in brackets, their bootstrap intervals of 95 % over the locations. Chance is
the area share of what tells the state, and × the measure as a multiple of it. The last two lines
are controls: the lower half of the views, which only knows where the ground is, and the mean
|input × gradient| of pictures of noise, which only knows where the model looks.

{to_markdown(_elements(agreement), _TEXT_COLUMNS)}
Share of |map| on an element as a multiple of its share of the area, over the locations that show
it: 1 is chance.
"""


def csv(agreement: Sequence[Agreement]) -> str:
    """Return every comparison as CSV, a line each; shares in [0, 1], nothing where unknown."""
    names = ["method", "baseline", "part", "measure", "element", "locations", "chance"]
    names += [f"{name}{end}" for name in _NUMBERS for end in ("", "_low", "_high")]
    rows: list[list[object]] = []
    for one in agreement:
        way = (one.way.method, one.way.baseline)
        for (part, name), comparison in one.measure.items():
            rows.append([*way, part, name, "", *_numbers(comparison)])
        for name, comparison in {NOTHING: one.nothing, **one.element}.items():
            rows.append([*way, PARTS[0], "share", name, *_numbers(comparison)])
    return pd.DataFrame(rows, columns=names, dtype=object).to_csv(index=False, lineterminator="\n")


def _numbers(comparison: Comparison) -> list[float]:
    intervals: list[Interval] = [getattr(comparison, name) for name in _NUMBERS]
    numbers = [number for one in intervals for number in (one.value, one.low, one.high)]
    return [comparison.locations, comparison.chance, *numbers]


def _measures(agreement: Sequence[Agreement]) -> pd.DataFrame:
    columns = [*_TEXT_COLUMNS, "chance"]
    for name in MEASURES:
        columns += [name, "×"]
    columns += ["maps", "not converged", "seconds a map"]
    rows: list[list[object]] = []
    for one in agreement:
        for part in PARTS:
            found = [one.measure[part, name] for name in MEASURES]
            cells = [
                cell
                for its in found
                for cell in (_shown(its.value, "{:.1f}", 100), _shown(its.ratio, "{:.2f}"))
            ]
            rows.append(
                [
                    *titles(one.way),
                    PART_TITLES[part],
                    _percent(found[0].chance),
                    *cells,
                    found[0].locations,
                    one.unconverged,
                    f"{one.seconds:.2f}",
                ]
            )
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _elements(agreement: Sequence[Agreement]) -> pd.DataFrame:
    names = list(agreement[0].element)
    columns = ["method", "baseline", NOTHING, *names]
    first = agreement[0]
    area = [_percent(one.chance) for one in (first.nothing, *first.element.values())]
    rows: list[list[object]] = [["share of the area, %", None, *area]]
    for one in agreement:
        ratio = [_number(one.element[name].ratio.value, "{:.2f}") for name in names]
        rows.append([*titles(one.way), _shown(one.nothing.ratio, "{:.2f}"), *ratio])
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _shown(interval: Interval, form: str, scale: float = 1) -> str | None:
    value, low, high = (
        _number(number * scale, form) for number in (interval.value, interval.low, interval.high)
    )
    return value and f"{value} ({low}–{high})"


def _percent(share: float) -> str | None:
    return _number(100 * share, "{:.1f}")


def _number(number: float, form: str) -> str | None:
    return None if math.isnan(number) else form.format(number)
