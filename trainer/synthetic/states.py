"""What is a state's own, wherever in it one stands: `states.csv`.

Real where there is a real difference: the markers of the state routes (shape and colours; the
outline of the state, the keystone of Pennsylvania, the beehive of Utah, a plain square in Texas,
Maine and others), concrete poles in Florida, stone walls in southern New England, plank fences in
Kentucky and Virginia, walls of lava in Hawaii, weathering-steel guardrails in New Hampshire and
West Virginia, cable barriers in the dry West and Oklahoma, snow poles in Alaska and Wyoming, farm
buildings by the crop. Lines, crossarms and the number of wires are stylised: they give neighbours a
habit of their own, as real counties have.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.synthetic.country import HERE

CENTRES = ("double yellow", "solid yellow", "dashed yellow", "dashed white", "none")
POLES = ("wood", "wood cross", "concrete", "steel", "none")
WIRES = ("1", "2", "3", "4")
POSTS = ("none", "white", "yellow", "snow pole")
BARRIERS = (
    "none", "steel rail", "weathering rail", "timber rail", "cable rail", "concrete rail",
    "stone wall", "lava wall", "black board fence", "white board fence", "split rail fence",
)  # fmt: skip
LANDMARKS = (
    "none", "barn", "silo", "elevator", "pump jack", "wind turbine", "windmill", "tobacco barn",
    "water tower", "church", "lighthouse", "adobe", "log cabin", "covered bridge",
)  # fmt: skip
UNLIKE = (
    "Alaska", "Arizona", "Hawaii", "Illinois", "Florida", "Vermont", "Kansas", "Washington",
    "Georgia", "California", "West Virginia", "Nevada", "Minnesota", "Colorado", "New Jersey",
)  # fmt: skip
"""The states that a small data set has first."""


@dataclass(frozen=True)
class State:
    """One row of the table."""

    name: str
    centre: str
    """Usual line in the middle of the road, one of `CENTRES`."""
    edge: bool
    """Whether white lines usually run along the edges."""
    pole: str
    wires: str
    marker: str
    """Marker of a state route: shape, colour of the plate, colour of the symbol."""
    barrier: str
    post: str
    landmarks: tuple[tuple[str, float], ...]
    """Names from `LANDMARKS` and their weights."""


def _landmarks(text: str) -> tuple[tuple[str, float], ...]:
    weights: list[tuple[str, float]] = []
    words: list[str] = []
    for word in text.split():
        if word.isdigit():
            weights.append((" ".join(words), float(word)))
            words = []
        else:
            words.append(word)
    return tuple(weights)


def _read() -> tuple[State, ...]:
    with (HERE / "states.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            State(
                row["state"], row["centre"], row["edge"] == "yes", row["pole"], row["wires"],
                marker(row["state"], row["marker"]), row["barrier"], row["post"],
                _landmarks(row["landmarks"]),
            )
            for row in csv.DictReader(file)
        )  # fmt: skip


def marker(state: str, design: str) -> str:
    """Return a design with the state's name in place of "outline"."""
    return design.replace("outline", state.replace(" ", "_"))


STATES = _read()
NAMES = tuple(state.name for state in STATES)
MARKERS = ("none", *sorted({state.marker for state in STATES}))
"""Designs of the markers; some states share one."""


def spread(count: int) -> tuple[State, ...]:
    """`count` states (2..50) in the order of the table; the most unlike ones first."""
    ranked = [*UNLIKE, *(name for name in NAMES if name not in UNLIKE)]
    chosen = set(ranked[:count])
    return tuple(state for state in STATES if state.name in chosen)


def usual(names: Sequence[str], name: str, share: float, rest: Sequence[float]) -> list[float]:
    """Return weights in which `name` has `share` and the others divide the remainder by `rest`."""
    others = sum(weight for other, weight in zip(names, rest, strict=True) if other != name)
    return [
        share if other == name else (1 - share) * weight / others
        for other, weight in zip(names, rest, strict=True)
    ]
