"""One location: its views, what the model guessed, and why."""

import math
from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update

from workbench.errors import InputError
from workbench.explanation import Attribution
from workbench.panels import overlay
from workbench.panels.attributes import attributes
from workbench.panels.guesses import Guesses
from workbench.panels.photograph import address
from workbench.panels.selection import NEAREST, nearest
from workbench.panels.worker import Failed, Running, Waiting, Worker
from workbench.photographs import Photographs
from workbench.store import HEADINGS

POLL_MILLISECONDS = 300


def panel(notes: Sequence[str], explained: bool) -> html.Section:
    """Return the panel before any location is opened; `notes` say what cannot be shown."""
    steps = ["Click a point on a map or a photograph to open its location."]
    if explained:
        steps.append("Integrated gradients are then computed and laid over its four views.")
    steps.append("Draw a lasso, or click classes or a cell of the confusion matrix, to select.")
    return html.Section(
        [
            html.Div(
                [
                    html.H2("Location"),
                    html.Span(id="location-words", className="words"),
                    html.Button(
                        "Nearest",
                        id="nearest",
                        type="button",
                        className="quiet",
                        hidden=True,
                        title=f"Select the {NEAREST} locations with the most similar features",
                    ),
                    html.Button(
                        "Cancel", id="cancel", type="button", className="quiet", hidden=True
                    ),
                    html.Button(
                        "Compute", id="again", type="button", className="quiet", hidden=True
                    ),
                ],
                className="panel-head",
            ),
            html.Div([html.P(note) for note in notes], className="notes", hidden=not notes),
            html.Div(
                [
                    html.Div(
                        [
                            html.Div(
                                [html.Figure(html.Figcaption(heading)) for heading in HEADINGS],
                                className="views",
                            ),
                            html.Ul([html.Li(step) for step in steps], className="hint"),
                        ],
                        id="location",
                    ),
                    html.Div(id="explanation", **attributes(aria_live="polite")),
                ],
                className="location",
            ),
            dcc.Interval(id="tick", interval=POLL_MILLISECONDS, disabled=True),
        ],
        className="panel location-panel",
        id="location-panel",
        **attributes(aria_label="Location"),
    )


def opened(location: Any, guesses: Guesses) -> str | None:
    """Return the id that the browser asks for, None where the store has no such location."""
    return location if isinstance(location, str) and location in guesses.row else None


def views(location: str, guesses: Guesses, pictures: bool) -> list[Any]:
    """Return what is known at once: marks, four views, the five most probable classes."""
    row = guesses.row[location]
    true = guesses.name[guesses.store.label[row]]
    predicted = guesses.name[guesses.prediction[row]]
    right = bool(guesses.right[row])
    best = guesses.ranking[row, :5]
    pictured = [
        html.Figure(
            [
                html.Img(src=address(location, heading), alt=f"view to the {heading}, {location}")
                if pictures
                else html.Span("no photograph", className="absent"),
                html.Figcaption(heading),
            ]
        )
        for heading in HEADINGS
    ]
    return [
        html.Div(pictured, className="views", id="views"),
        html.Div(
            [
                html.Span("true", className="label"),
                html.Strong(true),
                html.Span("predicted", className="label"),
                html.Strong(predicted),
                html.Span(
                    "✓ right" if right else "✗ wrong",
                    className="mark right" if right else "mark wrong",
                ),
            ],
            className="verdict",
        ),
        html.Ol(
            [
                _bar(guesses.name[index], float(guesses.probability[row, index]), true)
                for index in best
            ],
            className="bars",
        ),
    ]


def headline(location: str, guesses: Guesses) -> list[Any]:
    """Return the id and, where known, the coordinates."""
    row = guesses.row[location]
    latitude, longitude = float(guesses.store.latitude[row]), float(guesses.store.longitude[row])
    where = ""
    if math.isfinite(latitude) and math.isfinite(longitude):
        where = (
            f"{abs(latitude):.4f}° {'N' if latitude >= 0 else 'S'}, "
            f"{abs(longitude):.4f}° {'E' if longitude >= 0 else 'W'}"
        )
    return [html.Code(location, title=location), html.Span(where, className="where")]


def explanation(state: Any, photographs: Photographs) -> list[Any]:
    """Return an explanation as far as it has come."""
    match state:
        case Attribution():
            try:
                return _attribution(state, photographs)
            except (InputError, OSError) as error:
                return [html.P(str(error), className="failure", role="alert")]
        case Running(done, total):
            words = f"step {done} of {total}" if total else "starting"
            bar = html.Progress(max=str(total), value=str(done)) if total else html.Progress()
            return [
                html.Div([html.Span(f"Integrated gradients: {words}"), bar], className="progress")
            ]
        case Waiting():
            return [
                html.Div(
                    [html.Span("Waiting for another explanation to finish"), html.Progress()],
                    className="progress",
                )
            ]
        case Failed(sentence):
            return [html.P(sentence, className="failure", role="alert")]
        case _:
            return [html.P("Not computed.", className="hint")]


