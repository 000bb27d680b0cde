"""The controls of an attribution request and of how maps are shown.

Values from the browser are untrusted; `read_display` checks how maps are shown, `read_request` of
`workbench.attribution.request` the request.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from dash import Dash, Input, Output, State, dcc, html
from dash.dependencies import ClientsideFunction

from workbench.attribution.request import (
    BASELINE_METHODS,
    BASELINE_TITLES,
    METHOD_TITLES,
    OUTPUTS,
    PREDICTED,
    TRUE,
    AttributionRequest,
    split_baseline,
)
from workbench.dashboard.components import attributes, button
from workbench.dashboard.overlay import Display
from workbench.evaluation.predictions import Predictions

_LIMITS = (1e-30, 1e30)  # Of the value at which colours are full.
PERCENTILES = (95, 99, 99.9, 100)
# The component properties that `read_request` (workbench.attribution.request) and `read_display`
# take.
REQUEST = (
    ("method", "value"),
    ("baseline", "value"),
    ("output", "value"),
    ("target", "value"),
    ("contrast-target", "value"),
)
DISPLAY = (("color-limit", "value"), ("percentile", "value"), ("opacity", "value"))


def read_display(values: Sequence[Any]) -> Display:
    """Return how maps are shown; invalid values fall back to the defaults."""
    limit, percentile, opacity = values
    default = Display()
    opacity = _number(opacity, 0, 1)
    return Display(
        full=_number(limit, *_LIMITS),
        percentile=_number(percentile, 50, 100) or default.percentile,
        opacity=default.opacity if opacity is None else opacity,
    )


def limit_error(limit: Any) -> str:
    """Return what is wrong with the scale that was typed; "" if nothing is."""
    if limit in (None, "") or _number(limit, *_LIMITS) is not None:
        return ""
    return f"{str(limit).replace('-', '−')}: not a number above 0; the scale is automatic."


def contrast_options(
    target: Any, class_names: tuple[str, ...], predicted: str = "", true: str = ""
) -> list[dict[str, Any]]:
    """Return the options of the contrast target; what the target already is cannot be chosen.

    `predicted` and `true` are the classes of the active location, "" without one.
    """
    classes = {PREDICTED: predicted or PREDICTED, TRUE: true or TRUE}
    explained = classes.get(target, target)
    return [
        option | {"disabled": classes.get(option["value"], option["value"]) == explained}
        for option in options({"": "–"} | _targets(class_names))
    ]


def controls(class_names: tuple[str, ...]) -> html.Div:
    """Return the controls of a request, set to `AttributionRequest()`."""
    default = AttributionRequest()
    return html.Div(
        [
            _choice("Method", "method", METHOD_TITLES, default.method),
            _choice("Baseline", "baseline", baselines(()), default.baseline),
            _choice("Output", "output", {name: name for name in OUTPUTS}, default.output),
            _choice("Target", "target", _targets(class_names), default.target, searchable=True),
            _choice(
                "Contrast",
                "contrast-target",
                {"": "–"} | _targets(class_names),
                "",
                searchable=True,
            ),
            button("Next method", "next-method", hidden=True),  # The key m presses it.
        ],
        className="request",
        role="group",
        **attributes(aria_label="Attribution request"),
    )


def _targets(class_names: tuple[str, ...]) -> dict[str, str]:
    return {PREDICTED: "predicted", TRUE: "true"} | {name: name for name in class_names}


def baselines(pinned: Iterable[str]) -> dict[str, str]:
    """Return the titles of the baselines by value; `pinned` are the ids of locations."""
    known = {name: title for name, title in BASELINE_TITLES.items() if name != "location"}
    return known | {f"location:{one}": f"as {one}" for one in pinned}


def baseline_label(method: Any) -> str:
    """Return the label of the baseline control, which says why it is disabled."""
    if method in BASELINE_METHODS:
        return "Baseline"
    return "Many baselines" if method == "expected_gradients" else "No baseline"


def options(titles: dict[str, str]) -> list[dict[str, str]]:
    """Return the options of a dropdown from labels by value."""
    return [{"value": value, "label": label, "title": label} for value, label in titles.items()]


def display_controls() -> html.Div:
    """Return the controls of how maps are shown."""
    percentiles = [{"value": value, "label": f"{value} %"} for value in PERCENTILES]
    return html.Div(
        [
            html.Label(
                [
                    html.Span("±", className="label"),
                    dcc.Input(id="color-limit", value="", debounce=True, placeholder="auto"),
                ],
                title="Value at which colours are full, in units of the output; empty: per map",
            ),
            button(
                "Keep",
                "keep-limit",
                "Keep this map's scale for the next maps, so that they can be compared; "
                "press again for a scale per map",
            ),
            html.Label(
                [
                    html.Span("percentile", className="label percentile-label"),
                    _dropdown("percentile", percentiles, Display.percentile),
                ],
                title="Percentile of |map| at which the colours of a map are full",
            ),
            html.Label(
                [
                    html.Span("opacity", className="visually-hidden"),
                    dcc.Input(id="opacity", type="range", min=0, max=1, step=0.1, value=1),
                ],
                title="Opacity of the overlay",
            ),
            button("Hide", "overlay-toggle", "Hide or show the map over the photographs (o)"),
            html.Span(id="color-limit-error", className="wrong", role="alert"),
        ],
        className="display",
        role="group",
        **attributes(aria_label="How maps are shown"),
    )


def register_callbacks(app: Dash, predictions: Predictions) -> None:
    """Connect the controls with each other and with the opened location."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("location_panel", "toggle_overlay"),
        Output("opacity", "value"),
        Input("overlay-toggle", "n_clicks"),
        State("opacity", "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("location_panel", "name_overlay_button"),
        Output("overlay-toggle", "children"),
        Input("opacity", "value"),
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("location_panel", "next_method"),
        Output("method", "value"),
        Input("next-method", "n_clicks"),
        State("method", "value"),
        State("method", "options"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("color-limit-error", "children"),
        Input("color-limit", "value"),
        prevent_initial_call=True,
    )
    def refuse_limit(limit: Any) -> str:
        return limit_error(limit)

    @app.callback(
        Output("contrast-target", "options"),
        Input("target", "value"),
        Input("active-location", "data"),
    )
    def offer_contrasts(target: Any, location_id: Any) -> list[dict[str, Any]]:
        known = predictions.find(location_id)
        names = predictions.class_names
        if known is None:
            return contrast_options(target, names)
        row = predictions.rows[known]
        predicted, true = predictions.predicted_labels[row], predictions.store.labels[row]
        return contrast_options(target, names, names[predicted], names[true])

    @app.callback(
        Output("baseline", "options"),
        Input("pins", "data"),
        State("baseline", "value"),
        prevent_initial_call=True,
    )
    def offer_baselines(pins: Any, baseline: Any) -> list[dict[str, str]]:
        known = [one for one in pins or [] if predictions.find(one)]
        _, location = split_baseline(str(baseline))
        if location and location not in known:  # It stays chosen when its pin is removed.
            known.append(location)
        return options(baselines(known))

    @app.callback(
        Output("baseline", "disabled"),
        Output("baseline-label", "children"),
        Input("method", "value"),
    )
    def enable_baseline(method: Any) -> tuple[bool, str]:
        label = baseline_label(method)
        return label != "Baseline", label


def _choice(
    label: str, name: str, titles: dict[str, str], value: str, *, searchable: bool = False
) -> html.Label:
    return html.Label(
        [
            html.Span(label, className="label", id=f"{name}-label"),
            _dropdown(name, options(titles), value, searchable=searchable),
        ]
    )


def _dropdown(name: str, options: Any, value: Any, *, searchable: bool = False) -> dcc.Dropdown:
    return dcc.Dropdown(
        options,
        value,
        id=name,
        className="choice",
        clearable=False,
        searchable=searchable,
        maxHeight=320,
    )


def _number(value: Any, low: float, high: float) -> float | None:
    """Return a number within limits, also from text; None for anything else."""
    if isinstance(value, str):
        value = value.replace("\N{MINUS SIGN}", "-")  # As the page writes it.
    try:
        number = float(value) if isinstance(value, (str, int, float)) else float("nan")
    except (ValueError, OverflowError):
        return None
    return number if low <= number <= high else None
