import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from common.errors import InputError
from common.progress import no_progress
from tests.examples import photograph
from trainer.checkpoint import load
from workbench import store
from workbench.attribution.compute.store_explainer import StoreExplainer
from workbench.attribution.request import AttributionRequest
from workbench.attribution.result import Attribution
from workbench.extract.extraction import extract
from workbench.store.photographs import Photographs


@pytest.fixture(scope="module")
def extracted(
    tmp_path_factory: pytest.TempPathFactory, trained: Path, test_folder: Path
) -> store.Store:
    out = tmp_path_factory.mktemp("store") / "store.h5"
    return extract(trained, test_folder, out, batch_size=4, num_workers=0)


@pytest.fixture
def explainer(extracted: store.Store, trained: Path, test_folder: Path) -> StoreExplainer:
    return StoreExplainer(trained, Photographs(test_folder, extracted), extracted)


@pytest.mark.slow
def test_a_location_is_explained_completely(
    explainer: StoreExplainer, extracted: store.Store, trained: Path
) -> None:
    row = 5
    location = extracted.location_ids[row]
    made = explainer.explain(location, AttributionRequest(), no_progress)
    target = int(extracted.logits[row].argmax())
    assert made.location_id == location
    assert made.request == replace(AttributionRequest(), target=extracted.class_names[target])
    assert made.values.shape == (4, 32, 32)
    assert made.output == pytest.approx(float(extracted.logits[row, target]), abs=1e-3)
    model, _ = load(trained)
    with torch.inference_mode():
        plain = model(model.mean.expand(1, 4, 3, 32, 32))[0, target]
    assert made.baseline_output == pytest.approx(float(plain), abs=1e-3)
    assert made.converged, made.reason
    total = float(made.values.sum())
    assert made.completeness_error == pytest.approx(
        total - (made.output - (made.baseline_output or 0)), abs=1e-4
    )


def test_classes_are_resolved_and_unused_fields_reset(
    explainer: StoreExplainer, extracted: store.Store
) -> None:
    row = 5
    location = extracted.location_ids[row]
    true = extracted.class_names[extracted.labels[row]]
    predicted = extracted.class_names[int(extracted.logits[row].argmax())]
    asked = explainer.resolve(location, AttributionRequest(target="true"))
    assert asked.target == true
    assert asked == explainer.resolve(
        location, AttributionRequest(target=true, seed=3, noise_std=0.5)
    )
    assert asked != explainer.resolve(location, AttributionRequest(target=true, map_tolerance=0.1))
    assert explainer.resolve(location, asked) == asked
    cheap = explainer.resolve(location, AttributionRequest("grad_cam", baseline="blur"))
    assert cheap == AttributionRequest("grad_cam", target=predicted)
    with pytest.raises(InputError, match="has no such location"):
        explainer.resolve(
            location, AttributionRequest(baseline="location", baseline_location="../../etc")
        )
    with pytest.raises(InputError, match="is its own baseline"):
        explainer.resolve(
            location, AttributionRequest(baseline="location", baseline_location=location)
        )
    with pytest.raises(KeyError):
        explainer.resolve("Alaska/unknown", AttributionRequest())


@pytest.mark.slow
def test_another_location_is_a_baseline_and_others_are_references(
    explainer: StoreExplainer, extracted: store.Store
) -> None:
    location, other = extracted.location_ids[0], extracted.location_ids[7]
    made = explainer.explain(
        location, AttributionRequest(baseline="location", baseline_location=other), no_progress
    )
    state = extracted.class_names.index(made.request.target)
    assert made.baseline_output == pytest.approx(float(extracted.logits[7, state]), abs=1e-3)
    expected = explainer.explain(
        location, AttributionRequest("expected_gradients", n_samples=1), no_progress
    )
    rest = np.delete(extracted.logits[:, state], 0)
    assert expected.baseline_output == pytest.approx(float(rest.mean()), abs=1e-3)


@pytest.mark.slow
def test_progress_has_intermediate_maps_and_may_cancel(
    explainer: StoreExplainer, extracted: store.Store
) -> None:
    told: list[tuple[float, str]] = []
    partial: list[Attribution] = []

    def note(fraction: float, stage: str = "", /) -> None:
        told.append((fraction, stage))

    request = AttributionRequest(map_tolerance=0.01)
    made = explainer.explain(extracted.location_ids[0], request, note, partial.append)
    assert len(partial) > 2
    assert all(0 <= fraction <= 1 for fraction, _ in told)
    assert told[-1][0] == 1
    assert f": {made.cost.gradients} gradients, map error " in told[-1][1]
    assert partial[0].values.shape == made.values.shape
    assert partial[0].converged is False
    assert told[0] == (0.0, "reading photographs")
    for stop in range(1, len(told), max(1, len(told) // 5)):
        count = 0

        def cancel(_fraction: float, _stage: str = "", /, stop: int = stop) -> None:
            nonlocal count
            count += 1
            if count >= stop:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            explainer.explain(extracted.location_ids[0], request, cancel)


def test_a_checkpoint_of_another_model_is_refused(
    extracted: store.Store, trained: Path, test_folder: Path
) -> None:
    other = replace(extracted, provenance={**extracted.provenance, "checkpoint_sha256": "0"})
    with pytest.raises(InputError, match="not the checkpoint that the store was extracted with"):
        StoreExplainer(trained, Photographs(test_folder, other), other)
    names = tuple(reversed(extracted.class_names))
    other = replace(extracted, class_names=names)
    with pytest.raises(InputError, match="classes are not those of the store"):
        StoreExplainer(trained, Photographs(test_folder, other), other)


@pytest.mark.parametrize("version", [1, 2])
def test_changed_photographs_are_detected(
    tmp_path: Path, extracted: store.Store, trained: Path, test_folder: Path, version: int
) -> None:
    data = tmp_path / "data"
    if version == 1:
        extracted = replace(extracted, image_sha256=None)
    shutil.copytree(test_folder, data)
    explainer = StoreExplainer(trained, Photographs(data, extracted), extracted)
    for path in Photographs(data, extracted).paths(extracted.location_ids[0]):
        photograph(path, seed=77)
    complaint = "no longer give the stored prediction" if version == 1 else "_0.jpg: has changed"
    with pytest.raises(InputError, match=complaint):
        explainer.explain(extracted.location_ids[0], AttributionRequest(), no_progress)
    gone = Photographs(data, extracted).path(extracted.location_ids[1], "E")
    gone.unlink()
    with pytest.raises(InputError, match="the photograph is missing"):
        explainer.explain(extracted.location_ids[1], AttributionRequest(), no_progress)
