"""The web server of the quiz: one page, and the JSON that it asks for.

Pages name a location by seed, size and position of a round: its id, which often begins with the
state, leaves the server only in the reply to an answer.
"""

import secrets
from collections.abc import Callable
from functools import lru_cache, partial
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, TypeVar

import flask
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict
from werkzeug.exceptions import HTTPException

from common.errors import InputError
from common.text import printable
from workbench.attribution.explainer import Explainer
from workbench.attribution.ground_truth.masks import Masks
from workbench.attribution.layered_cache import LayeredCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.dashboard import access as access_control
from workbench.dashboard import overlay
from workbench.dashboard.access import Access
from workbench.dashboard.attribution_view import thirds
from workbench.dashboard.background import Failure
from workbench.dashboard.job_queue import JobQueue, RunningState
from workbench.dashboard.overlay import Display
from workbench.dashboard.photographs import photograph_response
from workbench.evaluation.columns import class_centers, great_circle_km, unit_vectors
from workbench.evaluation.people import rank_at
from workbench.evaluation.predictions import Predictions
from workbench.figures import tile_map
from workbench.http import add_security_headers, json_body
from workbench.quiz.answers import MAX_GUESSES, MAX_NOTE, Answer, Answers, Mark, Name
from workbench.quiz.cues import CUES, CueShares, cue_shares, shares_finder
from workbench.quiz.report import known_maps, tables
from workbench.quiz.rounds import MAX_SIZE, draw
from workbench.store import HEADINGS
from workbench.store.photographs import Photographs

DEFAULT_SIZE = 10
MAX_REQUEST_BYTES = 2**14
_FILES = ("quiz/quiz.js", "quiz/quiz.css", "dashboard/elements.js", "theme.css", "icon.svg")
"""The files of `assets` that the page loads."""
_POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Which state? {name}</title>
    <link rel="icon" type="image/svg+xml" href="{prefix}assets/icon.svg">
    <link rel="stylesheet" href="{prefix}assets/theme.css">
    <link rel="stylesheet" href="{prefix}assets/quiz/quiz.css">
    <script type="module" src="{prefix}assets/quiz/quiz.js"></script>
  </head>
  <body data-prefix="{prefix}"><main id="quiz"></main></body>
