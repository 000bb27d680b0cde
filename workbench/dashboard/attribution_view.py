"""A map over its four views, and the numbers under it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import html
from numpy.typing import NDArray
from PIL import Image

from workbench.attribution.result import Attribution
from workbench.dashboard import overlay
from workbench.dashboard.html_attributes import attributes
from workbench.dashboard.job_queue import Failed, Running, State, Waiting
from workbench.dashboard.overlay import Display
from workbench.store import HEADINGS

BINS = 16  # Rows of a profile.
THIRDS = ("upper", "middle", "lower")
CAM_STRIDE = 32  # Pixels of a view for one value of Grad-CAM.


def empty() -> list[Any]:
    """Return the place of the views under their map while there is none."""
    return [html.Figure(html.Figcaption(heading)) for heading in HEADINGS]


def over(pictures: Sequence[Image.Image], made: Attribution, display: Display) -> list[Any]:
    """Return the views under a map with the share of each heading, and the profile of its rows."""
    return layers(
        overlay.addresses(pictures, made.values, display),
        [f"{share:.0%}" for share in made.view_shares],
        made.row_shares,
        f"{made.request.description} for {made.request.target_label}",
    )


def layers(
    sources: Sequence[str], shares: Sequence[str], row_share: NDArray[np.float64], words: str
) -> list[Any]:
    """Return four pictures with the share of each view, and the shares of their rows (H,)."""
    return [
        html.Figure(
            [
                html.Img(src=source, alt=f"{words}, view to the {heading}"),
                html.Figcaption(heading),
                html.Span(share, className="share", title="share of |map|"),
            ]
        )
        for heading, source, share in zip(HEADINGS, sources, shares, strict=True)
    ] + [profile(row_share)]


def profile(row_share: NDArray[np.float64]) -> html.Div:
    """Draw how much of |map| lies in which rows (H,), the sky at the top."""
    bins = np.array([part.sum() for part in np.array_split(row_share, BINS)])
    most = bins.max() or 1
    bars = [html.Span(style={"width": f"{share / most:.1%}"}) for share in bins]
    return html.Div(
        [html.Div(bars, className="profile"), html.Span("rows", className="share")],
        className="rows",
        title=f"Share of |map| by row: {thirds(row_share)}",
    )


def thirds(row_share: NDArray[np.float64]) -> str:
    """Return the shares of the thirds of the rows (H,), as "upper 12 %, middle 60 %, ..."."""
    parts = np.array_split(row_share, len(THIRDS))
    return ", ".join(f"{name} {part.sum():.0%}" for name, part in zip(THIRDS, parts, strict=True))


def scale(full: float, target: str) -> html.Div:
    """Return the key of the colours: full for and against a target."""
    return html.Div(
        [
            html.Span("against", className="against"),
            html.Span(className="ramp signed"),
            html.Span("towards", className="towards"),
            html.Span(f"±{full:.2g}"),
        ],
        className="scale",
        title=f"towards and against the {target}",
    )


def numbers(made: Attribution) -> html.Dl:
    """Return what was asked and how the map came about."""
    asked = made.request
    rows = (
        (
            "Explained",
            f"{asked.target_label} ({made.probability:.1%}), {asked.description}",
            "explained-what",
        ),
        ("Completeness", completeness(made), "completeness"),
        ("Convergence", convergence(made), "convergence"),
        ("Took", cost(made), "cost"),
        ("Rows", thirds(made.row_shares), "rows"),
        *(("Note", note, "note") for note in notes(made)),
    )
    return html.Dl(
        [html.Div([html.Dt(name), html.Dd(text, id=place)]) for name, text, place in rows]
    )


def notes(made: Attribution) -> list[str]:
    """Return what else must be known to read a map: at most one sentence."""
    if made.request.method == "grad_cam":
        height, width = (-(-side // CAM_STRIDE) for side in made.values.shape[1:])
        return [f"{height} × {width} values a view, enlarged"]
    if made.baseline_output is not None and made.output < made.baseline_output:
        return ["the baseline has more: the map speaks against"]
    return []


def completeness(made: Attribution) -> str:
    """Return the completeness error, its share and the difference of outputs, in words."""
    if made.completeness_error is None or made.baseline_output is None:
        return f"this method promises no sum; {made.request.output} {signed(made.output)}"
    difference = made.output - made.baseline_output
    return f"error {signed(made.completeness_error)}, {made.completeness_text} {signed(difference)}"


def convergence(made: Attribution) -> str:
    """Say whether the map converged, and what its own error is estimated to be."""
    error = "" if made.error_estimate is None else f", map error {made.error_estimate:.1%}"
    if made.converged is None:
        return "nothing to converge"
    return f"converged{error}" if made.converged else f"not converged: {made.reason}{error}"


def cost(made: Attribution) -> str:
    """Return what a map took."""
    took = made.cost
    return f"{took.gradients:,} gradients, {took.forwards:,} forward passes, {took.seconds:.1f} s"


def progress(state: State, what: str) -> list[Any]:
    """Return how far something is that is not there yet."""
    match state:
        case Running(fraction, stage):
            done = html.Progress(max="1", value=f"{fraction:.3f}") if fraction else html.Progress()
            return [_bar(stage or f"{what}: starting", done)]
        case Waiting():
            return [_bar(f"{what}: waiting for other explanations", html.Progress())]
        case Failed(message):
            return [failure(message)]
        case _:
            return [html.P(f"{what}: not computed.", className="hint")]


def failure(sentence: str) -> html.P:
    """Return what went wrong."""
    return html.P(sentence, className="failure", role="alert")


def signed(value: float) -> str:
    """Return a number with its sign and four digits."""
    return f"{value:+#.4g}".replace("-", "−")


def _bar(words: str, bar: html.Progress) -> html.Div:
    return html.Div(
        [html.Span(words), bar], className="progress", role="status", **attributes(aria_live="off")
    )
