"""Serve the dashboard over a store: `python app.py FILE.h5`."""

from common import startup

if __name__ == "__main__":
    startup.exit_on_signals("python app.py")

import contextlib
import ipaddress
import logging
import os
import re
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import quote, unquote

import flask
from pydantic import Field
from tyro.conf import Positional, UseAppendAction, arg
from waitress import create_server

from common.cli import AS_EXTRACTED, cli_errors, parse
from common.errors import InputError
from common.text import print_text
from workbench import dashboard
from workbench import store as stores
from workbench.attribution import layered_cache
from workbench.attribution.attribution_file import AttributionFile
from workbench.attribution.cache import AttributionCache
from workbench.attribution.explainer import Explainer, UnavailableExplainer, open_explainer
from workbench.attribution.ground_truth.masks import Masks
from workbench.attribution.serialization import fingerprint
from workbench.dashboard.access import LOOPBACK, TOKEN, Access
from workbench.dashboard.sets import Sets
from workbench.evaluation.evaluate import EvaluationInputs
from workbench.evaluation.options import Options as EvaluationOptions
from workbench.evaluation.predictions import Predictions
from workbench.export.link import read_link
from workbench.export.options import Options as ExportOptions
from workbench.quiz.answers import Answers
from workbench.quiz.server import create_quiz
from workbench.store import Store, provenance
from workbench.store.companions import cache_folder, companion
from workbench.store.photographs import Photographs

TOKEN_VARIABLE = "RESNETBOLT_TOKEN"
NEW_TOKEN = "new"
THREADS = 16
_INSTALLED = Path(dashboard.__file__).with_name("assets")
ASSETS = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().with_name("assets")
"""Style and scripts: setup.py installs the checkout's `assets` inside the dashboard's package."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Show a store in the browser: projections, ROC curves, photographs and attributions."""

    store: Annotated[Positional[Path], arg(metavar="FILE.h5")]
    """store with projections"""
    run: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """run folder of the model"""
    data: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=AS_EXTRACTED)] = None
    """folder of the photographs"""
    attributions: Annotated[UseAppendAction[tuple[Path, ...]], arg(metavar="FILE")] = ()
    """file of `resnetbolt attribute`, shown without computing"""
    cache: Annotated[
        Path | None,
        arg(metavar="DIR", help_behavior_hint="(default: FILE.h5.cache, else your cache folder)"),
    ] = None
    """folder that keeps attributions, which several dashboards may share"""
    cache_size: Annotated[float, Field(ge=0, le=1e6)] = 2.0
    """size limit of the cache, GB; the least recently used attributions go first; 0 keeps none"""
    url: Annotated[
        str,
        arg(
            metavar="LINK",
            help="view that the dashboard opens with: a link that “Copy link” has copied",
            help_behavior_hint="(default: the overview)",
        ),
    ] = ""
    quiz: bool = False
    """serve the quiz instead: people name the states, and are compared with the model"""
    host: str = "127.0.0.1"
    """address to listen on"""
    port: Annotated[int, Field(ge=0, lt=2**16)] = 8050
    """port to listen on; 0 takes a free one"""
    prefix: Annotated[str, arg(metavar="PATH")] = "/"
    """path under which a reverse proxy shows the dashboard, such as /user/ada/proxy/8050/; the
    proxy may strip it or not"""
    token: Annotated[
        str | None,
        arg(
            metavar="TOKEN",
            help_behavior_hint=f"(default: the environment variable {TOKEN_VARIABLE}, else none)",
        ),
    ] = None
    """whoever opens the dashboard needs this token, at least 16 letters, digits, - or _; `new`
    makes one and prints it"""
    allowed_host: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME")] = ()
    """host name by which browsers reach the dashboard, besides this machine's"""


def main(arguments: list[str] | None = None, prog: str = "python app.py") -> NoReturn:
    """Open the store, wire the parts and serve until interrupted.

    Raises SystemExit with status 130 or 143 after a signal, 2 for unusable input.
    """
    notes: list[str] = []
    ending = cli_errors(prog, interrupted="the dashboard has ended")
    with ending, contextlib.ExitStack() as resources:
        options = parse(Options, arguments, prog)
        prefix = read_prefix(options.prefix)
        token, is_new = read_token(options.token)
        store = stores.read(options.store)
        if not len(store):
            raise InputError(f"{options.store}: the store holds no locations; extract it again.")
        if not store.projections and not options.quiz:
            raise InputError(
                f"{options.store}: the store has no projections; "
                f"make them with `resnetbolt project {options.store}`."
            )
        files = layered_cache.open_files(options.attributions, store)
        cache = layered_cache.LayeredCache(files, find_cache(store, options))
        listening = resources.enter_context(listen(options.host, options.port))
        access = find_access(options, token, listening)
        photographs = find_photographs(store, options.data, notes)
        explainer = find_explainer(store, options.run, photographs, notes)
        if explainer is None and files:
            explainer = UnavailableExplainer(store)
        application = create_application(
            options, store, photographs, explainer, notes, cache, access, quote(prefix)
        )
        logging.getLogger("waitress").setLevel(logging.ERROR)
        server = create_server(
            application,
            sockets=[listening],
            threads=THREADS,
            # Waitress strips it where the proxy did not, and names it in SCRIPT_NAME in any case.
            url_prefix=prefix.rstrip("/").encode().decode("latin-1"),
            max_request_body_size=application.config["MAX_CONTENT_LENGTH"],
        )
        query = f"/?{TOKEN}={token if is_new else '...'}" if token else ""
        place = address(listening, options.host) + quote(prefix).rstrip("/") + query
        serving = f"Serving {options.store} at {place} (Ctrl-C ends)"
        print_text(*notes, *map(describe, files), serving, flush=True)
        server.run()
        raise KeyboardInterrupt  # The server returns when it is interrupted.


