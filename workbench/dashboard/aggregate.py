"""What decides a selection: the maps of some of its locations, taken together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update

from common.errors import InputError
from workbench.attribution.aggregation import Aggregate, aggregate
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.dashboard import attribution_view, gallery, overlay
from workbench.dashboard.html_attributes import attributes
from workbench.dashboard.job_queue import Failed, Job, JobQueue, Running, Waiting
from workbench.dashboard.overlay import Display
from workbench.dashboard.polling import once_more, poll
from workbench.dashboard.request_controls import DISPLAY, QUESTION, asked, shown
from workbench.dashboard.selection import Selection, resolve
from workbench.evaluation.predictions import Predictions
from workbench.store.photographs import Photographs

MOST = 12  # So many locations of a selection are explained.
EXEMPLARS = 4
LEAST_INTERVAL = 5  # Maps below which an interval over locations says nothing.
LARGEST = 128  # Pixels: pictures are small here, and many.
POLL_MILLISECONDS = 500


def panel() -> html.Div:
    """Return the place of a selection's maps, before anything is selected."""
    return html.Div(
        [
            html.Div(
                [
                    html.Span(id="gather-words", className="words", role="status"),
                    dcc.RadioItems(
                        id="gather-about", value="own", className="segments small", inline=True
                    ),
                    html.Button("Explain selection", id="gather", type="button", className="quiet"),
                    html.Button(
                        "Cancel", id="gather-cancel", type="button", className="quiet", hidden=True
                    ),
                ],
                className="gather-head",
            ),
            html.Div(id="gathered", **attributes(aria_live="polite")),
            dcc.Store(id="gather-drawn"),
            dcc.Store(id="gather-asked"),
            poll("gather-tick", POLL_MILLISECONDS),
        ],
        className="gathering",
    )


def own_question(
    selection: Selection | None, above: AttributionRequest
) -> AttributionRequest | None:
    """Return what a selection itself asks, None where it asks nothing of its own.

    Of a cell of the confusion matrix: why the predicted class rather than the true one. Of one
    class: what speaks for it.
    """
    if selection is None:
        return None
    if selection.cell is not None and selection.cell[0] != selection.cell[1]:
        return replace(above, target=selection.cell[1], contrast_target=selection.cell[0])
    if len(selection.name) == 1 and not selection.by_place:
        return replace(above, target=selection.name[0], contrast_target="")
    return None


def sample(selection: Selection | None, predictions: Predictions) -> list[str]:
    """Return which locations stand for a selection: the first `MOST` that the strip shows.

    They are drawn by a fixed seed, or the nearest of the nearest.
    """
    return [
        predictions.store.location_ids[row] for row in gallery.rows(selection, predictions)[:MOST]
    ]


def drawn(
    made: Sequence[Attribution],
    wanted: int,
    photographs: Photographs,
    predictions: Predictions,
    display: Display,
) -> list[Any]:
    """Return the mean map over the mean photographs, and the exemplars under their own maps.

    `wanted` is the number of maps when all of them are made.
    """
    together = aggregate(made)
    known = {one.location_id: one for one in made}
    pictures = {name: overlay.views(photographs.paths(name), LARGEST) for name in known}
    several = f"{wanted} maps" if together.count == wanted else f"{together.count} of {wanted} maps"
    many = f"mean of {several}" if wanted > 1 else "one map"
    # Exemplars are compared with each other.
    same = replace(display, full=overlay.limit(np.stack([one.values for one in made]), display))
    first = made[0].request
    alike = all(one.request == first for one in made)
    target = first.target_label if alike else f"{first.output} of its own state"
    return [
        html.Div(
            attribution_view.layers(
                overlay.addresses(overlay.average(list(pictures.values())), together.mean, display),
                shares(together),
                together.row_shares,
                many,
            ),
            className="views mean",
        ),
        html.Div(
            [
                attribution_view.scale(overlay.limit(together.mean, display), target),
                html.Div(
                    f"{many} of the {target}; {attribution_view.thirds(together.row_shares)}",
                    className="label",
                    title="Over the mean of their photographs. Shares of |map| by view with "
                    "95 % intervals over locations.",
                ),
            ],
            className="mean-words",
        ),
        html.Div(
            [
                html.H3(
                    "Exemplars",
                    title="The locations whose maps are most like the mean of the others",
                ),
                html.Span(
                    "one scale", className="label", title="Colours are full at the same value"
                ),
                attribution_view.scale(overlay.limit(made[0].values, same), target),
            ],
            className="exemplar-words",
        ),
        html.Div(
            [
                _exemplar(known[name], pictures[name], predictions, same)
                for name in together.prototypes[:EXEMPLARS]
            ],
            className="exemplars",
        ),
    ]


def shares(together: Aggregate) -> list[str]:
    """Return the mean share of each heading in words, with its interval where maps are enough."""
    if together.count < LEAST_INTERVAL:
        return [f"{share:.0%}" for share in together.view_shares]
    return [
        f"{share:.0%} ({low * 100:.0f}–{high * 100:.0f})"
        for share, (low, high) in zip(together.view_shares, together.view_intervals, strict=True)
    ]


def words(selection: Selection | None, wanted: int, total: int) -> str:
    """Say how many of a selection's locations stand for it, and which."""
    if wanted == total:
        return f"all {total:,} locations" if total > 1 else "one location"
    ranked = selection is not None and selection.ranked is not None
    which = "the nearest" if ranked else "drawn by a fixed seed"
    return f"{wanted} of {total:,} locations, {which}"


