"""What a page is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input

from workbench.evaluation.predictions import Predictions


@dataclass(frozen=True)
class Page:
    """Panels that are shown together, in the grid of `main` (assets/pages.css).

    `name` is in the page's address. `layout` returns the panels, which are mounted when the page is
    first shown; until then, Dash does not run callbacks whose outputs are among them. They take the
    selection from `selected`, which changes only while the page is shown. A callback has its
    outputs either all in the page or all outside; one with outputs outside declares inputs from the
    page with `allow_optional=True`.
    """

    name: str
    title: str
    layout: Callable[[Predictions], list[Any]]
    register_callbacks: Callable[[Dash, Predictions, bool], None]
    """Called with the application, the predictions, and whether there are photographs."""
    options: tuple[tuple[str, str], ...] = ()
    """Component and property of each choice of the page that its address keeps."""
    figures: Callable[[Predictions], list[Any]] | None = None
    """Panels that are mounted when the others are drawn, because Plotly loads and draws slowly."""
    drawn: str = ""
    """The id of the `dcc.Store` that says that the others are drawn."""

    @property
    def store(self) -> str:
        """The id of the `dcc.Store` with the steps of the selection, [] for everything."""
        return f"selection-{self.name}"


def selected(page: str) -> Input:
    """Return the steps of the selection (`steps.Steps`), as the page of a name shows them."""
    return Input(f"selection-{page}", "data")
