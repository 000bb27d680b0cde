"""People against the model on the same locations: a figure and a table."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from workbench.evaluation.people import PeopleResult
from workbench.figures.print.base import PrintFigure, PrintTable, interval
from workbench.figures.print.style import BLUE, ORANGE, Page

SMALL = 30
"""Fewer answers are called a small sample."""
PUBLISHED = (
    "Published, on other photographs: five people of DeepGeo (Suresh et al. 2018, Table 3) had 0, "
    "0, 30, 10 and 10% of ten locations right, those of ResNetBolt (section 6.1) about 15% in five "
    "guesses."
)
_LOOKS = (("People", ORANGE, "s", "white"), ("Model", BLUE, "o", BLUE))


def people_figure(name: str, model: str, result: PeopleResult) -> PrintFigure:
    """Return the shares of right answers of people and a model with their intervals."""
    caption = f"People and {model} on the same locations: {_words(result)}"
    return PrintFigure(
        name, caption, _numbers(result), lambda page: draw_people(result, page), "single"
    )


def draw_people(result: PeopleResult, page: Page) -> Figure:
    """Draw a point with its interval for people (squares) and the model (discs), by guesses."""
    with page.style():
        figure, axes = page.axes(page.width * 0.5)
        for i, (title, color, marker, face) in enumerate(_LOOKS):
            found = [
                shares.people if i == 0 else shares.model for shares in (result.top_1, result.top_5)
            ]
            values = np.array([100 * one.value for one in found])
            ends = 100 * np.array([(one.low, one.high) for one in found]).T
            axes.errorbar(
                values,
                np.arange(2) + 0.3 * (i - 0.5),
                xerr=np.abs(ends - values),
                linestyle="none",
                color=color,
                marker=marker,
                markerfacecolor=face,
                markersize=4 * page.scale,
                elinewidth=0.8 * page.scale,
                label=title,
            )
        axes.set_yticks((0, 1), ("First guess", "Any guess"))
        axes.set(xlim=(0, 101), ylim=(1.6, -0.6), xlabel="Right answers, %")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def people_table(name: str, model: str, result: PeopleResult) -> PrintTable:
    """Return the same numbers as a table, with McNemar's test."""
    rows = []
    for title, shares in (("First guess", result.top_1), ("Any guess", result.top_5)):
        texts = [interval(one) for one in (shares.people, shares.model)]
        p = "< 0.001" if shares.p_value < 0.001 else f"{shares.p_value:.3f}"
        rows.append([title, *texts, f"{shares.only_people:,} / {shares.only_model:,}", p])
    columns = ["Right", "People, %", "Model, %", "Only people / only model", "p"]
    caption = (
        f"People against {model}: {_words(result)} p is that of McNemar's exact test. {PUBLISHED}"
    )
    cells = pd.DataFrame(rows, columns=columns)
    return PrintTable(name, caption, _numbers(result), cells, tuple(columns[1:]))


def _words(result: PeopleResult) -> str:
    n = result.top_1.n
    small = "a small sample of " if n < SMALL else ""
    return (
        f"{small}{n:,} answers of {result.n_players:,} players about {result.n_locations:,} "
        "locations, with 95% Wilson intervals. The model has as many guesses as the person."
    )


def _numbers(result: PeopleResult) -> pd.DataFrame:
    return pd.DataFrame(
        [
            [guess, who, shares.n, one.value, one.low, one.high, shares.p_value]
            for guess, shares in (("first", result.top_1), ("any", result.top_5))
            for who, one in (("people", shares.people), ("model", shares.model))
        ],
        columns=["guess", "who", "answers", "share", "low", "high", "p_value"],
    )
