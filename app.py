"""Serve the dashboard over a store: `python app.py FILE.h5`."""

import argparse
import contextlib
import logging
import socket
import sys
from pathlib import Path

from werkzeug.serving import make_server

from workbench import panels, store
from workbench.command import refusing
from workbench.errors import InputError
from workbench.explanation import Explainer
from workbench.photographs import Photographs
from workbench.store import Store

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
ASSETS = Path(__file__).resolve().parent / "assets"


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    result = argparse.ArgumentParser(
        prog="python app.py",
        description="Show a store in the browser: linked maps, ROC curves, confusion matrix, "
        "photographs and integrated gradients.",
    )
    result.add_argument("store", metavar="FILE.h5", type=Path, help="store with projections")
    result.add_argument(
        "--run",
        metavar="DIR",
        type=Path,
        help="folder that the model was trained into (default: where it was extracted from)",
    )
    result.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="folder of the photographs (default: where they were extracted from)",
    )
    result.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    result.add_argument(
        "--port", type=int, default=8050, help="port to listen on (default: %(default)s)"
    )
    return result


def main(arguments: list[str] | None = None) -> int:
    """Open the store, wire the parts and serve until interrupted; 2 for unusable input."""
    command = parser()
    options = command.parse_args(arguments)
    notes: list[str] = []
    with refusing(command.prog):
        opened = store.read(options.store)
        if not len(opened):
            raise InputError(f"{options.store}: the store holds no locations; extract it again.")
        if not opened.projection:
            raise InputError(
                f"{options.store}: the store has no projections; "
                f"make them with `python -m workbench.project {options.store}`."
            )
        listening = listen(options.host, options.port)
        photographs = find_photographs(opened, options.data, notes)
        explainer = find_explainer(opened, options.run, photographs, notes)
    app = panels.dashboard(opened, options.store.name, ASSETS, photographs, explainer, notes)
    if options.host in LOOPBACK:
        # Or a page of another site could rebind its name to this machine and read along.
        app.server.config["TRUSTED_HOSTS"] = list(LOOPBACK)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # A line for each request helps nobody.
    server = make_server(
        options.host, options.port, app.server, threaded=True, fd=listening.fileno()
    )
    for note in notes:
        print(note)
    shown = f"[{options.host}]" if ":" in options.host else options.host
    print(f"Serving {options.store} at http://{shown}:{server.port} (Ctrl-C ends)", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


def find_photographs(opened: Store, given: Path | None, notes: list[str]) -> Photographs | None:
    """Return the photographs, or add to `notes` why there are none.

    Raises InputError when a folder was given and is wrong.
    """
    try:
        root = given or _remembered(opened, "data", "the photographs are", "--data")
        photographs = Photographs(root, opened)
        photographs.paths(opened.location_id[0])
    except InputError as error:
        if given:
            raise
        notes.append(f"Photographs are not shown. {error}")
        return None
    return photographs


def find_explainer(
    opened: Store, given: Path | None, photographs: Photographs | None, notes: list[str]
) -> Explainer | None:
    """Return what explains the store's model, or add to `notes` why nothing can.

    Raises InputError when a run folder was given and is wrong.
    """
    try:
        run = given or _remembered(opened, "run", "the model's run folder is", "--run")
        if not run.is_dir():
            raise InputError(f"{run}: there is no such run folder; say where it is with --run.")
        if photographs is None:
            raise InputError("Without photographs there is nothing to explain; give --data.")
        try:
            # Here, so that the dashboard also opens where torch is not installed.
            from workbench.attribution import IntegratedGradients
        except (ImportError, RuntimeError, OSError) as error:
            # The last two are what a torch and a torchvision that do not match raise.
            reason = str(error).partition("\n")[0]
            raise InputError(
                f"torch cannot be imported ({reason}); install the workbench's requirements."
            ) from error
        return IntegratedGradients(run, photographs, opened)
    except InputError as error:
        if given:
            raise
        notes.append(f"Integrated gradients are not computed. {error}")
        return None


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at this address, from now on.

    Raises InputError where another program does, or nobody can.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{host}:{port}: cannot listen there ({reason}); choose another --host or --port."
        ) from error


def _remembered(opened: Store, key: str, what: str, option: str) -> Path:
    value = opened.provenance.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"The store does not say where {what}; say it with {option}.")
    return Path(value)


if __name__ == "__main__":
    sys.exit(main())
