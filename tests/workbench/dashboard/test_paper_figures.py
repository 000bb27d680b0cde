"""Figures for a paper from the dashboard: the bytes of `resnetbolt export`, one at a time."""

import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from common.errors import InputError
from tests.examples import small_store, with_quality
from tests.workbench.attribution.examples import example
from tests.workbench.dashboard.examples import Fake, classes, step
from workbench import store as stores
from workbench.attribution.cache import AttributionCache
from workbench.attribution.explainer import RequestResolver
from workbench.attribution.layered_cache import LayeredCache
from workbench.attribution.request import AttributionRequest
from workbench.attribution.serialization import fingerprint
from workbench.dashboard import paper_figures
from workbench.dashboard.page import PAGES, create_app
from workbench.dashboard.paper_figures import BusyError, FigureQueue, FigureRequest
from workbench.export.link import KINDS_OF_PAGE
from workbench.export.options import Options
from workbench.export.write import export
from workbench.store.companions import cache_folder
from workbench.store.photographs import Photographs

ASSETS = Path("assets").resolve()
LOCATION = "Ohio/2015_-A_b4000"
FIRST = "Alaska/2015_-A_b0000"
OCCLUSION = AttributionRequest("occlusion", target="true")
LASSO = step("lasso", projection="umap", polygon=[[-9, -9], [9, -9], [0, 9]])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store, with a map of one of its locations in the cache."""
    folder = tmp_path_factory.mktemp("figures")
    made = with_quality(small_store(folder / "small.h5", folder / "data", locations=31))
    stores.write(folder / "small.h5", made)
    cache = AttributionCache(cache_folder(folder / "small.h5"), fingerprint(made), 10**9)
    for seed, name in enumerate((LOCATION, made.location_ids[0])):
        request = RequestResolver(made).resolve(name, OCCLUSION)
        cache.put(example(seed, name=name, request=request))
    return folder / "small.h5"


@pytest.fixture(scope="module")
def client(path: Path) -> Any:
    store = stores.read(path)
    photographs = Photographs(path.with_name("data"), store)
    cache = LayeredCache([], AttributionCache(cache_folder(path), fingerprint(store), 10**9))
    options = Options(stores=(path,), out=path.parent)
    app = create_app(
        store, "small.h5", ASSETS, photographs, Fake(), cache=cache, export_options=options
    )
    return app.server.test_client()


def asked(link: dict[str, str], kind: str, name: str, **more: str) -> dict[str, str]:
    usual = {"format": "pdf", "preset": "single-column"}
    return {"link": urlencode(link), "kind": kind, "name": name} | usual | more


STEPS = json.dumps([classes("Ohio", "Hawaii"), LASSO | {"op": "intersect"}])
OPENED = {"page": "location", "location": LOCATION, "method": "occlusion", "target": "true"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "kind", "name", "more"),
    [
        ({"page": "maps", "selection": STEPS, "color": "margin"}, "projections", "projection-umap",
         {}),
        ({"page": "maps", "selection": STEPS, "score": "logit"}, "roc", "roc", {"format": "svg"}),
        ({"page": "errors", "errors-order": "cluster"}, "confusion", "confusion",
         {"format": "png", "preset": "slide"}),
        ({"page": "states"}, "roc-classes", "roc-classes", {"preset": "page"}),
        ({"page": "states", "selection": STEPS}, "classes", "classes", {"format": "tex"}),
        (OPENED, "attributions", "attribution-1", {}),
        (OPENED, "locations", "location-1", {}),
        (OPENED | {"page": "compare", "pins": json.dumps([LOCATION, FIRST])}, "side-by-side",
         "side-by-side", {"preset": "page"}),
        ({"page": "overview", "selection": STEPS}, "histograms", "histograms", {}),
        ({"page": "maps"}, "histograms", "histograms", {"preset": "page", "format": "png"}),
        ({"page": "geography", "selection": STEPS}, "geography", "distances", {}),
        ({"page": "geography"}, "divisions", "mistakes", {"format": "tex"}),
        ({"page": "calibration"}, "reliability", "reliability", {"format": "svg"}),
        ({"page": "calibration"}, "covariates", "covariates", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_dashboard_gives_the_bytes_of_the_command(
    client: Any, path: Path, tmp_path: Path, link: Any, kind: Any, name: str, more: Any
) -> None:
    request = asked(link, kind, name, **more)
    answer = client.post("/figure", json=request)
    for _ in range(20):
        if answer.status_code != 202:
            break
        answer = client.post("/figure", json=request)  # As the page does while it is drawn.
    assert answer.status_code == 200, answer.text
    form = request["format"]
    options = Options(
        stores=(path,),
        out=tmp_path / "out",
        only=(kind,),
        format=("pdf",) if form == "tex" else (form,),  # type: ignore[arg-type]
        preset=request["preset"],  # type: ignore[arg-type]
        url=f"http://127.0.0.1:8050/#{request['link']}",
        compute=False,
    )
    result = export(options)
    assert not result.failures
    expected = (tmp_path / "out" / f"{name}.{form}").read_bytes()
    assert answer.data == expected
    assert answer.mimetype == paper_figures.MIME_TYPES[form].partition(";")[0]
    assert client.post("/figure", json=request).data == expected


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (asked({"selection": json.dumps([classes("Utah")])}, "roc", "roc"), "no class 'Utah'"),
        (asked({"page": "maps"}, "projections", "projection-mine"), "no figure"),
        (asked({"page": "maps"}, "projections", "../../etc/passwd"), "no figure"),
        (asked({"page": "maps"}, "roc", "roc", format="tex"), "no figure"),
        (asked({"page": "maps", "location": "../x"}, "locations", "location-1"), "no location"),
        (
            asked(OPENED | {"method": "grad_cam"}, "attributions", "attribution-1"),
            "is not computed yet",
        ),
        (asked({"selection": "["}, "roc", "roc"), "is incomplete"),
    ],
)
def test_a_figure_that_there_is_not_is_a_sentence(client: Any, request_: Any, words: str) -> None:
    answer = client.post("/figure", json=request_)
    assert answer.status_code == 422
    assert words in answer.text
    assert "--" not in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "people"}, {"kind": None}, {"format": "pgf"}, {"preset": 3}, {"name": "x" * 2000},
        {"link": 5}, {"link": "x" * 5_000_000}, {"format": "../pdf"},
    ],
    ids=str,
)  # fmt: skip
def test_a_request_of_another_form_is_refused(client: Any, change: dict[str, Any]) -> None:
    answer = client.post("/figure", json=asked({}, "roc", "roc") | change)
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"\xff", b"null"])
def test_a_body_that_is_no_request_is_refused(client: Any, data: bytes) -> None:
    answer = client.post("/figure", data=data, content_type="application/json")
    assert answer.status_code == 400
    # What another site can send without asking first.
    answer = client.post("/figure", data=b"{}", content_type="text/plain")
    assert answer.status_code == 400


def test_without_a_file_there_are_no_figures(path: Path) -> None:
    app = create_app(stores.read(path), "small.h5", ASSETS, None, None)
    assert app.server.test_client().post("/figure", json={}).status_code in (404, 405)


def test_every_page_has_its_figures() -> None:
    assert {page.name for page in PAGES} <= set(KINDS_OF_PAGE)
    assert PAGES[0].name == next(iter(KINDS_OF_PAGE))


def numbered(number: int) -> FigureRequest:
    request: Any = asked({"page": str(number)}, "roc", "roc")
    return request  # type: ignore[no-any-return]


def test_one_figure_is_drawn_at_a_time_and_equal_requests_once() -> None:
    gate, drawn, at_once = threading.Event(), list[str](), list[int]()

    def draw(request: FigureRequest) -> bytes:
        at_once.append(1)
        assert gate.wait(10)
        assert len(at_once) == 1
        at_once.pop()
        drawn.append(request["link"])
        if request["link"] == "page=2":
            raise InputError("--url: there is none.")
        if request["link"] == "page=3":
            raise ZeroDivisionError("by zero")
        return request["link"].encode()

    figures = FigureQueue(draw)
    for number in (0, *range(paper_figures.MOST_WAITING)):
        assert figures.ask(numbered(number), 0) is None
    with pytest.raises(BusyError):
        figures.ask(numbered(99), 0)
    assert figures.ask(numbered(0), 0) is None  # It waits already.
    gate.set()
    assert figures.ask(numbered(7), 10) == b"page=7"
    assert figures.ask(numbered(0), 10) == b"page=0"
    assert figures.ask(numbered(2), 10) == "there is none."
    assert figures.ask(numbered(3), 10) == "The figure failed: ZeroDivisionError: by zero"
    assert len(drawn) == len(set(drawn)) == paper_figures.MOST_WAITING
    assert figures.ask(numbered(2), 10) == "there is none."
    assert len(drawn) == paper_figures.MOST_WAITING + 1  # A failure is tried again.
