"""Many people at one dashboard: `python -m benchmarks.load`.

A dashboard over generated locations is served by a process of its own, as `resnetbolt open` serves
it. Each simulated person is a thread with a connection: it opens the page, then draws a lasso,
opens a location, asks for its map and waits for it, saves a set, and pauses between. It calls what
the browser would call: every callback of the server that depends on what has changed, with the
values that the page would have. The callbacks are read from the page, so that new ones take part.

Printed for each kind: number, errors, and the 50th and 95th percentile and the longest of the
seconds until the answer. A refusal, a status of 400 or more and a broken connection are errors.
Maps come from an explainer that returns the same map after --map-seconds, one at a time. The people
run on the same machine and take their share of its cores; the load is printed.
"""

import http.client
import json
import logging
import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from PIL import Image
from pydantic import Field

from benchmarks.linking import generated
from workbench.attribution.result import Attribution

JSON = {"Content-Type": "application/json"}
PATIENCE_SECONDS = 60


@dataclass
class Options:
    people: Annotated[int, Field(ge=1)] = 50
    """simulated people"""
    seconds: float = 300
    """how long they work"""
    locations: int = 25_000
    """locations of the store"""
    pause: float = 2.0
    """mean seconds between what a person does"""
    map_seconds: float = 0.2
    """seconds that a map takes"""


class SlowExplainer:
    """Returns a map after some seconds."""

    def __init__(self, seconds: float, class_names: tuple[str, ...]) -> None:
        self.seconds, self.class_names = seconds, class_names

    def resolve(self, location_id: str, request: Any) -> Any:
        return request.resolve(self.class_names[0], location_id.rpartition("/")[0])

    def explain(self, location_id: str, request: Any, *_: Any) -> Attribution:
        from tests.workbench.dashboard.examples import attribution

        time.sleep(self.seconds)
        return attribution(location_id, request)

    def check(self, attribution: Attribution, *_: Any) -> Attribution:
        from tests.workbench.dashboard.examples import examined

        return examined(attribution)


class OnePhotograph:
    """Has the same photograph for every view."""

    def __init__(self, folder: Path) -> None:
        pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
        self.path = folder / "photograph.jpg"
        Image.fromarray(pixels).save(self.path)

    def paths(self, _location_id: str) -> list[Path]:
        return [self.path] * 4


def serve(options: Options, folder: Path, port: Connection) -> None:
    """Serve the dashboard, and send its port."""
    from waitress import create_server

    from app import ASSETS, THREADS
    from workbench.dashboard import create_app
    from workbench.dashboard.sets import Sets

    store = generated(options.locations)
    explainer: Any = SlowExplainer(options.map_seconds, store.class_names)
    photographs: Any = OnePhotograph(folder)
    saved = Sets(folder / "generated.h5.sets.sqlite")
    app = create_app(store, "generated.h5", ASSETS, photographs, explainer, saved_sets=saved)
    logging.getLogger("waitress").setLevel(logging.ERROR)  # As the command does.
    limit = app.server.config["MAX_CONTENT_LENGTH"]
    server = create_server(
        app.server, host="127.0.0.1", port=0, threads=THREADS, max_request_body_size=limit
    )
    port.send(server.effective_port)
    server.run()


