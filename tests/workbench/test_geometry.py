"""A photograph has one geometry: what a model sees is what is drawn, wherever it is drawn."""

from io import BytesIO
from pathlib import Path
from typing import Any

import flask
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tests.examples import SHAPES, mark_place, marked_photograph, small_store
from tests.workbench.attribution.test_verdict import attribution, evidence
from trainer.data import decode
from workbench.dashboard import overlay
from workbench.dashboard.overlay import Display
from workbench.dashboard.photographs import photograph_url, register_routes
from workbench.figures.print.attribution import figure
from workbench.interchange.pictures import view_reader
from workbench.store import HEADINGS
from workbench.store.photographs import Photographs

# Near the edges, which a crop would lose.
PLACES = ((0.1, 0.5), (0.9, 0.12), (0.5, 0.9), (0.1, 0.1))


def location(data: Path, **shape: Any) -> list[Path]:
    """Write the four photographs of a location, with marks at `PLACES`."""
    paths = [data / "Ohio" / f"2015_-A_b0000_{degree}.jpg" for degree in (0, 90, 180, 270)]
    for path, place in zip(paths, PLACES, strict=True):
        marked_photograph(path, place=place, **shape)
    return paths


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_mark_has_one_place_for_the_model_and_in_every_picture(
    tmp_path: Path, shape: dict[str, Any]
) -> None:
    store = small_store(tmp_path / "s.h5", tmp_path / "data", ("Ohio",), 1)
    paths = location(tmp_path / "data", **shape)
    photographs = Photographs(tmp_path / "data", store)
    server = flask.Flask("geometry")
    register_routes(server, photographs)
    client = server.test_client()
    (name,) = store.location_ids
    model = decode.read_views(paths, 64).permute(0, 2, 3, 1).numpy()
    served = [client.get(photograph_url(name, heading)) for heading in HEADINGS]
    pictures: dict[str, Any] = {
        "model": model,
        "model, large": decode.read_views(paths, 224).permute(0, 2, 3, 1).numpy(),
        "interchange": view_reader(photographs)(name, 48),
        "overlay": [np.asarray(view) for view in overlay.views(paths)],
        # The page does not apply the orientation in a file.
        "browser": [np.asarray(Image.open(BytesIO(response.data))) for response in served],
        "map": [np.asarray(picture) for picture in under_maps(paths, model)],
    }
    for where, views in pictures.items():
        found = [mark_place(view) for view in views]
        assert np.allclose(found, PLACES, atol=0.01), where


def test_a_mark_has_one_place_in_the_exported_figure(tmp_path: Path) -> None:
    views = decode.read_views(location(tmp_path, size=(300, 150)), 64).numpy()
    drawing = figure(attribution(evidence(), values=red(views.transpose(0, 2, 3, 1))), views)
    file = BytesIO()
    drawing.savefig(file, format="png")
    page = np.asarray(Image.open(file))[::-1, :, :3]  # From below, as Matplotlib counts.
    for number, axes in enumerate(drawing.axes[:8]):
        left, low, right, high = np.round(axes.get_window_extent().extents).astype(int)
        x, y = mark_place(page[low:high, left:right][::-1])
        assert (x, y) == pytest.approx(PLACES[number // 2], abs=0.02)


def red(views: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the map (4, H, W) of a model that sees only the mark, for views (4, H, W, 3)."""
    return (views[..., 0].astype(np.float32) - views[..., 1] - 40).clip(0)


def under_maps(paths: list[Path], model: NDArray[np.uint8]) -> list[Image.Image]:
    """Return grey photographs under the model's map of the mark."""
    values = red(model)
    return [
        overlay.blend(ImageOps.grayscale(view), value, overlay.limit(values, Display()))
        for view, value in zip(overlay.views(paths), values, strict=True)
    ]
