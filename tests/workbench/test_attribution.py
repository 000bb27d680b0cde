import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.examples import photograph
from trainer.checkpoint import load
from workbench import attribution, extract, store
from workbench.attribution import STEPS, IntegratedGradients
from workbench.errors import InputError
from workbench.photographs import Photographs


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.randn(2, 4, 3, 8, 8, generator=torch.Generator().manual_seed(0))

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels[:, None] * self.weight).flatten(2).sum(dim=2)


class Square(nn.Module):
    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.square().flatten(1).sum(dim=1, keepdim=True)


def ignore(done: int, total: int) -> None:
    """Report to nobody."""


def test_a_linear_model_gives_weight_times_difference() -> None:
    model, pixels = Linear(), torch.rand(1, 4, 3, 8, 8)
    baseline = torch.full_like(pixels, 0.25)
    result = attribution._integrate(model, pixels, baseline, 1, ignore)
    assert torch.allclose(result[0], model.weight[1] * (pixels - baseline)[0], atol=1e-5)


def test_a_quadratic_model_gives_the_square() -> None:
    pixels = torch.rand(1, 4, 3, 8, 8)
    result = attribution._integrate(Square(), pixels, torch.zeros_like(pixels), 0, ignore)
    assert torch.allclose(result, pixels.square(), atol=1e-5)


def test_progress_counts_every_step_once() -> None:
    seen: list[tuple[int, int]] = []
    pixels = torch.rand(1, 4, 3, 8, 8)
    attribution._integrate(
        Linear(), pixels, torch.zeros_like(pixels), 0, lambda *step: seen.append(step)
    )
    done = [step for step, _ in seen]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, STEPS)
    assert len(set(done)) >= 5
    assert {total for _, total in seen} == {STEPS}


@pytest.fixture
def extracted(tmp_path: Path, trained: Path, test_folder: Path) -> store.Store:
    return extract.extract(trained, test_folder, tmp_path / "store.h5", batch_size=4, workers=0)


def test_a_location_is_explained_completely(
    extracted: store.Store, trained: Path, test_folder: Path
) -> None:
    explainer = IntegratedGradients(trained, Photographs(test_folder, extracted), extracted)
    row = 5
    result = explainer.explain(extracted.location_id[row], ignore)
    target = int(extracted.logit[row].argmax())
    assert result.target == extracted.class_name[target]
    assert result.map.shape == (4, 32, 32)
    assert result.output == pytest.approx(float(extracted.logit[row, target]), abs=1e-4)
    model, _ = load(trained)
    with torch.inference_mode():
        black = model(torch.zeros(1, 4, 3, 32, 32))[0, target]
    assert result.baseline_output == pytest.approx(float(black), abs=1e-4)
    total = float(result.map.sum())
    assert result.completeness_error == pytest.approx(
        total - (result.output - result.baseline_output), abs=1e-4
    )
    assert result.relative_completeness_error < 0.5


def test_cancelling_ends_the_computation(
    extracted: store.Store, trained: Path, test_folder: Path
) -> None:
    explainer = IntegratedGradients(trained, Photographs(test_folder, extracted), extracted)
    seen: list[int] = []

    def cancel(done: int, total: int) -> None:
        seen.append(done)
        if done >= 10:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        explainer.explain(extracted.location_id[0], cancel)
    assert max(seen) < STEPS


def test_a_checkpoint_of_another_model_is_refused(
    extracted: store.Store, trained: Path, test_folder: Path
) -> None:
    other = replace(extracted, provenance={**extracted.provenance, "checkpoint_sha256": "0"})
    with pytest.raises(InputError, match="not the checkpoint that the store was extracted with"):
        IntegratedGradients(trained, Photographs(test_folder, other), other)


@pytest.mark.parametrize("version", [1, 2])
def test_photographs_that_changed_are_noticed(
    tmp_path: Path, extracted: store.Store, trained: Path, test_folder: Path, version: int
) -> None:
    data = tmp_path / "data"
    if version == 1:
        extracted = replace(extracted, image_sha256=None)
    shutil.copytree(test_folder, data)
    explainer = IntegratedGradients(trained, Photographs(data, extracted), extracted)
    for path in Photographs(data, extracted).paths(extracted.location_id[0]):
        photograph(path, seed=77)
    complaint = "no longer give the stored prediction" if version == 1 else "_0.jpg: has changed"
    with pytest.raises(InputError, match=complaint):
        explainer.explain(extracted.location_id[0], ignore)
    gone = Photographs(data, extracted).path(extracted.location_id[1], "E")
    gone.unlink()
    with pytest.raises(InputError, match="the photograph is gone"):
        explainer.explain(extracted.location_id[1], ignore)
    with pytest.raises(KeyError):
        explainer.explain("Alaska/unknown", ignore)


def test_a_black_location_has_no_relative_error() -> None:
    from workbench.explanation import Attribution

    nothing = Attribution(
        "x", "m", "t", "black", 1, np.zeros((4, 2, 2), dtype=np.float32), 1.0, 1.0, 0.1
    )
    assert nothing.completeness_error == 0
    assert nothing.relative_completeness_error == float("inf")
