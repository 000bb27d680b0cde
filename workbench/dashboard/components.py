"""Small helpers for Dash components that several panels need."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from workbench.dashboard.static_html import StaticHtml


def attributes(**values: str) -> dict[str, Any]:
    """Return `data_class="Ohio"` as {"data-class": "Ohio"}, for a Dash component's keywords."""
    return {name.replace("_", "-"): value for name, value in values.items()}


def panel(
    title: str,
    head: Sequence[Any],
    content: Sequence[Any],
    name: str,
    label: str,
    saves: bool = False,
    paper: Sequence[str] = (),
    csv: str = "",
    **options: Any,
) -> html.Section:
    """Return a panel: its title with what stands beside it, over its content.

    A figure among the content can be downloaded, and any content of a panel that `saves`. `paper`
    are the kinds of `workbench.export` that it also has for print; `csv` is as in `downloads`.
    """
    saves = saves or any(isinstance(one, dcc.Graph) for one in content)
    menu = [downloads(saves, paper, csv)] if saves or paper else []
    return html.Section(
        [html.Div([html.H2(title), *head, *menu], className="panel-head"), *content],
        className=f"panel {name}-panel",
        **attributes(aria_label=label),
        **options,
    )


def table_panel(title: str, name: str, label: str, has_buttons: bool = True) -> html.Section:
    """Return a panel with a table, which the browser writes into the element `name`.

    The keyboard scrolls it by its buttons; without any, it takes the focus itself.
    """
    reachable = {} if has_buttons else attributes(role="group", aria_label=label, tabIndex="0")
    return panel(
        title,
        [html.Span(id=f"{name}-status", className="status", role="status")],
        [html.Div(id=name, className="table-box", **reachable)],
        name,
        label,
        saves=True,
    )


def right_and_wrong() -> list[Any]:
    """Return the key of histograms with right locations above the line and wrong ones below."""
    return [
        html.Span("right ↑", className="correct"),
        "  ",
        html.Span("wrong ↓", className="wrong"),
    ]


def downloads(saves: bool = True, paper: Sequence[str] = (), csv: str = "") -> Component:
    """Return the menu that saves the map or figure of its panel (assets/dashboard/downloads.js).

    With `paper`, kinds of `workbench.export`, also as a figure for a paper (paper.js). `csv` is the
    id of the button that lets the server write the CSV; "": the browser does.
    """
    pictures = (("png", "PNG picture"), ("svg", "SVG picture"))
    forms = [
        html.Button(title, type="button", **attributes(data_download=form))
        for form, title in (*pictures, *([] if csv else [("csv", "CSV of its numbers")]))
    ]
    if csv:
        forms.append(html.Button("CSV of its numbers", type="button", id=csv))
    for_paper = html.Button(
        "Figure for a paper …", type="button", **attributes(data_paper=" ".join(paper))
    )
    menu = html.Details(
        [
            html.Summary("↓", title="Download this view", **attributes(aria_label="Download")),
            html.Div(
                forms * saves + [for_paper] * bool(paper),
                className="choices",
            ),
        ],
        className="menu download",
    )
    return menu if csv else StaticHtml([menu])  # The button of a CSV has a callback.


def button(label: str, component_id: str, title: str = "", **options: Any) -> html.Button:
    """Return a quiet button."""
    options = {"className": "quiet", "type": "button"} | options
    return html.Button(label, id=component_id, title=title, **options)


def segments(component_id: str, titles: Mapping[str, str], value: str) -> dcc.RadioItems:
    """Return a choice of one among titles by value, as one segmented control."""
    return dcc.RadioItems(titles, value, id=component_id, className="segments small", inline=True)


def poll_timer(component_id: str, milliseconds: int) -> dcc.Interval:
    """Return a timer that fires once each time `next_poll` allows it.

    A free-running timer would overtake a slow server: the browser drops a response when the same
    callback was called again in the meantime.
    """
    return dcc.Interval(id=component_id, interval=milliseconds, max_intervals=0)


def next_poll(n_intervals: Any, again: bool) -> int:
    """Return the timer's `max_intervals`: one more than `n_intervals` if it is to fire `again`."""
    fired = n_intervals if isinstance(n_intervals, int) else 0
    return fired + 1 if again else fired
