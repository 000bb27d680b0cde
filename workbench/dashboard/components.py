"""Small helpers for Dash components that several panels need."""

from typing import Any

from dash import dcc, html


def attributes(**values: str) -> dict[str, Any]:
    """Return `data_class="Ohio"` as {"data-class": "Ohio"}, for a Dash component's keywords."""
    return {name.replace("_", "-"): value for name, value in values.items()}


def button(
    label: str, component_id: str, title: str = "", *, hidden: bool = False, disabled: bool = False
) -> html.Button:
    """Return a quiet button."""
    return html.Button(
        label,
        id=component_id,
        type="button",
        className="quiet",
        title=title,
        hidden=hidden,
        disabled=disabled,
    )


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
