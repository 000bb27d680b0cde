"""HTML that Dash draws as one component."""

from collections.abc import Sequence
from typing import Any

from dash import dcc
from dash.development.base_component import Component


class StaticHtml(Component):
    """A tree of `dash.html` components; assets/static_html.js draws it.

    Dash's renderer updates every component of the page for each one that it adds (`DashWrapper` of
    Dash 4.4): the checks of a map, 190 components, took half of the time of a click. Ids in the
    tree are for styles and scripts, not for callbacks.
    """

    _namespace = "workbench"
    _type = "StaticHtml"
    _prop_names = ["content"]  # noqa: RUF012  # As in the classes that Dash generates.
    _valid_wildcard_attributes: list[str] = []  # noqa: RUF012

    def __init__(self, content: Sequence[Any]) -> None:
        """Take the roots of the tree."""
        super().__init__(content=list(content))  # type: ignore[no-untyped-call]


def static(children: Sequence[Any]) -> list[Any]:
    """Return html components without callbacks as one component each; figures stay as they are."""
    return [one if isinstance(one, dcc.Graph) else StaticHtml([one]) for one in children]
