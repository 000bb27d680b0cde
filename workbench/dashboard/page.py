"""The dashboard application: page layout, callbacks, routes and security headers.

Only what stands on all pages is mounted at start. The layouts of the pages wait as data in the
store "layouts"; `assets/dashboard/pages.js` puts one into its place when its page is first shown,
and leaves it there. Then its callbacks run for the first time. Figures that a page can do without
at first wait in the store "figures" until its other panels are drawn.
"""

import uuid
from collections.abc import Iterable, Sequence
from html import escape as html_escape
from pathlib import Path

import flask
from dash import Dash, Input, Output, State, dcc, html
from dash.dependencies import ClientsideFunction

from common.text import printable
from workbench.attribution.explainer import Explainer
from workbench.attribution.layered_cache import LayeredCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.dashboard import access as access_control
from workbench.dashboard import (
    active_location,
    aggregate,
    attribution,
    columns,
    gallery,
    legend,
    metrics,
    paper_figures,
    projections,
    request_controls,
    request_guard,
    selection_bar,
    sets,
)
from workbench.dashboard import photographs as photograph_routes
from workbench.dashboard.access import Access
from workbench.dashboard.components import attributes, button
from workbench.dashboard.evaluation import ReadInputs, prepare
from workbench.dashboard.job_queue import Job, JobQueue
from workbench.dashboard.pages import (
    calibration,
    compare,
    errors,
    geography,
    location,
    maps,
    overview,
    state,
    states,
)
from workbench.evaluation.predictions import Predictions
from workbench.export.options import Options
from workbench.http import add_security_headers
from workbench.store import SPLITS, Store
from workbench.store.photographs import Photographs

