"""The state of the dashboard that a copied link holds: its page, selection, colours and maps.

`assets/dashboard/link.js` writes it into the address, after "#". Links come from people and
browsers: their values are checked here, and against the store that they are used with.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, get_args
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from common.errors import InputError
from embeddings.results import Projection, menu_order
from workbench.attribution.request import AttributionRequest, read_request
from workbench.evaluation.census import divisions
from workbench.evaluation.class_table import worst_classes
from workbench.evaluation.confusions import ORDERS
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.steps import Name, Step, Steps, evaluate, without
from workbench.export.options import Kind, Score

MOST_LETTERS = 4_000_000
"""The longest link: a selection may list many ids."""
MOST_PARAMETERS = 200
N_PANELS = 3
"""How many projections the page Maps shows side by side; with more, each panel has a menu."""
KINDS_OF_PAGE: Mapping[str, tuple[Kind, ...]] = {
    "overview": ("accuracy", "histograms", "roc", "classes"),
    "maps": ("projections", "histograms", "roc", "confusion"),
    "errors": ("confusion", "divisions"),
    "states": ("classes", "roc", "roc-classes"),
    "state": ("roc",),
    "geography": ("state-map", "geography", "divisions", "split"),
    "calibration": ("reliability", "histograms", "covariates"),
    "location": (),
    "compare": ("side-by-side",),
}
"""What `--url` writes of each page, besides the opened location."""
KINDS_OF_LOCATION: tuple[Kind, ...] = ("locations", "attributions")
_SCORE = {"maps": "score", "states": "states-score", "state": "state-score"}
HISTOGRAMS = ("confidence", "margin", "kilometers", "year", "entropy", "rank")
_FEWER_HISTOGRAMS = {"overview": ("confidence", "kilometers"), "calibration": ("confidence",)}
"""The columns whose histograms a page shows, where they are not all of `HISTOGRAMS`."""
_CLASSES = ("class", "cell")
_REQUEST = ("method", "baseline", "output", "target", "contrast")
_STEPS: TypeAdapter[list[Step]] = TypeAdapter(Steps)
_IDS: TypeAdapter[list[str]] = TypeAdapter(Annotated[list[Name], Field(max_length=4)])
_COPY = "copy it with “Copy link” in the dashboard"


@dataclass(frozen=True)
class Link:
    """What a link says; what it does not say is as in a dashboard that was just opened.

    `text` is the link after "#". `steps` is the selection, [] for everything; `location` the opened
    location, "" for none; `pins` the pinned ones. `values` are the other choices by name.
    """

    text: str
    steps: Sequence[Step] = ()
    pins: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def page(self) -> str:
        """The page, the first one where the dashboard has none of this name."""
        page = self.values.get("page", "")
        return page if page in KINDS_OF_PAGE else next(iter(KINDS_OF_PAGE))

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What its page shows that there is for print, and the opened or the pinned locations."""
        if self.page == "compare" and not self.ids:
            return ()
        return KINDS_OF_PAGE[self.page] + (KINDS_OF_LOCATION if self.ids else ())

    @property
    def location(self) -> str:
        """The id of the opened location, "" without one."""
        return self.values.get("location", "")

    @property
    def ids(self) -> tuple[str, ...]:
        """The locations that are shown: on the page Compare the pinned, else the opened one."""
        if self.page == "compare":
            return self.pins
        return (self.location,) if self.location else ()

    @property
    def color(self) -> str:
        """What colours the points, an option of "Colour by"."""
        return self.values.get("color", "true")

    @property
    def has_safe_colors(self) -> bool:
        """Whether its colours are those for people with colour vision deficiency."""
        return self.values.get("palette") == "safe"

    @property
    def score(self) -> str:
        """What orders the locations along a ROC curve, "" where its page does not say."""
        score = self.values.get(_SCORE.get(self.page, ""), "")
        return score if score in get_args(Score) else ""

    def member(self, predictions: Predictions) -> NDArray[np.bool_]:
        """Return which locations of a store it selects, (N,).

        The page of one class leaves out what the selection says about classes.
        """
        steps = without(self.steps, _CLASSES)[0] if self.page == "state" else self.steps
        return evaluate(steps, predictions)

    def member_of_matrix(self, predictions: Predictions) -> NDArray[np.bool_]:
        """Return which locations the confusion matrix of its page counts, (N,).

        A chosen cell is one of the matrix that it was chosen in.
        """
        kinds = _CLASSES if self.page == "errors" else ("cell",)
        return evaluate(without(self.steps, kinds)[0], predictions)

    def highlighted(self, predictions: Predictions) -> tuple[str, ...]:
        """Return the true classes that the page is about, in class order; () for no single ones."""
        if self.page == "state":
            return (self.values.get("state-class") or worst_classes(predictions)[0].class_name,)
        names: set[str] = set()
        for step in without(self.steps, _CLASSES)[1]:
            one: Any = step["filter"]
            names |= set(one["names"] if one.get("of") == "true" else one.get("true", ()))
        return tuple(name for name in predictions.class_names if name in names)

    @property
    def matrix_order(self) -> str:
        """The order of the confusion matrix: that of the page Errors, else the store's, ""."""
        if self.page != "errors":
            return ""
        order = self.values.get("errors-order", "")
        return order if order in ORDERS else "name"

    @property
    def histograms(self) -> tuple[str, ...]:
        """The columns whose histograms its page shows."""
        return _FEWER_HISTOGRAMS.get(self.page, HISTOGRAMS)

    def request(self, predictions: Predictions) -> AttributionRequest:
        """Return the request of its maps; raises InputError for one that a store cannot answer."""
        default = AttributionRequest()
        usual = (default.method, default.baseline, default.output, default.target, "")
        values = [self.values.get(name, value) for name, value in zip(_REQUEST, usual, strict=True)]
        return read_request(values, predictions.class_names, predictions.rows)

    def projections(self, known: Mapping[str, Projection]) -> list[Projection]:
        """Return the projections that are shown: one alone if it is shown large."""
        shown = {
            f"panel-{one.name}": known[self.values.get(f"map-{one.name}", one.name)]
            for one in menu_order(known)[:N_PANELS]
        }
        large = self.values.get("large", "")
        chosen = [shown[large]] if large in shown else list(shown.values())
        return list({one.name: one for one in chosen}.values())

    def check(self, predictions: Predictions, name: str) -> None:
        """Raise InputError if it is about classes, locations or maps that a store does not have."""
        for what, wanted, known in self._named(predictions):
            if wanted not in known:
                raise InputError(
                    f"--url: {name} has no {what} {wanted!r:.200}; the link is of another store."
                )
        for ids in _lists_of_ids(self.steps):
            if ids and not any(one in predictions.rows for one in ids):
                raise InputError(
                    f"--url: {name} has no location {ids[0]!r:.200} nor any other that the link "
                    "lists; the link is of another store."
                )
        try:
            self.request(predictions)
        except InputError as error:
            raise InputError(f"--url: {error}") from error

    def _named(self, predictions: Predictions) -> Iterator[tuple[str, str, Any]]:
        """Yield what the link names: the kind of thing, its name, and the known names."""
        store = predictions.store
        for step in _flat(self.steps):
            one: Any = step["filter"]
            if one["kind"] == "lasso":
                yield "map", one["projection"], store.projections
            elif one["kind"] == "range":
                yield "column", one["column"], predictions.columns
            elif one["kind"] in ("class", "cell"):
                for key in ("names", "true", "predicted"):
                    for class_name in one.get(key, ()):
                        yield "class", class_name, predictions.class_indices
        yield "colour", self.color, _colors(predictions)
        for location in (*self.pins, *([self.location] if self.location else ())):
            yield "location", location, predictions.rows
        for key, value in self.values.items():
            if key.startswith("map-"):
                yield "map", value, store.projections
            elif key == "state-class":
                yield "class", value, predictions.class_indices


