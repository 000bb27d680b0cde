"""What is asked about a location and how the answer is shown: controls, read with suspicion."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from common.errors import InputError
from workbench.attribution.request import (
    BASELINE_METHODS,
    BASELINE_TITLES,
    METHOD_TITLES,
    OUTPUTS,
    PREDICTED,
    TRUE,
    AttributionRequest,
)
from workbench.dashboard.html_attributes import attributes
from workbench.dashboard.overlay import Display
from workbench.evaluation.predictions import Predictions

# Closed, a control shows only the beginning of a title.
SHORT = {"smoothgrad": "smoothed integrated"}
PERCENTILES = (95, 99, 99.9, 100)
# Where a callback finds what `asked` and `shown` read.
QUESTION = (
    ("method", "value"),
    ("baseline", "value"),
    ("pinned", "data"),
    ("output", "value"),
    ("state", "value"),
    ("rather", "value"),
)
DISPLAY = (("full", "value"), ("clip", "value"), ("strength", "value"))


def asked(values: Sequence[Any], predictions: Predictions) -> AttributionRequest:
    """Return the question that the controls stand at; raises InputError for no question."""
    method, baseline, pinned, output, state, rather = values
    if method not in BASELINE_METHODS:
        baseline = AttributionRequest().baseline  # The control is off, wherever it stands.
    other = (pinned or "") if baseline == "location" else ""
    said = (method, baseline, other, output, state, rather)
    if not all(isinstance(value, str) for value in said):
        raise InputError("This is no question; choose method, baseline, output and states.")
    if baseline == "location" and other not in predictions.rows:
        raise InputError("Open the location that is the baseline and pin it first.")
    question = AttributionRequest(method, baseline, other, output, state, rather)
    question.validate(predictions.class_names)
    return question


def shown(values: Sequence[Any]) -> Display:
    """Return how maps are to be shown; nonsense shows them as usual."""
    full, clip, strength = values
    usual = Display()
    return Display(
        full=_number(full, 1e-30, 1e30),
        percentile=_number(clip, 50, 100) or usual.percentile,
        strength=_number(strength, 0.1, 1) or usual.strength,
    )


def controls(class_name: tuple[str, ...]) -> html.Div:
    """Return the row of controls that say what is asked, standing at `AttributionRequest()`."""
    usual = AttributionRequest()
    states = {PREDICTED: "predicted", TRUE: "true", **{name: name for name in class_name}}
    pin = html.Button(
        "Pin",
        id="pin",
        type="button",
        className="quiet",
        title="Make the opened location a baseline for others: why this and not that one",
    )
    return html.Div(
        [
            dcc.Store(id="pinned"),
            _choice("Method", "method", METHOD_TITLES | SHORT, usual.method),
            _choice("Baseline", "baseline", baselines(""), usual.baseline),
            pin,
            _choice("Output", "output", {name: name for name in OUTPUTS}, usual.output),
            _choice("State", "state", states, usual.target, searchable=True),
            _choice("Rather than", "rather", {"": "–", **states}, "", searchable=True),
        ],
        className="question",
        role="group",
        **attributes(aria_label="What is asked"),
    )


def baselines(pinned: str) -> dict[str, str]:
    """Return the baselines by name, another location only where one is pinned."""
    known = {name: title for name, title in BASELINE_TITLES.items() if name != "location"}
    return known | ({"location": f"as {pinned}"} if pinned else {})


def baseline_label(method: Any) -> str:
    """Return the words over the choice of a baseline, which say where there is none."""
    if method in BASELINE_METHODS:
        return "Baseline"
    return "Many baselines" if method == "expected_gradients" else "Uses no baseline"


def options(title: dict[str, str]) -> list[dict[str, str]]:
    """Return choices as a dropdown takes them."""
    return [{"value": value, "label": label, "title": label} for value, label in title.items()]


def display_controls() -> html.Div:
    """Return the row of controls that say how maps are shown."""
    return html.Div(
        [
            html.Label(
                [
                    html.Span("±", className="label"),
                    dcc.Input(id="full", value="", debounce=True, placeholder="own"),
                ],
                title="Where colours are full, in units of the output; empty: each map's own",
            ),
            html.Button(
                "Keep",
                id="keep",
                type="button",
                className="quiet",
                title="Keep this map's scale for the maps to come, so that they can be compared; "
                "again: each map's own",
            ),
            html.Label(
                [
                    html.Span("clip", className="label"),
                    dcc.Dropdown(
                        [{"value": value, "label": f"{value} %"} for value in PERCENTILES],
                        Display.percentile,
                        id="clip",
                        className="choice",
                        clearable=False,
                        searchable=False,
                    ),
                ],
                title="A map's own scale is full at this percentile of its values",
            ),
            html.Label(
                [
                    html.Span("strength", className="label"),
                    dcc.Input(id="strength", type="range", min=0.2, max=1, step=0.1, value=1),
                ],
                title="Opacity of the overlay",
            ),
        ],
        className="display",
        role="group",
        **attributes(aria_label="How maps are shown"),
    )


def _choice(
    label: str, name: str, title: dict[str, str], value: str, *, searchable: bool = False
) -> html.Label:
    return html.Label(
        [
            html.Span(label, className="label", id=f"{name}-label"),
            dcc.Dropdown(
                options(title),
                value,
                id=name,
                className="choice",
                clearable=False,
                searchable=searchable,
                maxHeight=320,
            ),
        ]
    )


def _number(value: Any, low: float, high: float) -> float | None:
    """Return a number within limits, which a browser also writes as text; None for all else."""
    try:
        number = float(value) if isinstance(value, (str, int, float)) else float("nan")
    except (ValueError, OverflowError):
        return None
    return number if low <= number <= high else None
