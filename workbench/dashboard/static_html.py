"""HTML that Dash draws as one component."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component


class StaticHtml(Component):
    """Trees of `dash.html` components; assets/static_html.js draws them, without an element around.

    For each component that Dash's renderer adds, every component of the page checks whether it has
    changed (`DashWrapper` of Dash 4.4), and the checks of a map are 190 components. Ids in the
    trees are for styles and scripts, not for callbacks.
    """

    _namespace = "workbench"
    _type = "StaticHtml"
    _prop_names = ["content"]  # noqa: RUF012  # As in the classes that Dash generates.
    _valid_wildcard_attributes: list[str] = []  # noqa: RUF012

    def __init__(self, content: Sequence[Any]) -> None:
        """Take the roots of the trees; raises TypeError for a component that is not HTML."""
        _refuse_others(content)
        super().__init__(content=list(content))  # type: ignore[no-untyped-call]


def static(children: Sequence[Any]) -> list[Any]:
    """Return html components without callbacks as one component; figures stay as they are.

    Those before, between and after figures are one each. Raises TypeError as `StaticHtml`.
    """
    runs = groupby(children, lambda one: isinstance(one, dcc.Graph))
    return [part for figures, run in runs for part in (run if figures else [StaticHtml(list(run))])]


def _refuse_others(node: Any) -> None:
    for one in node if isinstance(node, (list, tuple)) else [node]:
        if isinstance(one, Component):
            if one._namespace != html.Div._namespace:
                raise TypeError(f"static HTML has html components alone, not {one._type}")
            _refuse_others(getattr(one, "children", None))
