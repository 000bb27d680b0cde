"""Names of users are shown as they are, in every figure, file and page."""

import csv
import html
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.text import Text

from common.text import printable, unescape_formula
from tests.examples import small_store, with_quality
from workbench import dashboard
from workbench import store as stores
from workbench.dashboard import columns
from workbench.evaluation.predictions import Predictions
from workbench.export.catalogue import PER_MODEL, build
from workbench.export.kinds.context import Context
from workbench.export.models import open_models
from workbench.export.options import Options
from workbench.figures import screen
from workbench.figures.colors import class_colors
from workbench.figures.print.base import PrintFigure
from workbench.figures.print.roc import NAMED_CURVES
from workbench.figures.print.style import Page, save
from workbench.figures.sizes import DOUBLE_COLUMN
from workbench.interchange.__main__ import main as convert
from workbench.store import Store
from workbench.store.__main__ import main as inspect

NAMES = (
    "Ba$$in",
    "Ca$h $pring",
    "_unknown",
    r"a_b \alpha^2",
    "<b>Ohio<br>",
    "&amp; %{x}",
    "=1+1",
    "{id}.a|b",
    "`c` *d*",
    "Îles de la Société",
)
LONG = "Saint Helena, Ascension and Tristan da Cunha"
FILE = "<b>x&amp;{%config%}.h5"
SHARED = 26  # Letters at both ends.


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("names")
    names = (*NAMES, LONG, f"{LONG[:SHARED]} or {LONG[-SHARED:]}")
    small = small_store(folder / "small.h5", folder / "data", names, 3)
    stores.write(folder / FILE, with_quality(small))
    return stores.read(folder / FILE)


@pytest.fixture
def path(store: Store, tmp_path: Path) -> Path:
    stores.write(tmp_path / FILE, store)
    return tmp_path / FILE


@pytest.mark.slow
@pytest.mark.parametrize("width", [80.0, 174.0])
def test_figures_for_print_show_every_name(path: Path, width: float, tmp_path: Path) -> None:
    options = Options(stores=(path,), out=tmp_path)
    (model,) = open_models(options)
    context, page = Context(options, [model]), Page(width)
    kinds = ("roc", "roc-classes", "confusion", "projections")
    items = [item for kind in kinds for item in build(kind, context, model)]
    assert set(kinds) <= set(PER_MODEL)
    for item in items:
        assert isinstance(item, PrintFigure)
        name, figure = item.name, item.draw(page)
        save(figure, tmp_path / "figure.svg", page)
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
        shown = {text.get_text() for text in texts}
        assert not any(text.get_parse_math() or text.get_usetex() for text in texts)
        if name == "roc":
            drawn = [label for label in shown if re.search(r" \d\.\d{3}$", label)]
            assert len(drawn) == 2 * NAMED_CURVES + 1
        else:
            is_small = name == "roc-classes"  # Small panels shorten names.
            ends = 3 if is_small else 5
            assert len([label for label in shown if label[:ends] == LONG[:ends]]) == 2
            if width == DOUBLE_COLUMN and not is_small:
                assert shown >= set(NAMES)
        box = figure.bbox
        for text in texts:
            extent = text.get_window_extent()
            assert box.x0 - 2 <= extent.x0, (name, text)
            assert extent.x1 <= box.x1 + 2, (name, text)


def plotly_texts(figure: Any) -> str:
    """Return all text of a figure as its reader sees it, in one string."""
    found: list[str] = []

    def visit(item: Any) -> None:
        if isinstance(item, str):
            assert "<b>Ohio" not in item
            assert "%{x}" not in item.replace("positives %{x:.1%}", "")
            assert "$" not in item
            found.append(html.unescape(item))
        for child in item.values() if isinstance(item, dict) else item if _is_list(item) else ():
            visit(child)

    document = json.loads(figure.to_json())
    del document["layout"]["meta"]
    visit(document)
    return "\n".join(found)


def _is_list(item: Any) -> bool:
    return isinstance(item, list)


def test_figures_for_the_screen_show_every_name(store: Store) -> None:
    predictions = Predictions(store)
    colors = class_colors(store.class_names)
    for start in range(0, len(NAMES), 5):
        named = store.class_names[start : start + 5]
        figure = screen.roc(predictions.roc, colors, named)
        # The names that a click selects, which are not shown.
        figure.update_layout(meta={}).update_traces(meta=None)
        shown = plotly_texts(figure)
        assert all(f"{name} 0." in shown or f"{name} 1." in shown for name in named)
        assert all(f"<b>{name}</b>" in shown for name in named)
    confusion = screen.confusion(_counts(predictions))
    assert confusion.layout.meta["true"] == list(store.class_names)
    ticks = [html.unescape(text) for text in confusion.layout.yaxis.ticktext]
    assert ticks[: len(NAMES)] == list(NAMES)
    assert len(set(ticks)) == len(ticks)
    assert all(name in plotly_texts(confusion) for name in store.class_names)


def _counts(predictions: Predictions) -> Any:
    from workbench.evaluation import metrics

    return metrics.confusion(
        predictions.store.labels, predictions.predicted_labels, predictions.class_names
    )


def test_the_page_shows_every_name(store: Store) -> None:
    shown = [one["label"] for one in columns.manifest(Predictions(store), {}, False)["classes"]]
    assert set(NAMES) <= set(shown)
    assert len(set(shown)) == len(store.class_names)
    assets = Path(__file__).parents[2] / "assets"
    app = dashboard.create_app(store, FILE, assets, None, None)
    page = app.server.test_client().get("/").text
    title = page.partition("<title>")[2].partition("</title>")[0]
    assert "<" not in title
    assert html.unescape(title).startswith(f"{FILE} – ")


def test_converted_files_hold_every_name(path: Path, store: Store, tmp_path: Path) -> None:
    for command, out in (
        ("to-csv", "a.csv"),
        ("to-parquet", "a.parquet"),
        ("to-projector", "projector"),
        ("to-virelay", "virelay"),
    ):
        assert convert([command, str(path), "--out", str(tmp_path / out)]) == 0
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert not any(cell.startswith("=") for row in rows for cell in row.values())
    assert {unescape_formula(row["state"]) for row in rows} == set(store.class_names)
    assert set(pd.read_parquet(tmp_path / "a.parquet")["state"]) == set(store.class_names)
    labels = json.loads((tmp_path / "virelay" / "label-map.json").read_text("utf-8"))
    assert [label["name"] for label in labels] == list(store.class_names)


def test_what_is_printed_cannot_steer_the_terminal(
    path: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    red = "\x1b[31m"
    hostile = Store(**{**vars(store), "provenance": {**store.provenance, f"run{red}": f"a{red}"}})
    path = path.with_name(f"{red}.h5")
    stores.write(path, hostile)
    with pytest.raises(SystemExit):
        inspect([str(path), "--remove", "none"])
    assert inspect([str(path)]) == 0
    captured = capsys.readouterr()
    assert printable(red) in captured.err
    assert f"run{printable(red)}: a{printable(red)}" in captured.out
    assert "\x1b" not in captured.err + captured.out
