"""The legend: the classes with colour, locations, accuracy and ROC AUC.

The browser fills the list; see `assets/dashboard/classes.js`.
"""

from dash import html

from workbench.dashboard.components import panel


def layout() -> html.Section:
    """Return the panel of the classes, with an empty list."""
    return panel(
        "Classes",
        [html.Span(id="class-search")],
        [
            html.Div(
                [_swatch("correct"), "correct", _swatch("wrong"), "wrong"],
                className="key key-correct",
            ),
            html.Div(
                [
                    html.Span(className="end"),
                    html.Span(className="ramp"),
                    html.Span(className="end"),
                ],
                className="key key-number",
            ),
            html.Div(id="key-division", className="key key-division"),
            html.Div(id="legend", className="entries", role="group"),
        ],
        "legend",
        "Classes",
    )


def _swatch(name: str) -> html.Span:
    return html.Span(className=f"swatch {name}-point")
