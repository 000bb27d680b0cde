"""Figures for a paper of what a page shows: the bytes that `resnetbolt export --url` writes.

A page asks with its link, which is a rule about the store, and with names from fixed lists; nothing
in it is a path. One thread draws one figure at a time.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import flask
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from common.errors import InputError
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.steps import Name
from workbench.export.link import MOST_LETTERS, read_link
from workbench.export.options import Options
from workbench.http import json_body, plain_text

WAIT_SECONDS = 20.0
"""How long an answer waits for its figure; the page then asks again."""
MOST_WAITING = 8
MOST_KEPT = 16
"""Figures in memory; one has some 100 kB."""
MIME_TYPES = {
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
    "png": "image/png",
    "tex": "text/plain; charset=utf-8",
}


class FigureRequest(TypedDict):
    """A figure of `workbench.export`: of which page, which kind and name, and in which form."""

    link: Annotated[str, Field(max_length=MOST_LETTERS)]
    kind: Literal[
        "attributions",
        "classes",
        "confusion",
        "covariates",
        "divisions",
        "geography",
        "histograms",
        "locations",
        "projections",
        "reliability",
        "roc",
        "roc-classes",
        "side-by-side",
        "split",
        "state-map",
    ]
    name: Name
    format: Literal["pdf", "svg", "png", "tex"]
    preset: Literal["page", "single-column", "double-column", "slide"]


_REQUEST: TypeAdapter[FigureRequest] = TypeAdapter(FigureRequest)
Known = Callable[[str, AttributionRequest], Attribution | None]
Draw = Callable[[FigureRequest], bytes]


def drawing(options: Options, predictions: Predictions, known: Known) -> Draw:
    """Return what draws a figure of a store; it raises InputError for one that there is not.

    `options` name the store and what belongs to it, `known` returns attributions that are computed.
    """

    def draw(request: FigureRequest) -> bytes:
        # Here, so that the dashboard starts without Matplotlib.
        from workbench.export.kinds.context import Context
        from workbench.export.models import open_model
        from workbench.export.write import one_figure

        link = read_link(request["link"])
        figure_options = replace(
            options,
            url=link.text,
            only=(request["kind"],),
            preset=request["preset"],
            compute=False,
        )
        model = open_model(figure_options, predictions, link)
        # A server starts no processes.
        context = Context(figure_options, [model], known, num_workers=0)
        return one_figure(context, request["kind"], request["name"], request["format"])

    return draw


@dataclass
class _Job:
    request: FigureRequest
    done: threading.Event = field(default_factory=threading.Event)
    result: bytes | str = ""


class BusyError(Exception):
    """Too many figures are waiting."""


class FigureQueue:
    """Draws one figure at a time; equal requests are one figure."""

    def __init__(self, draw: Draw) -> None:
        """Take what draws; the thread starts with the first figure and ends with the process."""
        self._draw = draw
        self._changed = threading.Condition()  # Its lock guards all that follows.
        self._jobs: dict[str, _Job] = {}  # The last asked for at the end.
        self._is_running = False

    def ask(self, request: FigureRequest, seconds: float = WAIT_SECONDS) -> bytes | str | None:
        """Return a figure, or why there is none; None if it is not there after some seconds.

        Raises BusyError where `MOST_WAITING` others wait.
        """
        key = repr(sorted(request.items()))
        with self._changed:
            done = [one for one, job in self._jobs.items() if job.done.is_set()]
            if key not in self._jobs and len(self._jobs) - len(done) >= MOST_WAITING:
                raise BusyError
            for oldest in done[:-MOST_KEPT]:
                del self._jobs[oldest]
            job = self._jobs.pop(key) if key in self._jobs else _Job(request)
            self._jobs[key] = job
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._serve, name="figures", daemon=True).start()
            self._changed.notify()
        if not job.done.wait(seconds):
            return None
        if isinstance(job.result, str):  # It may go well the next time.
            with self._changed:
                self._jobs.pop(key, None)
        return job.result

    def _next(self) -> _Job | None:
        return next((job for job in self._jobs.values() if not job.done.is_set()), None)

    def _serve(self) -> None:
        while True:
            with self._changed:
                while (job := self._next()) is None:
                    self._changed.wait()
            try:
                job.result = self._draw(job.request)
            except InputError as error:
                job.result = str(error).removeprefix("--url: ")
            except Exception as error:  # The page must show it, and the thread must live on.
                job.result = f"The figure failed: {type(error).__name__}: {error}"
            job.done.set()


def register_route(server: flask.Flask, draw: Draw) -> None:
    """Answer POST /figure with a file, 202 while it is drawn, 422 and a sentence without one."""
    figures = FigureQueue(draw)

    @server.post("/figure")
    def figure() -> flask.Response:
        try:
            request = _REQUEST.validate_python(json_body(), strict=True)
        except ValidationError as error:
            rule = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(map(str, rule["loc"]))
            flask.abort(400, description=f"{place}: {rule['msg']}"[:200])
        try:
            result = figures.ask(request)
        except BusyError:
            return plain_text("Other figures are drawn; try again in a minute.", 503)
        if result is None:
            return plain_text("The figure is being drawn.", 202)
        if isinstance(result, str):
            return plain_text(result, 422)
        response = flask.Response(result, mimetype=MIME_TYPES[request["format"]])
        response.headers["Cache-Control"] = "no-store"
        return response