def create_application(
    options: Options,
    store: Store,
    photographs: Photographs | None,
    explainer: Explainer | None,
    notes: list[str],
    cache: layered_cache.LayeredCache,
    access: Access,
    prefix: str,
) -> flask.Flask:
    """Return the dashboard or the quiz; raises InputError for a quiz without photographs."""
    path, name = options.store.resolve(), options.store.name
    if options.quiz:
        if photographs is None:
            raise InputError(f"{options.store}: the quiz needs the photographs. {notes[0]}")
        answers = Answers(companion(path, "quiz.sqlite"))
        predictions = Predictions(store)
        return create_quiz(
            predictions,
            name,
            ASSETS,
            photographs,
            explainer,
            answers,
            cache,
            Masks.beside(photographs),
            access,
            prefix,
        )
    saved_sets = Sets(companion(path, "sets.sqlite"))
    link = read_link(options.url)
    if link.text:
        link.check(Predictions(store), name)

    def read_inputs() -> EvaluationInputs:
        # Importing it takes a moment, which the first page should not wait for.
        from workbench.evaluation.run import evaluation_inputs

        request = EvaluationOptions(
            store=options.store,
            out=path.with_name("evaluation.json"),
            run=options.run,
            data=options.data,
            num_workers=0,
        )
        return evaluation_inputs(request, store)

    app = dashboard.create_app(
        store,
        name,
        ASSETS,
        photographs,
        explainer,
        notes,
        cache,
        access=access,
        prefix=prefix,
        saved_sets=saved_sets,
        export_options=ExportOptions(
            stores=(path,),
            out=path.parent,
            run=(options.run,) if options.run else (),
            data=(options.data,) if options.data else (),
        ),
        view=link.text,
        read_inputs=read_inputs,
    )
    server: flask.Flask = app.server
    return server


def describe(file: AttributionFile) -> str:
    """Return a line about an attribution file."""
    request = next((attribution.request for attribution in file), None)
    kind = f", the first of the {request.target_label} by {request.description}" if request else ""
    return f"{file.path}: {len(file)} attributions{kind}."


def read_prefix(text: str) -> str:
    """Return a path prefix, decoded, with a slash at both ends; raises InputError."""
    path = unquote(text).strip("/")
    parts = path.split("/") if path else []
    if any(part in ("", ".", "..") for part in parts) or re.search(r"[\\?#\s\x00-\x1f]", path):
        raise InputError(f"--prefix {text!r:.80}: give a path such as /user/ada/proxy/8050/.")
    return "".join(f"/{part}" for part in parts) + "/"


def read_token(option: str | None) -> tuple[str, bool]:
    """Return the token of an option or the environment, empty for none, and whether it is new.

    Raises InputError if it can be guessed or not be part of a URL.
    """
    source = TOKEN_VARIABLE if option is None else "--token"
    token = os.environ.get(TOKEN_VARIABLE, "") if option is None else option
    if token == NEW_TOKEN:
        return secrets.token_urlsafe(), True
    if not re.fullmatch(r"[\w-]{16,200}", token, re.ASCII) and (token or option is not None):
        raise InputError(
            f"{source}: a token has 16 to 200 letters, digits, - or _; `{NEW_TOKEN}` makes one."
        )
    return token, False


def find_access(options: Options, token: str, listening: socket.socket) -> Access:
    """Return who may use the dashboard.

    Closes the socket and raises InputError when others can reach it and there is no token.
    """
    number, port = listening.getsockname()[:2]
    if not token and not ipaddress.ip_address(number).is_loopback:
        listening.close()
        raise InputError(
            f"--host {options.host}: others can reach the dashboard there; add `--token "
            f"{NEW_TOKEN}`, which prints an address that only those who know it can open."
        )
    hosts = (*LOOPBACK, socket.gethostname(), options.host, *options.allowed_host)
    # Cookies do not tell ports apart.
    return Access(hosts, token, f"resnetbolt-{port}")


def address(listening: socket.socket, host: str) -> str:
    """Return the URL of a server, without a path."""
    number, port = listening.getsockname()[:2]
    if ipaddress.ip_address(number).is_unspecified:  # It listens on all addresses.
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def find_photographs(store: Store, option: Path | None, notes: list[str]) -> Photographs | None:
    """Return the photographs, or add to `notes` why there are none.

    Raises InputError when the option names a wrong folder.
    """
    try:
        photographs = provenance.photographs(store, option)
        photographs.paths(store.location_ids[0])
    except InputError as error:
        if option:
            raise
        notes.append(f"Photographs are not shown. {error}")
        return None
    return photographs


def find_explainer(
    store: Store, option: Path | None, photographs: Photographs | None, notes: list[str]
) -> Explainer | None:
    """Return the explainer of the store's model, or add to `notes` why there is none.

    Raises InputError when the option names a wrong run folder.
    """
    try:
        return open_explainer(store, photographs, option)
    except InputError as error:
        if option:
            raise
        notes.append(f"Attributions are not computed. {error}")
        return None


def find_cache(store: Store, options: Options) -> AttributionCache | None:
    """Return the cache on disk, None if its size is 0."""
    if not options.cache_size:
        return None
    if options.cache is not None and not options.cache.name:
        raise InputError(f"--cache {str(options.cache)!r}: name a folder.")
    folder = options.cache or cache_folder(options.store.resolve())
    return AttributionCache(folder, fingerprint(store), int(options.cache_size * 1e9))


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at this address; raises InputError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{host}:{port}: cannot listen there ({reason}); choose another --host or --port."
        ) from error


if __name__ == "__main__":
    main()
