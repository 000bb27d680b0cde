"""How far a map may be believed, and what the model makes of its views."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from dash import dcc, html
from numpy.typing import NDArray

from workbench.attribution.request import BASELINE_TITLES
from workbench.attribution.result import Attribution, Checks
from workbench.attribution.verdict import INPUT_INDEPENDENT, SIMILAR, Verdict, gain, verdict
from workbench.dashboard import attribution_view
from workbench.dashboard.job_queue import State
from workbench.figures import screen
from workbench.store import HEADINGS

# How a word looks; what is not there is grey.
_LOOK = {"supported": "good", "weak": "doubtful", "not to be trusted": "bad"}
_TURNS = ("90°", "180°", "270°")
_LEAST_FULL = 0.01  # Effects below a point of probability never fill their bars.
Row = tuple[str, float]


def badge(judged: Verdict) -> html.Span:
    """Return a verdict in a word, its reasons under the pointer."""
    reasons = "\n".join(f"{reason.side}: {reason.text}" for reason in judged.reasons)
    return html.Span(judged.label, className=f"badge {_LOOK.get(judged.label, '')}", title=reasons)


def examined(made: State, examination: State) -> list[Any]:
    """Return the verdict on a map and its evidence, as far as they have come."""
    if not isinstance(made, Attribution):
        return [attribution_view.progress(made, "Map")[0]]
    found = examination if isinstance(examination, Attribution) else None
    judged = verdict(found or made)
    return [
        html.Div(
            [
                html.Div([html.Span("This map is ", className="label"), badge(judged)]),
                html.Ul(
                    [html.Li(one.text, className=f"speaks {one.side}") for one in judged.reasons],
                    className="reasons",
                ),
            ],
            className="judged",
        ),
        *(
            attribution_view.progress(examination, "Checks")
            if found is None or found.checks is None
            else measured(found.checks, found.probability)
        ),
    ]


def measured(evidence: Checks, probability: float) -> list[Any]:
    """Return curves and figures; `probability` is that of the explained state, in [0, 1]."""
    # The stage that the verdict judges is the last, where everything is random.
    survived = [
        name for name, alike in list(evidence.model_randomization.items())[-1:] if _alike(alike)
    ]
    # The smaller the area of a deletion, and the larger that of an insertion, the better the map.
    curves = dcc.Graph(
        figure=screen.replacement(evidence.fractions, evidence.deletion, evidence.insertion, area),
        config={"displayModeBar": False, "doubleClick": False},
        className="curves",
        responsive=True,
    )
    gains = ", ".join(f"{order} {_number(gain(evidence, order), 3)}" for order in evidence.deletion)
    return [
        curves,
        html.P(
            f"Insertion less deletion: {gains}",
            className="gains",
            title="Areas under the curves: the verdict compares the map's gain with the others'",
        ),
        html.Div(
            [
                _table(
                    "Other baselines",
                    _titled(evidence.baseline_agreement),
                    "rank correlation of the maps by places",
                ),
                _table(
                    "Under small noise",
                    _worst(evidence.noise_stability),
                    "rank correlation of the maps by places",
                ),
                _table(
                    "Random weights",
                    evidence.model_randomization.items(),
                    "rank correlation of the map by places with that of the model whose layers are "
                    "random from the classifier down to this one; the verdict judges the last, and "
                    "a map that survives it is flagged",
                    flagged=survived,
                ),
                _table(
                    "Pictures of noise",
                    [("their mean", evidence.input_randomization)],
                    "rank correlation of |map| by places with the mean |map| of pictures of noise: "
                    "places that the network sees whatever is shown",
                    flagged=["their mean"]
                    if evidence.input_randomization >= INPUT_INDEPENDENT
                    else [],
                ),
                _table(
                    "Without a view",
                    zip(HEADINGS, evidence.view_effects.tolist(), strict=True),
                    f"change of the probability {probability:.1%}, in points",
                    share=True,
                ),
                _table(
                    "Place turned",
                    zip(_TURNS, evidence.rotation_effects.tolist(), strict=True),
                    f"change of the probability {probability:.1%}, in points",
                    share=True,
                    note=""
                    if np.round(evidence.rotation_effects, 3).any()
                    else "The model does not know the order of its views.",
                ),
            ],
            className="measures",
        ),
    ]


def area(curve: NDArray[np.float64], fraction: NDArray[np.float64]) -> float:
    """Return the area under a curve (P,) over fractions (P,) from 0 to 1."""
    return float(np.trapezoid(curve, fraction))


def _alike(correlation: float) -> bool:
    return abs(correlation) >= SIMILAR


def _titled(agreement: Mapping[str, float]) -> list[Row]:
    return [(BASELINE_TITLES.get(name, name), value) for name, value in agreement.items()]


def _worst(stability: NDArray[np.float64]) -> list[Row]:
    return [(f"least of {len(stability)}", float(stability.min()))] if len(stability) else []


def _table(
    title: str,
    rows: Iterable[Row],
    what: str,
    *,
    share: bool = False,
    flagged: Collection[str] = (),
    note: str = "",
) -> html.Div:
    """Return a few numbers in [-1, 1] as bars from the middle, the `flagged` ones marked.

    Shares are in points, and their bars as long as the largest allows, if that is no noise.
    """
    listed = list(rows)
    most = max([_LEAST_FULL, *(abs(value) for _, value in listed)]) if share else 1
    return html.Div(
        [
            html.H3(title, title=what),
            *[
                _row(
                    name,
                    value / most,
                    _number(value * 100, 1, "+") if share else _number(value, 2),
                    flagged=name in flagged,
                )
                for name, value in listed
            ],
            *([] if listed else ["not measured"]),
            *([html.P(note)] if note else []),
        ],
        className="measure",
    )


def _number(value: float, digits: int, sign: str = "") -> str:
    """Return a number for a person; what rounds to zero has no sign."""
    rounded = round(value, digits)
    return f"{rounded:{sign}.{digits}f}".replace("-", "−") if rounded else f"{0:.{digits}f}"


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
            html.Span(text, className="number"),
        ],
        className="flagged" if flagged else "",
    )