PRODUCT = "ResNetBolt Workbench"
PAGES = (
    overview.PAGE,
    maps.PAGE,
    errors.PAGE,
    states.PAGE,
    state.PAGE,
    geography.PAGE,
    calibration.PAGE,
    location.PAGE,
    compare.PAGE,
)
"""The pages in the order of the header's menu; the first is shown at first."""
_SKIP_LINKS = {
    "main .page:not([hidden]) :is(canvas, button, [tabindex='0'])": "the page",
    ":is(#gallery, #location-table):not([hidden])": "the photographs",
    "#location-panel": "the location",
}
_PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="ICON">
    {%css%}
  </head>
  <body data-view="VIEW">
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""
# The browser refuses whatever is not from this server. Dash writes a script and Plotly styles into
# the page, hence the exceptions.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def create_app(
    store: Store,
    name: str,
    assets: Path,
    photographs: Photographs | None,
    explainer: Explainer | None,
    notes: Sequence[str] = (),
    cache: LayeredCache | None = None,
    access: Access | None = None,
    prefix: str = "/",
    saved_sets: sets.Sets | None = None,
    export_options: Options | None = None,
    view: str = "",
    read_inputs: ReadInputs | None = None,
) -> Dash:
    """Return the dashboard of a store that has projections.

    `name` is the title of the store, `assets` the folder with styles and scripts. Without
    photographs or an explainer the page leaves out what it cannot show; the location panel shows
    `notes` about what is missing. Attributions are also kept in `cache`. The browser finds the
    page below `prefix`, percent-encoded, which begins and ends with a slash; the WSGI server names
    it in SCRIPT_NAME. Without `access`, every request is answered; without `saved_sets`, selections
    cannot be saved. `export_options` name the store and what belongs to it for figures for a paper,
    which there are none without. `view` is what a browser sees first whose address says nothing:
    the part of a copied link after "#". `read_inputs` reads what the evaluation needs beside the
    store, in a thread, when a page first asks for it.
    """
    predictions = Predictions(store)
    # Flask would serve a folder "static" in the current folder, and redirect to merge slashes.
    server = flask.Flask(__name__, static_folder=None)
    server.url_map.merge_slashes = False
    server.config["MAX_CONTENT_LENGTH"] = max_request_bytes(store)
    access_control.register_access(server, access or Access())
    app = Dash(
        PRODUCT,
        server=server,  # type: ignore[arg-type]
        routes_pathname_prefix="/",
        requests_pathname_prefix=prefix,
        enable_mcp=False,
        assets_folder=str(assets),
        title=f"{_escape(printable(name))} – {PRODUCT}",
        update_title="",
        index_string=_PAGE.replace("ICON", f"{prefix}assets/icon.svg").replace(
            "VIEW", _escape(view)
        ),
        serve_locally=True,
        assets_path_ignore=["^(dashboard|quiz)$"],  # Modules, which pages load themselves.
        add_log_handler=False,
        suppress_callback_exceptions=True,  # The browser would miss what is not mounted yet.
    )
    jobs = JobQueue(explainer, cache) if explainer and photographs else None
    content = [
        dcc.Store(id="selection"),
        dcc.Store(id="active-location"),
        dcc.Store(id="pins"),
        dcc.Store(id="pins-shown"),
        dcc.Store(id="shown-page", data=PAGES[0].name),
        *(dcc.Store(id=page.store) for page in PAGES),
        dcc.Store(id="layouts", data={page.name: page.layout(predictions) for page in PAGES}),
        dcc.Store(
            id="figures",
            data={page.name: page.figures(predictions) for page in PAGES if page.figures},
        ),
        dcc.Store(id="mounted"),
        dcc.Store(id="palette", data=""),  # Or "safe".
        dcc.Store(id="large-map", data=""),  # The id of a map's panel.
        dcc.Store(id="maps-updated"),
        dcc.Store(id="address-written"),
        html.Nav(
            [
                html.A(f"Skip to {words}", href="#", **attributes(data_skip_to=place))
                for place, words in _SKIP_LINKS.items()
            ],
            className="skip-links",
            **attributes(aria_label="Skip links"),
        ),
        _header(name, predictions),
        selection_bar.layout(saved_sets is not None),
        html.Main(
            [
                legend.layout(),
                *(
                    html.Div(id=f"{part}-{page.name}", className="page")
                    for page in PAGES
                    for part in ("page", "figures")
                ),
                gallery.layout(predictions),
                active_location.layout(notes, predictions, jobs is not None),
                html.Button(
                    "Location",
                    id="location-edge",
                    type="button",
                    **attributes(aria_controls="location-panel", aria_expanded="false"),
                ),
                html.Div(id="dividers"),  # assets/dashboard/dividers.js fills it.
            ],
            **attributes(data_page=PAGES[0].name),
        ),
        *([sets.layout()] if saved_sets else []),
        html.Div(id="tooltip", role="tooltip", hidden=True),
        html.Div(id="map-live", role="status", className="visually-hidden"),
    ]

    def layout() -> html.Div:
        # A function, so that each open page has its own token.
        of_paper = attributes(data_store=export_options.stores[0].name) if export_options else {}
        page_id = dcc.Store(id="page", data=uuid.uuid4().hex)
        return html.Div([page_id, *content], id="workbench", **of_paper)

    app.layout = layout
    projections.register_callbacks(app, predictions)
    _register_address(
        app,
        [
            ("shown-page", "data"),
            ("selection", "data"),
            ("active-location", "data"),
            ("pins", "data"),
            ("color-by", "value"),
            ("palette", "data"),
            ("large-map", "data"),
            *gallery.OPTIONS,
            *(request_controls.REQUEST if jobs else ()),
        ],
        [
            *(option for page in PAGES for option in page.options),
            *[(choice, "value") for choice in projections.choices(predictions)],
        ],
    )
    metrics.register_accuracy(app, predictions)
    _register_pages(app, predictions, photographs is not None)
    prepared = prepare(predictions, read_inputs)
    geography.register_split(app, predictions, prepared)
    calibration.register_prepared(app, predictions, prepared)
    gallery.register_callbacks(app)
    active_location.register_callbacks(app, predictions, photographs is not None)
    if jobs and photographs:
        attribution.register_callbacks(app, predictions, photographs, jobs)
        aggregate.register_callbacks(app, predictions, photographs, jobs)
        compare.register_maps(app, predictions, photographs, jobs)
        aggregate.register_callbacks(
            *(app, predictions, photographs, jobs),
            name=state.MAPS,
            selection=state.STEPS,
            hint=state.NOT_COMPUTED,
            of_class=True,
        )
    if saved_sets:
        sets.register_callbacks(app, saved_sets)
    if export_options:

        def known(location_id: str, request: AttributionRequest) -> Attribution | None:
            state = jobs.state(Job(location_id, request)) if jobs else None
            return state if isinstance(state, Attribution) else None

        draw = paper_figures.drawing(export_options, predictions, known)
        paper_figures.register_route(server, draw)
    photograph_routes.register_routes(server, photographs)
    columns.register_routes(server, predictions, photographs is not None)
    add_security_headers(server, _POLICY)
    request_guard.register_guard(app)
    return app