class Times:
    """The seconds of all requests by kind, and the errors."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: dict[str, list[str]] = defaultdict(list)

    @contextmanager
    def measured(self, kind: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError) as error:
            with self.lock:
                self.errors[kind].append(f"{type(error).__name__}: {error}")
        else:
            with self.lock:
                self.seconds[kind].append(time.perf_counter() - started)

    def print(self) -> None:
        print(f"{'':14}{'number':>8}{'errors':>8}{'p50 s':>9}{'p95 s':>9}{'longest':>9}")
        for kind in sorted({*self.seconds, *self.errors}):
            took = self.seconds[kind] or [float("nan")]
            median, most = np.percentile(took, [50, 95])
            errors = self.errors[kind]
            numbers = f"{len(self.seconds[kind]):8}{len(errors):8}"
            print(f"{kind:14}{numbers}{median:9.3f}{most:9.3f}{max(took):9.3f}")
            for one in sorted(set(errors))[:3]:
                print(f"    {one:.200}")


class Person:
    """A page as the server sees it: the values of its components, and what depends on them."""

    def __init__(self, port: int, number: int, times: Times) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self.random = random.Random(number)
        self.number, self.times = number, times
        self.values: dict[str, Any] = {}
        self.callbacks: list[Any] = []
        self.ids: list[str] = []

    def open(self) -> None:
        """Open the page: its layout, callbacks and columns."""
        with self.times.measured("open page"):
            self.get("/")
            self.read(json.loads(self.get("/_dash-layout")))
            callbacks = json.loads(self.get("/_dash-dependencies"))
            self.callbacks = [one for one in callbacks if not one["clientside_function"]]
            self.get("/columns/manifest")
            for name in ("label", "prediction", "projection/pca", "projection/umap"):
                self.get(f"/columns/column/{name}")
            self.ids = self.get("/columns/column/id").decode().split("\n")

    def work(self, until: float, pause: float) -> None:
        """Do one thing after another until a time."""
        self.open()
        acts = [self.lasso, self.lasso, self.open_location, self.open_location, self.save]
        while self.callbacks and time.monotonic() < until:
            self.random.choice(acts)()
            time.sleep(self.random.expovariate(1 / pause) if pause else 0)

    def lasso(self) -> None:
        x, y, reach = (self.random.uniform(-8, 8) for _ in range(3))
        corners = [[x - reach, y - 2], [x + reach, y - 2], [x + reach, y + 2], [x - reach, y + 2]]
        filter_ = {"kind": "lasso", "projection": "umap", "polygon": corners}
        steps = [{"op": "replace", "filter": filter_}]
        with self.times.measured("lasso"):
            self.change("selection.data", steps)
            # The browser gives the selection to the page that is shown.
            self.change("selection-maps.data", steps)

    def open_location(self) -> None:
        self.values["cancel.hidden"] = False
        with self.times.measured("open location"):
            self.change("active-location.data", self.random.choice(self.ids))
        with self.times.measured("map"):
            ends = time.monotonic() + PATIENCE_SECONDS
            while not self.values["cancel.hidden"]:  # The button is there while it is computed.
                if time.monotonic() > ends:
                    raise TimeoutError("the map did not come")
                time.sleep(0.3)
                self.change("attribution-timer.n_intervals", 1)

    def save(self) -> None:
        if not self.values.get("selection.data"):
            return
        name = f"{self.number} {self.random.random()}"
        save = {"action": "save", "name": name, "tags": [], "note": "load"}
        with self.times.measured("save and read"):
            self.change("set-request.data", save | {"steps": self.values["selection.data"]})
            found = [one for one in self.values["sets.data"]["sets"] if one["name"] == name]
            if not found:
                raise ValueError(self.values["sets.data"]["message"] or "the set is not there")
            self.change("set-request.data", {"action": "delete", "id": found[0]["id"]})

    def change(self, place: str, value: Any) -> None:
        """Set a value as the browser does, and call what depends on it, and so on."""
        changed = {place: value}
        while changed:
            self.values |= changed
            waiting = [one for one in self.callbacks if set(changed) & set(_places(one["inputs"]))]
            answers: dict[str, Any] = {}
            for callback in waiting:
                triggers = [place for place in _places(callback["inputs"]) if place in changed]
                answers |= self.call(callback, triggers)
            self.values |= answers
            # What the page draws is not an input of the server's.
            changed = {place: value for place, value in answers.items() if place.endswith(".data")}

    def call(self, callback: Any, triggers: list[str]) -> dict[str, Any]:
        """Call a callback of the server and return the values that it answers, by place."""
        output = callback["output"]
        names = output[2:-2].split("...") if output.startswith("..") else [output]
        outputs = [
            dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names
        ]
        body = {
            "output": output,
            "outputs": outputs if output.startswith("..") else outputs[0],
            "changedPropIds": triggers,
            "inputs": [self.filled(one) for one in callback["inputs"]],
            "state": [self.filled(one) for one in callback["state"]],
        }
        answer = self.ask("POST", "/_dash-update-component", json.dumps(body), JSON)
        if not answer:
            return {}
        response = json.loads(answer)["response"]
        return {
            f"{component}.{name}": value
            for component, properties in response.items()
            for name, value in properties.items()
        }

    def filled(self, one: Any) -> Any:
        place = f"{one['id']}.{one['property']}"
        return {"id": one["id"], "property": one["property"], "value": self.values.get(place)}

    def read(self, component: Any) -> None:
        """Take the values of a layout's components."""
        if isinstance(component, list):
            for one in component:
                self.read(one)
        elif isinstance(component, dict) and "props" in component:
            properties = component["props"]
            for name in ("value", "data", "n_clicks", "n_intervals"):
                if "id" in properties and name in properties:
                    self.values[f"{properties['id']}.{name}"] = properties[name]
            self.read(properties.get("children"))

    def get(self, path: str) -> bytes:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: str | None = None, headers: Any = None) -> bytes:
        try:
            self.connection.request(method, path, body, headers or {})
            response = self.connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()  # The next request opens it again.
            raise
        if response.status >= 400:
            raise ValueError(f"{response.status} {path}: {content[:150].decode(errors='replace')}")
        return content


def _places(items: Any) -> list[str]:
    return [f"{one['id']}.{one['property']}" for one in items]


def simulate(options: Options, port: int) -> Times:
    """Let all people work, and return what they measured."""
    times = Times()
    until = time.monotonic() + options.seconds
    threads = []
    for number in range(options.people):
        person = Person(port, number, times)
        work: Callable[..., None] = person.work
        threads.append(threading.Thread(target=work, args=(until, options.pause), daemon=True))
    for thread in threads:
        thread.start()
        time.sleep(min(0.1, options.seconds / options.people / 4))
    for thread in threads:
        thread.join()
    return times


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {options.people} people for "
        f"{options.seconds:.0f} s, {options.locations:,} locations",
        flush=True,
    )
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=serve, args=(options, Path(folder), theirs), daemon=True)
        process.start()
        try:
            simulate(options, ours.recv()).print()
        finally:
            process.terminate()
            process.join()
    print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
