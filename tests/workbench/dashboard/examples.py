"""An answer and its evidence, an explainer that goes step by step, and the words of a component."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from common.errors import InputError
from common.progress import ProgressCallback, no_progress
from workbench.attribution.explainer import PartialCallback
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import REPLACEMENT_TITLES, Attribution, Checks, Cost, Curves
from workbench.dashboard.job_queue import Job
from workbench.dashboard.static_html import StaticHtml

SECONDS = 10
PREDICTED, TRUE = "Ohio", "Alaska"  # Whatever the location.

_INVALID_FILTERS: list[Any] = [
    None,
    {"kind": []},
    {"kind": "class"},
    {"kind": "class", "of": "true", "names": "Ohio"},
    {"kind": "class", "of": "true", "names": ["Ohio", 4, None, {}, []]},
    {"kind": "cell", "true": "Ohio", "predicted": ["Ohio"]},
    {"kind": "cell", "true": [{"a": 1}], "predicted": ["Ohio"]},
    {"kind": "lasso", "projection": ["umap"], "polygon": []},
    {"kind": "lasso", "projection": "umap", "polygon": [[0, 1], [float("nan"), 0], [0, 0]]},
    {"kind": "lasso", "projection": "umap", "polygon": [[0, 1, 2], [0], 5]},
    {"kind": "range", "column": "margin", "min": "0", "max": 1},
    {"kind": "range", "column": "margin"},
    {"kind": "correct", "value": 1},
    {"kind": "ids", "ids": {"0": "Ohio"}},
    {"kind": "ids", "ids": ["x" * 1001]},
    {"kind": "search", "text": 5},
]


def nested(depth: int) -> list[Any]:
    """Return steps in groups within groups."""
    steps: list[Any] = [{"op": "replace", "filter": {"kind": "all"}}]
    for _ in range(depth):
        steps = [{"op": "replace", "filter": {"kind": "group", "name": "a", "steps": steps}}]
    return steps


# No selections.
NO_STEPS: list[Any] = [
    3,
    "Ohio",
    {},
    [None, 3, {}],
    [{"op": [], "filter": {"kind": "class", "of": "true", "names": ["Ohio"]}}],
    *([{"op": "replace", "filter": wrong}] for wrong in _INVALID_FILTERS),
    [{"op": "add", "filter": {"kind": "correct", "value": True}}] * 101,
    nested(100),
    nested(300),
]
# What a browser may send in place of a selection, an id or a choice.
NONSENSE: list[Any] = [None, [], *NO_STEPS[:10]]


def step(kind: str, op: str = "replace", **options: Any) -> Any:
    """Return a step of a selection."""
    return {"op": op, "filter": {"kind": kind, **options}}


def classes(*names: str, op: str = "replace") -> Any:
    """Return the step that selects true classes."""
    return step("class", op, of="true", names=list(names))


def cell(true: str, predicted: str, op: str = "replace") -> Any:
    """Return the step that selects a cell of the confusion matrix."""
    return step("cell", op, true=[true], predicted=[predicted])


def attribution(name: str, question: AttributionRequest | None = None) -> Attribution:
    """Return a map of 256 pixels of 0.01 that misses an output difference of 2 by 0.56."""
    return Attribution(
        location_id=name,
        request=question or AttributionRequest(target=PREDICTED),
        values=np.full((4, 8, 8), 0.01, dtype=np.float32),
        output=3.0,
        baseline_output=1.0,
        probability=0.5,
        converged=True,
        reason="",
        error_estimate=0.021,
        cost=Cost(96, 34, 2.5),
    )


def examined(made: Attribution) -> Attribution:
    """Return a map with evidence that speaks for it."""
    fraction = np.linspace(0, 1, 5)
    falling = {"map": 0.5 * (1 - fraction) ** 4, "random": 0.5 * (1 - fraction)}
    rising = {"map": 0.5 * fraction**0.25, "random": 0.5 * fraction}
    return replace(
        made,
        checks=Checks(
            fractions=fraction,
            curves=dict.fromkeys(
                REPLACEMENT_TITLES,
                Curves(
                    falling | {"edges": 0.5 * (1 - fraction) ** 2},
                    rising | {"edges": 0.5 * fraction**0.5},
                ),
            ),
            baseline_agreement={"mean": 0.81, "blur": 0.77},
            noise_stability=np.array([0.93, 0.9]),
            model_randomization={"classifier": 0.31, "layer4": 0.12, "conv1": 0.02},
            input_randomization=0.12,
            view_effects=np.array([-0.2, 0.01, -0.04, 0.0]),
            rotation_effects=np.array([-0.03, 0.0, 0.02]),
            cost=Cost(300, 200, 3.0),
        ),
    )


class Fake:
    """Explains when told to: `step` lets it go one step on, of three a map and one a proof.

    `asked` has what it began, maps by their location's id and proofs by the id and "?".
    """

    steps = 3

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.step = threading.Semaphore(0)
        self.started = threading.Semaphore(0)

    def resolve(self, location_id: str, request: AttributionRequest) -> AttributionRequest:
        return request.resolve(PREDICTED, TRUE)

    def explain(
        self,
        location_id: str,
        request: AttributionRequest,
        progress: ProgressCallback = no_progress,
        on_partial: PartialCallback | None = None,
    ) -> Attribution:
        made = attribution(location_id, request)
        if location_id == "broken":
            raise InputError("The photograph is broken; give another.")
        if location_id == "bug":
            raise ZeroDivisionError("division by zero")
        self._go(location_id, self.steps, progress, lambda: on_partial and on_partial(made))
        return made

    def check(
        self, attribution: Attribution, progress: ProgressCallback = no_progress
    ) -> Attribution:
        if attribution.location_id == "doubtful":
            raise InputError("There is no evidence; train it again.")
        self._go(f"{attribution.location_id}?", 1, progress, lambda: None)
        return examined(attribution)

    def _go(
        self, name: str, steps: int, progress: ProgressCallback, on_step: Callable[[], Any]
    ) -> None:
        self.asked.append(name)
        try:
            progress(0.0, "integrating")
            self.started.release()
            for done in range(1, steps + 1):
                assert self.step.acquire(timeout=SECONDS)
                progress(done / steps, "integrating")
                on_step()
        except Exception:
            self.cancelled.append(name)
            raise

    def go(self, steps: int) -> None:
        self.step.release(steps)

    def wait(self) -> None:
        """Wait until it began one more."""
        assert self.started.acquire(timeout=SECONDS)


def key(name: str, question: AttributionRequest | None = None) -> Job:
    return Job(name, (question or AttributionRequest()).resolve(PREDICTED, TRUE))


def text(component: Any) -> str:
    """Return the words of a component and of all in it."""
    if component is None or isinstance(component, (str, int, float)):
        return "" if component is None else str(component)
    if isinstance(component, (list, tuple)):
        return " ".join(text(part) for part in component)
    inner = "content" if isinstance(component, StaticHtml) else "children"
    return text(getattr(component, inner, None))
