"""How far a map may be believed, and what the model makes of its views."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from dash import dcc, html
from numpy.typing import NDArray

from workbench import figures
from workbench.explanation import BASELINE_TITLES, Attribution, Evidence
from workbench.panels import explained
from workbench.panels.worker import State
from workbench.store import HEADINGS
from workbench.verdict import ALIKE, Verdict, verdict

# How a word looks; what is not there is grey.
_LOOK = {"supported": "good", "weak": "doubtful", "not to be trusted": "bad"}
_TURNS = ("90°", "180°", "270°")
Row = tuple[str, float]


def badge(judged: Verdict) -> html.Span:
    """Return a verdict in a word, its reasons under the pointer."""
    reasons = "\n".join(f"{reason.speaks}: {reason.text}" for reason in judged.reasons)
    return html.Span(judged.word, className=f"badge {_LOOK.get(judged.word, '')}", title=reasons)


def examined(made: State, examination: State) -> list[Any]:
    """Return the verdict on a map and its evidence, as far as they have come."""
    if not isinstance(made, Attribution):
        return [explained.progress(made, "Map")[0]]
    found = examination if isinstance(examination, Attribution) else None
    judged = verdict(found or made)
    return [
        html.Div(
            [
                html.Div([html.Span("This map is ", className="label"), badge(judged)]),
                html.Ul(
                    [html.Li(one.text, className=f"speaks {one.speaks}") for one in judged.reasons],
                    className="reasons",
                ),
            ],
            className="judged",
        ),
        *(
            explained.progress(examination, "Evidence")
            if found is None or found.evidence is None
            else measured(found.evidence, found.probability)
        ),
    ]


def measured(evidence: Evidence, probability: float) -> list[Any]:
    """Return curves and figures; `probability` is that of the explained state, in [0, 1]."""
    # The smaller the area of a deletion, and the larger that of an insertion, the better the map.
    curves = dcc.Graph(
        figure=figures.replacement(evidence.fraction, evidence.deletion, evidence.insertion, area),
        config={"displayModeBar": False, "doubleClick": False},
        className="curves",
        responsive=True,
    )
    return [
        curves,
        html.Div(
            [
                _table("Other baselines", evidence.agreement, "rank correlation of |map|"),
                _table(
                    "Under small noise", _worst(evidence.stability), "rank correlation of |map|"
                ),
                _table(
                    "Random weights",
                    evidence.randomised,
                    "rank correlation of |map| with that of the model whose layers are random "
                    "from the classifier down to this one: a map of the model loses it",
                ),
                _table(
                    "Without a view",
                    zip(HEADINGS, evidence.view_effect.tolist(), strict=True),
                    f"change of the probability {probability:.1%}, in points",
                    share=True,
                ),
                _table(
                    "Place turned",
                    zip(_TURNS, evidence.turn_effect.tolist(), strict=True),
                    f"change of the probability {probability:.1%}, in points",
                    share=True,
                ),
            ],
            className="measures",
        ),
    ]


def area(curve: NDArray[np.float64], fraction: NDArray[np.float64]) -> float:
    """Return the area under a curve (P,) over fractions (P,) from 0 to 1."""
    return float(np.trapezoid(curve, fraction))


def _worst(stability: NDArray[np.float64]) -> list[Row]:
    return [(f"least of {len(stability)}", float(stability.min()))] if len(stability) else []


def _table(
    title: str, rows: Mapping[str, float] | Iterable[Row], what: str, *, share: bool = False
) -> html.Div:
    """Return a few numbers as bars from the middle; all are in [-1, 1]."""
    listed = list(rows.items() if isinstance(rows, Mapping) else rows)
    most = max((abs(value) for _, value in listed), default=0) if share else 1
    return html.Div(
        [
            html.H3(title, title=what),
            *([_row(name, value, most or 1, share) for name, value in listed] or ["not measured"]),
        ],
        className="measure",
    )


def _row(name: str, value: float, most: float, share: bool) -> html.Div:
    width = 50 * min(abs(value) / most, 1)
    side = {"left": "50%"} if value >= 0 else {"right": "50%"}
    text = f"{value * 100:+.1f}" if share else f"{value:.2f}"
    return html.Div(
        [
            html.Span(name, className="name"),
            html.Span(
                html.Span(
                    style={"width": f"{width:.1f}%", **side},
                    className="towards" if value >= 0 else "against",
                ),
                className="bar middle",
            ),
            html.Span(text.replace("-", "−"), className="number"),
        ]
    )
