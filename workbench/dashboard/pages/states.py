"""The page of the classes: a table of their numbers in the selection."""

from typing import Any

from dash import Dash, html

from workbench.dashboard.components import panel
from workbench.dashboard.pages.base import Page
from workbench.evaluation.predictions import Predictions


def layout(predictions: Predictions) -> list[Any]:
    """Return the panels."""
    return [panel("States", [], [html.Div(id="states")], "states", "States")]


def register_callbacks(app: Dash, predictions: Predictions, has_photographs: bool) -> None:
    """Let the panels follow the selection."""


PAGE = Page("states", "States", layout, register_callbacks)
