"""The page of the errors: which classes are taken for which."""

from typing import Any

from dash import Dash, html

from workbench.dashboard.components import panel
from workbench.dashboard.pages.base import Page
from workbench.evaluation.predictions import Predictions


def layout(predictions: Predictions) -> list[Any]:
    """Return the panels."""
    return [panel("Confusions", [], [html.Div(id="confusions")], "confusions", "Confusions")]


def register_callbacks(app: Dash, predictions: Predictions, has_photographs: bool) -> None:
    """Let the panels follow the selection."""


PAGE = Page("errors", "Errors", layout, register_callbacks)
