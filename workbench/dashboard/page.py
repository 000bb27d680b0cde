"""The page as a whole."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import flask
from dash import Dash, dcc, html

from workbench.attribution.explainer import Explainer
from workbench.attribution.layered_cache import LayeredCache
from workbench.dashboard import (
    aggregate,
    attribution,
    gallery,
    legend,
    location,
    metrics,
    projections,
    request_guard,
)
from workbench.dashboard import photographs as photograph_routes
from workbench.dashboard.html_attributes import attributes
from workbench.dashboard.job_queue import JobQueue
from workbench.evaluation.predictions import Predictions
from workbench.store import SPLITS, Store
from workbench.store.photographs import Photographs

PRODUCT = "ResNetBolt Workbench"
_PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""
# The browser itself then refuses whatever is not on this machine. Plotly's WebGL code compiles
# its drawing functions at run time and sets styles in the page, hence the two exceptions.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'"
)


def dashboard(
    store: Store,
    name: str,
    assets: Path,
    photographs: Photographs | None,
    explainer: Explainer | None,
    notes: Sequence[str] = (),
    cache: LayeredCache | None = None,
) -> Dash:
    """Build the dashboard over a store that has projections.

    `name` is what the page calls the store, `assets` the folder with style and scripts. Without
    photographs or an explainer the page leaves out what it cannot show; `notes` say so in the
    location's panel, a sentence each. Attributions are also kept in `cache`.
    """
    predictions = Predictions(store)
    app = Dash(
        PRODUCT,
        assets_folder=str(assets),
        title=f"{name} – {PRODUCT}",
        update_title="",
        index_string=_PAGE,
        serve_locally=True,
        add_log_handler=False,
    )
    jobs = JobQueue(explainer, cache) if explainer and photographs else None
    content = [
        dcc.Store(id="table", data=projections.table(predictions)),
        dcc.Store(id="selection"),
        dcc.Store(id="opened"),
        dcc.Store(id="painted"),
        _header(name, predictions),
        html.Main(
            [
                html.Div(
                    [
                        legend.legend(predictions),
                        html.Div(projections.maps(predictions), className="maps"),
                    ],
                    className="upper",
                ),
                html.Div(
                    [
                        html.Div(
                            [
                                gallery.strip(),
                                html.Div(
                                    [
                                        metrics.roc_panel(predictions),
                                        metrics.confusion_panel(predictions),
                                    ],
                                    className="numbers",
                                ),
                            ],
                            className="left",
                        ),
                        location.panel(notes, predictions, jobs is not None),
                    ],
                    className="lower",
                ),
            ]
        ),
        html.Div(id="tip", role="tooltip", hidden=True),
    ]

    def page() -> html.Div:
        # A function, so that each open page has a token of its own.
        return html.Div([dcc.Store(id="page", data=uuid.uuid4().hex), *content], id="workbench")

    app.layout = page
    projections.link(app, predictions)
    legend.sort(app, predictions)
    metrics.narrow(app, predictions)
    gallery.fill(app, predictions, photographs is not None)
    location.follow(app, predictions, photographs is not None)
    if jobs and photographs:
        attribution.follow(app, predictions, photographs, jobs)
        aggregate.follow(app, predictions, photographs, jobs)
    photograph_routes.serve(app.server, photographs)
    app.server.after_request(_guarded)
    request_guard.guard(app.server, app.callback_map)
    return app


def _guarded(response: flask.Response) -> flask.Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def origin(store: Store, name: str) -> str:
    """Return which store this is, in lines: its file, run, checkpoint, photographs and split."""
    known = [(key, store.provenance.get(key)) for key in ("run", "checkpoint", "epoch", "data")]
    parts = (
        [] if store.splits is None else [SPLITS[number] for number in set(store.splits.tolist())]
    )
    lines = [f"{key}: {value}" for key, value in known if value not in (None, "")]
    return "\n".join([name, *lines, *([f"locations of: {', '.join(parts)}"] if parts else [])])


def _header(name: str, predictions: Predictions) -> html.Header:
    return html.Header(
        [
            html.Div(
                [
                    html.H1(PRODUCT),
                    html.Div(
                        [
                            html.Span(
                                name, className="file", title=origin(predictions.store, name)
                            ),
                            html.Span(f"{len(predictions.store):,} locations"),
                            html.Span(f"{len(predictions.class_names):,} classes"),
                        ],
                        className="under",
                    ),
                ],
                className="about",
            ),
            html.Div(id="accuracy", className="accuracy"),
            html.Div(
                [
                    html.Div(id="selected", role="status"),
                    html.Button(
                        "Clear selection",
                        id="clear",
                        type="button",
                        className="quiet",
                        disabled=True,
                    ),
                ],
                className="selected",
            ),
            html.Div(
                [
                    html.Span("Colour by", className="label", id="colour-label"),
                    dcc.RadioItems(
                        id="colour",
                        options=[
                            {"value": key, "label": text}
                            for key, text in projections.colours(predictions).items()
                        ],
                        value="true",
                        className="segments",
                        inline=True,
                    ),
                ],
                className="colour-by",
                role="group",
                **attributes(aria_labelledby="colour-label"),
            ),
        ]
    )
