"""What a page is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input

from workbench.evaluation.predictions import Predictions


@dataclass(frozen=True)
class Page:
    """Panels that are shown together, in the grid of `main` (assets/pages.css).

    `name` is in the page's address. `layout` returns the panels. The callbacks take the selection
    from `selected`, which changes only while the page is shown, and have
    `prevent_initial_call=True`: they run when the page is shown first.
    """

    name: str
    title: str
    layout: Callable[[Predictions], list[Any]]
    register_callbacks: Callable[[Dash, Predictions, bool], None]
    """Called with the application, the predictions, and whether there are photographs."""
    options: tuple[tuple[str, str], ...] = ()
    """Component and property of each choice of the page that its address keeps."""

    @property
    def store(self) -> str:
        """The id of the `dcc.Store` with the steps of the selection, [] for everything."""
        return f"selection-{self.name}"


def selected(page: str) -> Input:
    """Return the steps of the selection (`steps.Steps`), as the page of a name shows them."""
    return Input(f"selection-{page}", "data")