def follow(
    app: Dash,
    guesses: Guesses,
    photographs: Photographs | None,
    worker: Worker | None,
) -> None:
    """Let the panel follow the opened location and its explanation."""

    @app.callback(
        Output("location", "children"),
        Output("location-words", "children"),
        Output("nearest", "hidden"),
        Input("opened", "data"),
        prevent_initial_call=True,
    )
    def shown(wanted: Any) -> tuple[Any, Any, Any]:
        location = opened(wanted, guesses)
        if location is None:
            return no_update, no_update, no_update
        return (
            views(location, guesses, photographs is not None),
            headline(location, guesses),
            guesses.store.neighbours is None,
        )

    @app.callback(
        Output("selection", "data"),
        Input("nearest", "n_clicks"),
        State("opened", "data"),
        prevent_initial_call=True,
    )
    def nearest_selected(_clicks: Any, wanted: Any) -> Any:
        location = opened(wanted, guesses)
        rule = None if location is None else nearest(location, guesses)
        return no_update if rule is None else rule

    if worker is None or photographs is None:
        return

    @app.callback(
        Output("explanation", "children"),
        Output("tick", "disabled"),
        Output("cancel", "hidden"),
        Output("again", "hidden"),
        Input("opened", "data"),
        Input("tick", "n_intervals"),
        Input("cancel", "n_clicks"),
        Input("again", "n_clicks"),
        State("page", "data"),
        prevent_initial_call=True,
    )
    def explained(
        wanted: Any, _tick: Any, _cancel: Any, _again: Any, page: Any
    ) -> tuple[Any, bool, bool, bool]:
        location = opened(wanted, guesses)
        if location is None or not isinstance(page, str):
            return no_update, True, True, True
        if ctx.triggered_id == "cancel":
            worker.cancel(page)
        elif ctx.triggered_id in ("opened", "again"):
            worker.submit(page, location)
        state = worker.state(location)
        runs = isinstance(state, (Running, Waiting))
        # A poll may overtake the request that it follows: where nothing is known yet, ask again.
        overtaken = state is None and ctx.triggered_id == "tick"
        return (
            explanation(state, photographs),
            not (runs or overtaken),
            not runs,
            runs or isinstance(state, Attribution),
        )


def _signed(value: float) -> str:
    return f"{value:+#.4g}".replace("-", "−")


def _bar(name: str, probability: float, true: str) -> html.Li:
    return html.Li(
        [
            html.Span(name, className="name true" if name == true else "name", title=name),
            html.Span(
                html.Span(style={"width": f"{probability:.1%}"}),
                className="bar",
            ),
            html.Span(f"{probability:.1%}", className="number"),
        ]
    )


def _attribution(made: Attribution, photographs: Photographs) -> list[Any]:
    full = overlay.limit(made.map)
    pictures = overlay.addresses(photographs.paths(made.location_id), made.map)
    error, relative = made.completeness_error, made.relative_completeness_error
    difference = made.output - made.baseline_output
    share = f"{relative:.1%}" if math.isfinite(relative) else "no finite share"
    pictured = [
        html.Figure(
            [
                html.Img(src=source, alt=f"{made.method} for {made.target}, view to the {heading}"),
                html.Figcaption(heading),
            ]
        )
        for heading, source in zip(HEADINGS, pictures, strict=True)
    ]
    return [
        html.Div(pictured, className="views overlays"),
        html.Div(
            [
                html.Div(
                    [
                        html.Span(f"−{full:.2g}"),
                        html.Span(className="ramp signed"),
                        html.Span(f"+{full:.2g}"),
                        html.Span(f"against {made.target}", className="against"),
                        html.Span(f"towards {made.target}", className="towards"),
                    ],
                    className="scale",
                ),
                html.Dl(
                    [
                        html.Div(
                            [
                                html.Dt("completeness error"),
                                html.Dd(
                                    f"{_signed(error)}, {share} of the output difference "
                                    f"{_signed(difference)}",
                                    id="completeness",
                                ),
                            ]
                        ),
                        html.Div(
                            [
                                html.Dt(f"{made.method} of the logit"),
                                html.Dd(
                                    f"{made.steps} steps, baseline {made.baseline}, "
                                    f"{made.seconds:.1f} s"
                                ),
                            ]
                        ),
                    ]
                ),
            ],
            className="explained",
        ),
    ]