</html>
"""


class _Round(TypedDict):
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    size: Annotated[int, Field(ge=1, le=MAX_SIZE)]


class _Position(_Round):
    position: Annotated[int, Field(ge=0, lt=MAX_SIZE)]


class _Player(TypedDict):
    player: Name
    key: Annotated[str, Field(max_length=100)]


class _Question(_Player, _Position):
    """A location that a player was asked about."""


class _Said(_Question):
    guesses: tuple[str, ...]
    cues: tuple[str, ...]
    note: Annotated[str, Field(max_length=MAX_NOTE)]
    mark: Mark | None


class _NewPlayer(TypedDict):
    player: Name


Form = TypeVar("Form")
Of = TypeVar("Of")


def create_quiz(
    predictions: Predictions,
    name: str,
    assets: Path,
    photographs: Photographs,
    explainer: Explainer | None,
    answers: Answers,
    cache: LayeredCache | None = None,
    masks: Masks | None = None,
    access: Access | None = None,
    prefix: str = "/",
) -> flask.Flask:
    """Return the quiz about a store's locations.

    `name` is the title of the store; `assets`, `cache`, `access` and `prefix` are those of
    `workbench.dashboard.create_app`. Without an explainer no attributions are shown. With the
    `masks` of painted photographs, the cues that players name are compared with the maps.
    """
    server = flask.Flask(__name__, static_folder=None)
    server.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    access_control.register_access(server, access or Access())
    store = predictions.store
    jobs = JobQueue(explainer, cache) if explainer else None
    places = unit_vectors(store.latitudes, store.longitudes)
    centers = class_centers(predictions)
    find_map = known_maps(predictions, cache)
    find_shares = _or_none(shares_finder(find_map, masks)) if masks else None
    shares_of = _or_none(partial(cue_shares, masks=masks)) if masks else None
    page = _PAGE.format(name=escape(printable(name)), prefix=escape(prefix))
    rows_of = lru_cache(64)(lambda size, seed: draw(store.labels, size, seed))

    def row_of(position: _Position) -> int:
        rows = rows_of(position["size"], position["seed"])
        if position["position"] >= len(rows):
            raise InputError("This round has fewer locations.")
        return int(rows[position["position"]])

    def check_player(player: _Player) -> None:
        if not answers.is_player(player["player"], player["key"]):
            raise InputError("This nickname is another player's; choose another.")

    @server.get("/")
    def index() -> str:
        return page

    @server.get("/assets/<path:name>")
    def asset(name: str) -> flask.Response:
        if name not in _FILES:
            flask.abort(HTTPStatus.NOT_FOUND)
        return flask.send_from_directory(assets, name)

    @server.get("/round")
    def round_() -> dict[str, Any]:
        """Describe a round; without a seed, a new one."""
        query = dict(flask.request.args)
        query.setdefault("seed", str(secrets.randbelow(2**32)))
        query.setdefault("size", str(DEFAULT_SIZE))
        request = _read(_Round, query)
        tiles = tile_map.tiles(store.class_names)
        return {
            **request,
            "n": len(rows_of(request["size"], request["seed"])),
            "classes": list(store.class_names),
            "tiles": tiles and [[tile.code, tile.row, tile.column] for tile in tiles],
            "cues": list(CUES),
            "max_guesses": MAX_GUESSES,
            "explains": jobs is not None,
        }

    @server.get("/view/<int:seed>/<int:size>/<int:position>/<heading>")
    def view(seed: int, size: int, position: int, heading: str) -> flask.Response:
        request = {"seed": seed, "size": size, "position": position}
        try:
            location_id = store.location_ids[row_of(_read(_Position, request))]
        except InputError:
            flask.abort(HTTPStatus.NOT_FOUND)
        return photograph_response(photographs, location_id, heading)

    @server.post("/player")
    def player() -> dict[str, Any]:
        return {"key": answers.add_player(_read(_NewPlayer, json_body())["player"])}

    @server.post("/answer")
    def answer() -> dict[str, Any]:
        """Keep an answer, and reply with the truth; a second answer changes nothing."""
        said = _read(_Said, json_body())
        check_player(said)
        row = row_of(said)
        location_id = store.location_ids[row]
        new = Answer(
            said["player"], location_id, said["guesses"], said["cues"], said["note"], said["mark"]
        )
        new.check(store.class_names, predictions.rows)
        answers.add([new])
        kept = answers.find(said["player"], location_id) or new
        best = predictions.most_probable(row, MAX_GUESSES).tolist()
        first = [predictions.class_indices[kept.guesses[0]], best[0]]
        kilometers = great_circle_km(places[[row, row]], centers[first])
        return {
            "location": location_id,
            "truth": store.class_names[store.labels[row]],
            "guesses": kept.guesses,
            "model": [
                [store.class_names[index], float(predictions.probabilities[row, index])]
                for index in best
            ],
            "kilometers": [None if value != value else value for value in kilometers.tolist()],
        }

    @server.post("/explanation")
    def explanation() -> dict[str, Any]:
        """Return the map of a location that the player has answered, or how far it is."""
        request = _read(_Question, json_body())
        check_player(request)
        location_id = store.location_ids[row_of(request)]
        said = answers.find(request["player"], location_id)
        if jobs is None or said is None:
            raise InputError("Answer first.")
        job = jobs.job(location_id, AttributionRequest())
        jobs.enqueue(request["key"], [job])
        match jobs.state(job):
            case Attribution() as attribution:
                shares = shares_of(attribution) if shares_of and said.cues else None
                return _drawn(attribution, photographs, said, shares)
            case Failure(message):
                return {"failed": message}
            case RunningState(fraction):
                return {"fraction": fraction}
            case _:
                return {"fraction": 0}

    @server.get("/results")
    def results() -> dict[str, Any]:
        found = tables(predictions, answers.read(), find_map, find_shares)
        return {
            "tables": [
                {
                    "title": table.title,
                    "columns": list(table.frame.columns),
                    "rows": table.frame.astype(str).to_numpy().tolist(),
                    "note": table.note,
                }
                for table in found
            ]
        }

    @server.errorhandler(InputError)
    def refuse(error: InputError) -> flask.Response:
        return _sentence(str(error), HTTPStatus.BAD_REQUEST)

    @server.errorhandler(HTTPException)
    def fail(error: HTTPException) -> flask.Response:
        return _sentence(error.name, error.code or HTTPStatus.BAD_REQUEST)

    add_security_headers(server, _POLICY)
    return server


def _sentence(message: str, status: int) -> flask.Response:
    response = flask.jsonify({"message": message})
    response.status_code = status
    return response


def _read(kind: type[Form], content: Any) -> Form:
    """Return what a page has sent; raises InputError if it is of another form."""
    try:
        adapter: TypeAdapter[Form] = TypeAdapter(kind)
        return adapter.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "request"
        raise InputError(f"{place}: {first['msg']}.") from error


def _or_none(function: Callable[[Of], CueShares | None]) -> Callable[[Of], CueShares | None]:
    """Return a function with None where a mask cannot be read, which no player can mend."""

    def shares(of: Of) -> CueShares | None:
        try:
            return function(of)
        except InputError:
            return None

    return shares


def _drawn(
    attribution: Attribution, photographs: Photographs, said: Answer, shares: CueShares | None
) -> dict[str, Any]:
    """Return the views under a map, with its shares by view and by third of the height.

    Also how strong it is where the player put a mark, and on the cues that they named, where that
    is known.
    """
    pictures = overlay.views(photographs.paths(attribution.location_id))
    result: dict[str, Any] = {
        "views": overlay.data_urls(pictures, attribution.values, Display()),
        "target": attribution.request.target,
        "shares": attribution.view_shares.tolist(),
        "thirds": thirds(attribution.row_shares),
    }
    if said.mark:
        view = HEADINGS.index(said.mark.heading)
        result["rank"] = rank_at(attribution.values, view, said.mark.x, said.mark.y)
    if shares:
        found = {cue: shares.of([cue]) for cue in said.cues}
        result["cues"] = [
            [cue, share, share / expected] if expected else [cue, None, None]
            for cue, (share, expected) in found.items()
            if expected == expected  # Not for a map of zeros.
        ]
    return result