def _exemplar(
    made: Attribution, pictures: Sequence[Any], predictions: Predictions, display: Display
) -> html.Button:
    row = predictions.rows[made.location_id]
    true = predictions.class_names[predictions.store.labels[row]]
    predicted = predictions.class_names[predictions.predicted_labels[row]]
    right = true == predicted
    return html.Button(
        [
            html.Span(
                [
                    html.Img(src=one, alt="")
                    for one in overlay.addresses(pictures, made.values, display)
                ]
            ),
            html.Span(
                [
                    html.Span("✓" if right else "✗", className="right" if right else "wrong"),
                    f" {true}" if right else f" {true} → {predicted}",
                ]
            ),
        ],
        className="exemplar",
        type="button",
        title=f"Open {made.location_id}",
        **attributes(data_location=made.location_id),
    )


def follow(app: Dash, predictions: Predictions, photographs: Photographs, jobs: JobQueue) -> None:
    """Let the panel follow the selection, and explain it when told to."""

    @app.callback(
        Output("gather-about", "options"),
        Input("selection", "data"),
    )
    def offered(rule: Any) -> list[dict[str, str]]:
        own = own_question(resolve(rule, predictions), AttributionRequest())
        if own is None:
            return []
        why = (
            f"{own.target} rather than {own.contrast_target}" if own.contrast_target else own.target
        )
        return [{"value": "own", "label": f"Why {why}"}, {"value": "above", "label": "As above"}]

    @app.callback(
        output={
            "gathered": Output("gathered", "children"),
            "drawn": Output("gather-drawn", "data"),
            "asked_for": Output("gather-asked", "data"),
            "words": Output("gather-words", "children"),
            "polls": Output("gather-tick", "max_intervals"),
            "uncancellable": Output("gather-cancel", "hidden"),
            "unaskable": Output("gather", "disabled"),
        },
        inputs={
            "rule": Input("selection", "data"),
            "about": Input("gather-about", "value"),
            "question": [Input(*place) for place in QUESTION],
            "display": [Input(*place) for place in DISPLAY],
            "polls": Input("gather-tick", "n_intervals"),
            "_presses": [Input("gather", "n_clicks"), Input("gather-cancel", "n_clicks")],
        },
        state={
            "drawn_before": State("gather-drawn", "data"),
            "asked_before": State("gather-asked", "data"),
            "page": State("page", "data"),
        },
    )
    def gathered(
        rule: Any,
        about: Any,
        question: list[Any],
        display: list[Any],
        polls: Any,
        _presses: Any,
        drawn_before: Any,
        asked_before: Any,
        page: Any,
    ) -> dict[str, Any]:
        selection = resolve(rule, predictions)
        total = len(predictions.store) if selection is None else int(selection.member.sum())
        names = sample(selection, predictions)
        look = shown(display)
        try:
            above = asked(question, predictions)
            own = own_question(selection, above) if about == "own" else None
            keys, refused = _keys(jobs, names, own or above)
            if isinstance(page, str):
                _tell(jobs, page, keys, ctx.triggered_id)
        except InputError as error:
            keys, refused = [], [str(error)]
        states = [jobs.state(key) for key in keys]
        made = [state for state in states if isinstance(state, Attribution)]
        refused += [state.message for state in states if isinstance(state, Failed)]
        # Some maps may be known because their locations were opened: that is no mean to show yet.
        these = format(hash(tuple(keys)), "x")
        asked_for = these if ctx.triggered_id == "gather" else asked_before
        complete = len(made) == len(keys)
        running = asked_for == these and any(
            isinstance(state, (Running, Waiting)) for state in states
        )
        shows = made if complete or asked_for == these else []
        content = format(hash((these, len(shows), tuple(refused), look)), "x")
        return {
            "gathered": no_update
            if content == drawn_before
            else _content(shows, len(keys), refused, photographs, predictions, look),
            "drawn": content,
            "asked_for": asked_for,
            "words": f"{len(made)} of {len(keys)} maps made"
            if asked_for == these and not complete
            else words(selection, len(names), total),
            "polls": once_more(polls, running),
            "uncancellable": not running,
            "unaskable": running or complete,
        }


def _tell(jobs: JobQueue, page: str, keys: Sequence[Job], trigger: Any) -> None:
    """Ask for what was pressed for; whatever asks something else ends what was asked before."""
    jobs.keep_alive(page)
    if trigger == "gather":
        jobs.enqueue(page, keys)
    elif trigger not in (None, "gather-tick", *(name for name, _ in DISPLAY)):
        jobs.enqueue(page, ())


def _keys(
    jobs: JobQueue, names: Sequence[str], question: AttributionRequest
) -> tuple[list[Job], list[str]]:
    """Return what to ask of each location, and why some cannot be asked."""
    keys, refused = [], []
    for name in names:
        try:
            keys.append(jobs.job(name, question))
        except InputError as error:
            refused.append(str(error))
    return keys, refused


def _content(
    made: Sequence[Attribution],
    wanted: int,
    refused: Sequence[str],
    photographs: Photographs,
    predictions: Predictions,
    display: Display,
) -> list[Any]:
    failures = (
        [attribution_view.failure(f"{len(refused)} could not be explained. {refused[0]}")]
        if refused
        else []
    )
    if not made:
        return failures
    try:
        return [*failures, *drawn(made, wanted, photographs, predictions, display)]
    except (InputError, OSError, ValueError) as error:
        return [attribution_view.failure(str(error))]
