"""The checks tab: the verdict on a map, and the checks behind it."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from dash import dcc, html

from common.text import number
from workbench.attribution.methods_text import methods_paragraph
from workbench.attribution.request import BASELINE_TITLES
from workbench.attribution.result import Attribution, Checks
from workbench.attribution.verdict import COLUMNS, INPUT_INDEPENDENT, SIMILAR, Verdict, verdict
from workbench.dashboard import attribution_view
from workbench.dashboard.components import attributes, button
from workbench.dashboard.job_queue import State
from workbench.figures import screen
from workbench.store import HEADINGS

_BADGE_CLASSES = {"supported": "good", "weak": "weak", "not to be trusted": "bad"}
_MARKS = {"yes": "✓", "no": "✗", "–": "–"}
_ROTATIONS = ("90°", "180°", "270°")
_MIN_FULL = 0.01  # Smaller effects, in probability, never fill their bars.


def badge(result: Verdict) -> html.Span:
    """Return a verdict in a word, with its reasons in the tooltip."""
    reasons = "\n".join(
        f"{'for' if reason.passed else 'against'}: {reason.text}" for reason in result.reasons
    )
    return html.Span(
        result.label, className=f"badge {_BADGE_CLASSES.get(result.label, '')}", title=reasons
    )


def view(map_state: State, checks_state: State) -> list[Any]:
    """Return the verdict on a map and its checks, or how far they are."""
    if not isinstance(map_state, Attribution):
        return [attribution_view.progress(map_state, "Map")[0]]
    checked = checks_state if isinstance(checks_state, Attribution) else None
    result = verdict(checked or map_state)
    return [
        html.Div(
            [
                html.Div(
                    [
                        html.Span("This map is ", className="label"),
                        badge(result),
                        button(
                            "Copy methods",
                            "copy-methods",
                            "Copy a paragraph for a paper: method, baseline, convergence, checks, "
                            "versions",
                            **attributes(data_copy=methods_paragraph(checked or map_state)),
                        ),
                    ],
                    className="verdict-head",
                ),
                table(result),
            ],
            className="verdict-reasons",
        ),
        *(
            attribution_view.progress(checks_state, "Checks")
            if checked is None or checked.checks is None
            else details(checked.checks, checked.probability)
        ),
    ]


def table(result: Verdict) -> html.Table:
    """Return the tests behind a verdict, in two lines each: the numbers, and what they mean."""
    test, value, threshold, _, _, source = (name.capitalize() for name in COLUMNS)
    heads = [html.Th(html.Span("Passed", className="visually-hidden"))]
    heads += [html.Th(name) for name in (test, value, threshold, source)]
    return html.Table(
        [html.Thead(html.Tr(heads)), *(html.Tbody(_criterion(row)) for row in result.rows())],
        className="verdict-table reasons",
    )


def _criterion(row: tuple[str, ...]) -> list[html.Tr]:
    name, value, threshold, mark, meaning, source = row
    numbers = [html.Td(value), html.Td(threshold), html.Td(source, className="source")]
    return [
        html.Tr(
            [
                html.Td(_MARKS[mark], title=f"passed: {mark}", className=f"mark {mark}"),
                html.Th(name, **attributes(scope="row")),
                *numbers,
            ],
            className=f"reason {mark}",
        ),
        html.Tr(
            [html.Td(), html.Td(meaning, colSpan=len(numbers) + 1)],
            className=f"reason meaning {mark}",
        ),
    ]


def details(checks: Checks, probability: float) -> list[Any]:
    """Return curves and numbers; `probability` is that of the target class, in [0, 1]."""
    curves = dcc.Graph(
        figure=screen.deletion_insertion(checks),
        config={"displayModeBar": False, "doubleClick": False},
        className="curves both" if len(checks.curves) > 1 else "curves",
        responsive=True,
    )
    correlation = "rank correlation of the maps over patches"
    change = f"change of the probability {probability:.1%}, in percentage points"
    baselines = [
        (BASELINE_TITLES.get(name, name), value)
        for name, value in checks.baseline_agreement.items()
    ]
    stability = checks.noise_stability.tolist()
    noise = [(f"lowest of {len(stability)}", min(stability))] if stability else []
    weights = list(checks.model_randomization.items())
    input_independent = checks.input_randomization >= INPUT_INDEPENDENT
    ignored = not np.round(checks.rotation_effects, 3).any()
    return [
        curves,
        html.Div(
            [
                _table("Other baselines", baselines, correlation),
                _table("Small noise", noise, correlation),
                _table(
                    "Random weights",
                    weights,
                    "rank correlation over patches with the map of the model whose layers are "
                    "random from the classifier down to this one; the last one is flagged if the "
                    "map stays similar",
                    # The verdict judges the last stage, where all weights are random.
                    flagged=[name for name, value in weights[-1:] if abs(value) >= SIMILAR],
                ),
                _table(
                    "Noise images",
                    [("mean map", checks.input_randomization)],
                    "rank correlation of |map| over patches with the mean |map| of noise images: "
                    "patches that the model attends to for any input",
                    flagged=["mean map"] if input_independent else [],
                ),
                _table(
                    "Without view, pp",
                    list(zip(HEADINGS, checks.view_effects.tolist(), strict=True)),
                    change,
                    share=True,
                ),
                _table(
                    "Views rotated, pp",
                    list(zip(_ROTATIONS, checks.rotation_effects.tolist(), strict=True)),
                    change,
                    share=True,
                    note="The model ignores the order of the views." if ignored else "",
                ),
            ],
            className="measures",
        ),
    ]


def _table(
    title: str,
    rows: Sequence[tuple[str, float]],
    what: str,
    *,
    share: bool = False,
    flagged: Collection[str] = (),
    note: str = "",
) -> html.Div:
    """Return numbers in [-1, 1] as bars from the middle; the `flagged` ones are marked.

    With `share`, numbers are in percentage points and bars are relative to the largest.
    """
    most = max([_MIN_FULL, *(abs(value) for _, value in rows)]) if share else 1
    return html.Div(
        [
            html.H3(title, title=what),
            *[
                _row(
                    name,
                    value / most,
                    number(value * 100, "+.1f") if share else number(value, ".2f"),
                    flagged=name in flagged,
                )
                for name, value in rows
            ],
            *([] if rows else ["not measured"]),
            *([html.P(note)] if note else []),
        ],
        className="measure",
    )


def _row(name: str, length: float, text: str, *, flagged: bool) -> html.Div:
    """Return a number with a bar of a length in [-1, 1]."""
    side, sign = ("left", "for") if length >= 0 else ("right", "against")
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
