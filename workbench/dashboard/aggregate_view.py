"""How the mean map of several locations and its prototypes look."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from dash import html
from numpy.typing import NDArray

from common.files import csv_text
from workbench.attribution import aggregation
from workbench.attribution.aggregation import Aggregate, aggregate
from workbench.attribution.result import Attribution
from workbench.dashboard import attribution_view, overlay
from workbench.dashboard.attribution_view import THIRDS
from workbench.dashboard.components import attributes
from workbench.dashboard.overlay import Display
from workbench.evaluation.predictions import Predictions
from workbench.store import HEADINGS
from workbench.store.photographs import Photographs

N_PROTOTYPES = 4
MIN_FOR_INTERVAL = 5
MAX_PIXELS = 128


def view(
    attributions: Sequence[Attribution],
    expected: int,
    photographs: Photographs,
    predictions: Predictions,
    display: Display,
) -> list[Any]:
    """Return the mean map over the mean photographs, and the prototypes under their own maps.

    `expected` is the number of maps when all are computed.
    """
    result = aggregate(attributions)
    by_id = {attribution.location_id: attribution for attribution in attributions}
    pictures = {name: overlay.views(photographs.paths(name), MAX_PIXELS) for name in by_id}
    count = f"{expected} maps" if result.count == expected else f"{result.count} of {expected} maps"
    title = f"mean of {count}" if expected > 1 else "one map"
    # One scale for all prototypes, so that they can be compared.
    values = np.stack([attribution.values for attribution in attributions])
    shared = replace(display, full=overlay.limit(values, display))
    first = attributions[0].request
    same = all(attribution.request == first for attribution in attributions)
    target = first.target_label if same else f"{first.output} of its own class"
    return [
        html.Div(
            attribution_view.layers(
                overlay.data_urls(overlay.average(list(pictures.values())), result.mean, display),
                shares(result),
                result.row_shares,
                title,
            ),
            className="views mean",
            **attributes(data_csv=to_csv(result)),
        ),
        html.Div(
            [
                attribution_view.scale(overlay.limit(result.mean, display), target),
                html.Div(
                    f"{title} of the {target}; {thirds(result)}",
                    className="label",
                    title="Over the mean of the photographs. Shares of |map| by view with "
                    "95 % confidence intervals over locations.",
                ),
            ],
            className="mean-info",
        ),
        html.Div(
            [
                html.H3(
                    "Prototypes",
                    title="The locations whose maps correlate most with the mean of the others",
                ),
                html.Span(
                    "one scale", className="label", title="Colours are full at the same value"
                ),
                attribution_view.scale(overlay.limit(values[0], shared), target),
            ],
            className="prototypes-info",
        ),
        html.Div(
            [
                _prototype(by_id[name], pictures[name], predictions, shared)
                for name in result.prototypes[:N_PROTOTYPES]
            ],
            className="prototypes",
        ),
    ]


def shares(result: Aggregate) -> list[str]:
    """Return the mean share of each view as text, with its interval if there are enough maps."""
    return _with_intervals(result, result.view_shares, result.view_intervals)


def thirds(result: Aggregate) -> str:
    """Return the mean share of each third of the rows, as `shares` does."""
    parts = _with_intervals(result, aggregation.thirds(result.row_shares), result.third_intervals)
    return ", ".join(f"{name} {part}" for name, part in zip(THIRDS, parts, strict=True))


def _with_intervals(
    result: Aggregate, values: NDArray[np.float64], intervals: NDArray[np.float64]
) -> list[str]:
    if result.count < MIN_FOR_INTERVAL:
        return [f"{share:.0%}" for share in values]
    return [
        f"{share:.0%} ({low * 100:.0f}–{high * 100:.0f})"
        for share, (low, high) in zip(values, intervals, strict=True)
    ]


def to_csv(result: Aggregate) -> str:
    """Return the shares of views and of thirds of the rows with their intervals as CSV."""
    values = [*result.view_shares, *aggregation.thirds(result.row_shares)]
    intervals = [*result.view_intervals, *result.third_intervals]
    rows = [
        (name, result.count, float(value), *map(float, interval))
        for name, value, interval in zip((*HEADINGS, *THIRDS), values, intervals, strict=True)
    ]
    return csv_text([("part", "maps", "share", "low", "high"), *rows])


def _prototype(
    attribution: Attribution, pictures: Sequence[Any], predictions: Predictions, display: Display
) -> html.Button:
    row = predictions.rows[attribution.location_id]
    true = predictions.class_names[predictions.store.labels[row]]
    predicted = predictions.class_names[predictions.predicted_labels[row]]
    correct = true == predicted
    sources = overlay.data_urls(pictures, attribution.values, display)
    return html.Button(
        [
            html.Span([html.Img(src=source, alt="") for source in sources]),
            html.Span(
                [
                    html.Span("✓" if correct else "✗", className="correct" if correct else "wrong"),
                    f" {true}" if correct else f" {true} → {predicted}",
                ]
            ),
        ],
        className="prototype",
        type="button",
        title=f"Open {attribution.location_id}",
        **attributes(data_location=attribution.location_id),
    )