def _register_address(
    app: Dash, places: Iterable[tuple[str, str]], of_pages: Iterable[tuple[str, str]]
) -> None:
    """Keep properties of components in the address; see `assets/dashboard/link.js`.

    Those `of_pages` are null until their page is mounted.
    """
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "link"),
        Output("address-written", "data"),
        *[Input(*place) for place in places],
        *[Input(*place, allow_optional=True) for place in of_pages],
    )


def _register_pages(app: Dash, predictions: Predictions, has_photographs: bool) -> None:
    """Show one page, and give the selection to it alone; see `assets/dashboard/pages.js`."""
    places = [(page.store, "data") for page in PAGES]
    places += [(f"page-{page.name}", "children") for page in PAGES]
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "show"),
        [Output(*place) for place in places],
        Input("shown-page", "data"),
        Input("selection", "data"),
        State("layouts", "data"),
        *[State(*place) for place in places],
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("dashboard", "mounted"),
        Output("mounted", "data"),
        *[
            Input(f"{part}-{page.name}", "children")
            for page in PAGES
            for part in ("page", "figures")
        ],
    )
    for page in PAGES:
        if page.figures:
            app.clientside_callback(  # type: ignore[no-untyped-call]
                ClientsideFunction("dashboard", "figures"),
                Output(f"figures-{page.name}", "children"),
                Input(page.drawn, "data", allow_optional=True),
                State("figures", "data"),
                State(f"figures-{page.name}", "children"),
                prevent_initial_call=True,
            )
        page.register_callbacks(app, predictions, has_photographs)


def max_request_bytes(store: Store) -> int:
    """Return the size limit of a request: a callback's values hold each location id twice."""
    return 2**20 + 2 * sum(len(location.encode()) + 8 for location in store.location_ids)


def describe_store(store: Store, name: str) -> str:
    """Return file, run, checkpoint, photographs and split of a store, a line each."""
    known = [(key, store.provenance.get(key)) for key in ("run", "checkpoint", "epoch", "data")]
    parts = (
        [] if store.splits is None else [SPLITS[number] for number in set(store.splits.tolist())]
    )
    lines = [f"{key}: {value}" for key, value in known if value not in (None, "")]
    return "\n".join([name, *lines, *([f"locations of: {', '.join(parts)}"] if parts else [])])


def _escape(text: str) -> str:
    """Return a text for `_PAGE`, which is HTML in which Dash replaces placeholders in braces."""
    return html_escape(text).replace("{", "&#123;")


def _header(name: str, predictions: Predictions) -> html.Header:
    return html.Header(
        [
            html.Div(
                [
                    html.H1(PRODUCT),
                    html.Div(
                        [
                            html.Span(
                                name,
                                className="file",
                                title=describe_store(predictions.store, name),
                            ),
                            html.Span(f"{len(predictions.store):,} locations"),
                            html.Span(f"{len(predictions.class_names):,} classes"),
                        ],
                        className="under",
                    ),
                ],
                className="about",
            ),
            html.Nav(
                [
                    html.Button(page.title, type="button", **attributes(data_page_name=page.name))
                    for page in PAGES
                ],
                className="pages",
                **attributes(aria_label="Pages"),
            ),
            html.Div(id="accuracy", className="accuracy"),
            html.Div(
                id="search-box", className="search"
            ),  # assets/dashboard/search_box.js fills it.
            html.Div(
                [
                    html.Span("Colour by", className="label", id="color-by-label"),
                    dcc.Dropdown(
                        projections.color_options(predictions),
                        "true",
                        id="color-by",
                        className="choice",
                        clearable=False,
                        searchable=False,
                        maxHeight=400,
                    ),
                ],
                className="color-by",
                role="group",
                **attributes(aria_labelledby="color-by-label"),
            ),
            button("?", "show-keys", "Keys (?)", **attributes(aria_label="Keys")),
            button(
                "",
                "palette-switch",
                "Colours that people with colour vision deficiency can tell apart",
                **attributes(aria_label="Colour-blind safe colours", aria_pressed="false"),
            ),
            button("◐", "theme", "Light or dark", **attributes(aria_label="Light or dark")),
        ]
    )
