"""The page of the projections, with histograms, ROC curves and confusion matrix."""

from typing import Any

from dash import Dash, html

from workbench.dashboard import metrics, projections
from workbench.dashboard.pages.base import Page
from workbench.evaluation.predictions import Predictions


def layout(predictions: Predictions) -> list[Any]:
    """Return the projections."""
    return [html.Div(projections.layout(predictions), className="projections")]


def figures(_predictions: Predictions) -> list[Any]:
    """Return histograms, curves and matrix, which stand below the projections."""
    return [html.Div([metrics.curves_panel(), metrics.confusion_panel()], className="metrics")]


def register_callbacks(app: Dash, predictions: Predictions, _has_photographs: bool) -> None:
    """Let curves and matrix follow the selection; the browser draws the projections."""
    metrics.register_callbacks(app, predictions)


PAGE = Page(
    "maps",
    "Maps",
    layout,
    register_callbacks,
    (("roc-score", "value"), ("curves-view", "value")),
    figures,
    drawn="maps-updated",
)
