"""BatchedModel again how far something is: one question at a time, each after the answer before it."""

from typing import Any

from dash import dcc


def poll(name: str, milliseconds: int) -> dcc.Interval:
    """Return what asks again, when `once_more` lets it.

    A timer that ran on its own would overtake a slow server: the browser drops an answer when the
    same question was asked again meanwhile.
    """
    return dcc.Interval(id=name, interval=milliseconds, max_intervals=0)


def once_more(asked: Any, wanted: bool) -> int:
    """Return the timer's `max_intervals`, when it has asked so often, if it is `wanted` again."""
    often = asked if isinstance(asked, int) else 0
    return often + 1 if wanted else often
