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
                _table(
                    "Other baselines",
                    _titled(evidence.agreement),
                    "rank correlation of the maps by places",
                ),
                _table(
                    "Under small noise",
                    _worst(evidence.stability),
                    "rank correlation of the maps by places",
                ),
                _table(
                    "Random weights",
                    evidence.randomised.items(),
                    "rank correlation of the map by places with that of the model whose layers are "
                    "random from the classifier down to this one: a map that survives is flagged",
                    flagged=ALIKE,
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


def _titled(agreement: Mapping[str, float]) -> list[Row]:
    return [(BASELINE_TITLES.get(name, name), value) for name, value in agreement.items()]


def _worst(stability: NDArray[np.float64]) -> list[Row]:
    return [(f"least of {len(stability)}", float(stability.min()))] if len(stability) else []


def _table(
    title: str, rows: Iterable[Row], what: str, *, share: bool = False, flagged: float = np.inf
) -> html.Div:
    """Return a few numbers in [-1, 1] as bars from the middle, those from `flagged` on marked.

    Shares are in points, and their bars as long as the largest allows.
    """
    listed = list(rows)
    most = max((abs(value) for _, value in listed), default=0) if share else 1
    return html.Div(
        [
            html.H3(title, title=what),
            *[
                _row(
                    name,
                    value / (most or 1),
                    f"{value * 100:+.1f}" if share else f"{value:.2f}",
                    flagged=abs(value) >= flagged,
                )
                for name, value in listed
            ],
            *([] if listed else ["not measured"]),
        ],
        className="measure",
    )


def _row(name: str, length: float, text: str, *, flagged: bool) -> html.Div:
    """Return a number with a bar of a length in [-1, 1]."""
    side, sign = ("left", "towards") if length >= 0 else ("right", "against")
    width = f"{50 * min(abs(length), 1):.1f}%"
    return html.Div(
        [
            html.Span(f"⚑ {name}" if flagged else name, className="name", title=name),
            html.Span(
                html.Span(style={"width": width, side: "50%"}, className=sign),
                className="bar middle",
            ),
            html.Span(text.replace("-", "−"), className="number"),
        ],
        className="flagged" if flagged else "",
    )
