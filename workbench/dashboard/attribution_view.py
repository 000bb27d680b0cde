"""The view of an attribution: the map over its four views, and the numbers below it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import html
from numpy.typing import NDArray
from PIL import Image

from common.text import number
from workbench.attribution import aggregation
from workbench.attribution.result import Attribution
from workbench.dashboard import overlay
from workbench.dashboard.background import Failure
from workbench.dashboard.components import attributes
from workbench.dashboard.job_queue import QueuedState, RunningState, State
from workbench.dashboard.overlay import Display
from workbench.store import HEADINGS

N_BINS = 16  # Of a row profile.
THIRDS = ("upper", "middle", "lower")
CAM_STRIDE = 32  # Pixels per value of Grad-CAM.


def empty() -> list[Any]:
    """Return the empty views while there is no map."""
    return [html.Figure(html.Figcaption(heading)) for heading in HEADINGS]


def over(pictures: Sequence[Image.Image], attribution: Attribution, display: Display) -> list[Any]:
    """Return the views under a map, with view shares and row profile."""
    return layers(
        overlay.data_urls(pictures, attribution.values, display),
        [f"{share:.0%}" for share in attribution.view_shares],
        attribution.row_shares,
        f"{attribution.location_id}, {attribution.request.description} for "
        f"{attribution.request.target_label}",
    )


def layers(
    sources: Sequence[str], shares: Sequence[str], row_shares: NDArray[np.float64], alt: str
) -> list[Any]:
    """Return four pictures with the share of each view, and the row profile (H,)."""
    return [
        html.Figure(
            [
                html.Img(src=source, alt=f"{alt}, view {heading}"),
                html.Figcaption(heading),
                html.Span(share, className="share", title="share of |map|"),
            ]
        )
        for heading, source, share in zip(HEADINGS, sources, shares, strict=True)
    ] + [profile(row_shares)]


def profile(row_shares: NDArray[np.float64]) -> html.Div:
    """Draw the share of |map| per row (H,), the sky at the top."""
    bins = np.array([part.sum() for part in np.array_split(row_shares, N_BINS)])
    largest = bins.max() or 1
    bars = [html.Span(style={"width": f"{share / largest:.1%}"}) for share in bins]
    return html.Div(
        [html.Div(bars, className="profile"), html.Span("rows", className="share")],
        className="rows",
        title=f"Share of |map| by row: {thirds(row_shares)}",
    )


def thirds(row_shares: NDArray[np.float64]) -> str:
    """Return the share of each third of the rows (H,): "upper 12%, middle 60%, ..."."""
    shares = zip(THIRDS, aggregation.thirds(row_shares), strict=True)
    return ", ".join(f"{name} {share:.0%}" for name, share in shares)


def scale(full: float, target: str, ends: tuple[str, str] = ("against", "for")) -> html.Div:
    """Return the colour scale; `ends` say what blue and red mean."""
    return html.Div(
        [
            html.Span(ends[0], className="against"),
            html.Span(className="ramp signed"),
            html.Span(ends[1], className="for"),
            html.Span(f"±{number(full, '.2g')}"),
        ],
        className="scale",
        title=f"{ends[1]} and {ends[0]}: the {target}",
    )


def numbers(attribution: Attribution) -> html.Dl:
    """Return the request, errors and cost of a map."""
    request = attribution.request
    rows = (
        (
            "Request",
            f"{request.target_label} ({attribution.probability:.1%}), {request.description}",
            "request-info",
        ),
        ("Completeness", completeness(attribution), "completeness"),
        ("Convergence", convergence(attribution), "convergence"),
        ("Cost", cost(attribution), "cost"),
        ("Rows", thirds(attribution.row_shares), "rows"),
        *views_removed(attribution),
        *(("Note", note, "note") for note in notes(attribution)),
    )
    return html.Dl(
        [
            html.Div([html.Dt(name), html.Dd(text, id=place)], **attributes(data_line=place))
            for name, text, place in rows
        ]
    )


def views_removed(attribution: Attribution) -> list[tuple[str, str, str]]:
    """Return how the probability changes when a view is removed, if the checks are known."""
    if attribution.checks is None:
        return []
    effects = zip(HEADINGS, attribution.checks.view_effects.tolist(), strict=True)
    changes = ", ".join(f"{heading} {number(effect * 100, '+.1f')}" for heading, effect in effects)
    return [("Without view", f"{changes} pp", "views-removed")]


def notes(attribution: Attribution) -> list[str]:
    """Return what else is needed to read a map."""
    if attribution.request.method == "grad_cam":
        height, width = (-(-side // CAM_STRIDE) for side in attribution.values.shape[1:])
        return [f"{height} × {width} values per view, enlarged"]
    if attribution.baseline_output is not None and attribution.output < attribution.baseline_output:
        return ["the baseline has the higher output: the map as a whole is against the target"]
    return []


def completeness(attribution: Attribution) -> str:
    """Return the completeness error, absolute and relative to the difference of outputs."""
    if attribution.completeness_error is None or attribution.baseline_output is None:
        output = f"{attribution.request.output} {signed(attribution.output)}"
        return f"not defined for this method; {output}"
    difference = attribution.output - attribution.baseline_output
    error = signed(attribution.completeness_error)
    return f"error {error}, {attribution.completeness_text} {signed(difference)}"


def convergence(attribution: Attribution) -> str:
    """Return whether the map converged, and its estimated error."""
    error = (
        ""
        if attribution.error_estimate is None
        else f", map error {attribution.error_estimate:.1%}"
    )
    if attribution.converged is None:
        return "not iterative"
    return (
        f"converged{error}"
        if attribution.converged
        else f"not converged: {attribution.reason}{error}"
    )


def cost(attribution: Attribution) -> str:
    """Return the cost of a map."""
    total = attribution.cost
    return (
        f"{total.gradients:,} gradients, {total.forwards:,} forward passes, {total.seconds:.1f} s"
    )


def progress(state: State, what: str) -> list[Any]:
    """Return the progress of a job that has no result yet."""
    match state:
        case RunningState(fraction, stage):
            done = html.Progress(max="1", value=f"{fraction:.3f}") if fraction else html.Progress()
            return [_bar(stage or f"{what}: starting", done)]
        case QueuedState():
            return [_bar(f"{what}: waiting for other locations", html.Progress())]
        case Failure(message):
            return [failure(message)]
        case _:
            return [html.P(f"{what}: not computed.", className="hint")]


def failure(message: str) -> html.P:
    """Return an error message."""
    return html.P(message, className="failure", role="alert")


def signed(value: float) -> str:
    """Return a number with sign and four digits."""
    return number(value, "+#.4g")


def _bar(text: str, bar: html.Progress) -> html.Div:
    return html.Div(
        [html.Span(text), bar], className="progress", role="status", **attributes(aria_live="off")
    )