def _colors(predictions: Predictions) -> set[str]:
    """Return the options of "Colour by"; the map's share of kept neighbours is "preservation"."""
    names = {name.partition("/")[0] for name in predictions.columns}
    of_states = {"division"} if divisions(predictions.class_names) else set()
    return {"true", "predicted", "correct"} | of_states | names


def read_link(text: str) -> Link:
    """Return what a link says; raises InputError for text that is none.

    It may be the whole address or the part after "#". What stands before "#", such as a token, is
    not kept.
    """
    _, sharp, after = text.strip().partition("#")
    fragment = after if sharp else "" if "://" in text else text.strip()
    if len(fragment) > MOST_LETTERS:
        raise InputError(
            f"--url: the link has {len(fragment):,} letters, at most {MOST_LETTERS:,}; select by "
            "classes, numbers or a lasso instead of ids."
        )
    try:
        pairs = parse_qsl(
            fragment,
            keep_blank_values=True,
            strict_parsing=bool(fragment),
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except ValueError as error:
        raise InputError(
            f"--url {fragment!r:.80}: is not a link of the dashboard; {_COPY}."
        ) from error
    values = dict(pairs)
    steps = _list(values.pop("selection", ""), _STEPS, "selection")
    pins = _list(values.pop("pins", ""), _IDS, "list of pins")
    for name, value in values.items():
        if len(value) > 1000 and name != "columns":
            raise InputError(f"--url: {name[:80]} has {len(value):,} letters; {_COPY}.")
    return Link(fragment, steps, tuple(pins), values)


def _list(text: str, form: TypeAdapter[list[Any]], what: str) -> list[Any]:
    """Return the list in a JSON text, [] for none; raises InputError for one of another form."""
    if not text:
        return []
    try:
        return form.validate_python(json.loads(text), strict=True)
    except ValidationError as error:
        rule = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise InputError(f"--url: its {what} cannot be read ({rule['msg']}); {_COPY}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"--url: its {what} is incomplete; {_COPY}.") from error


def _flat(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield steps and those of their groups."""
    for step in steps:
        yield step
        one: Any = step["filter"]
        if one["kind"] == "group":
            yield from _flat(one["steps"])


def _lists_of_ids(steps: Sequence[Step]) -> Iterator[Sequence[str]]:
    for step in _flat(steps):
        one: Any = step["filter"]
        if one["kind"] in ("ids", "nearest"):
            yield one["ids"]
