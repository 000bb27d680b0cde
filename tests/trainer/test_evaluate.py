import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from common.distributed import Processes
from common.errors import InputError
from tests.examples import TINY, folder
from trainer.data import layout
from trainer.data.dataset import LocationDataset
from trainer.evaluate import Scores, evaluate
from trainer.models.resnet import FourViewResNet, to_pixels
from trainer.step import TrainStep

ALONE = Processes(0, 1, torch.device("cpu"))
CLASSES = tuple("ABCDEFG")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> LocationDataset:
    index = layout.index_folder(folder(tmp_path_factory.mktemp("data"), CLASSES[:6], 3))
    return LocationDataset(index.root, index.locations, CLASSES, 32)


def model(fusion: str) -> FourViewResNet:
    torch.manual_seed(1)
    network = FourViewResNet(fusion, len(CLASSES), depth=18)
    with torch.no_grad():  # Logits far apart, so that rounding changes no ranking.
        network.classifier.weight.mul_(50)
    return network


def scores(fusion: str, photographs: LocationDataset, **changes: object) -> Scores:
    config = replace(TINY, **changes)  # type: ignore[arg-type]
    return evaluate(model(fusion), photographs, len(CLASSES), config, ALONE)


@pytest.mark.parametrize("fusion", ["medium", "stack", "single"])
def test_scores_are_those_of_numpy(photographs: LocationDataset, fusion: str) -> None:
    batch = photographs.__getitems__(range(len(photographs)))
    with torch.inference_mode():
        output = model(fusion).eval().forward_all(to_pixels(batch.views, ALONE.device))
    logit, label = output.logits.double().numpy(), batch.labels.numpy()
    shifted = logit - logit.max(axis=1, keepdims=True)
    nats = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(label)), label]
    rank = (-logit).argsort(axis=1, kind="stable")
    found = scores(fusion, photographs)
    assert found.loss == pytest.approx(nats.mean(), rel=1e-5)
    assert found.top_1 == pytest.approx((rank[:, 0] == label).mean())
    assert found.top_5 == pytest.approx((rank[:, :5] == label[:, None]).any(axis=1).mean())
    for number in range(6):
        own = (rank[label == number, 0] == number).mean()
        assert found.per_class_top_1[number] == pytest.approx(own)
    assert math.isnan(found.per_class_top_1[6])
    if output.view_logits is None:
        assert found.view_top_1 is None
    else:
        hit = output.view_logits.argmax(dim=2).numpy() == label[:, None]
        assert found.view_top_1 == pytest.approx(hit.mean())


def test_the_batch_size_changes_nothing(photographs: LocationDataset) -> None:
    one, other = (scores("medium", photographs, batch_size=size) for size in (4, 17))
    assert one.loss == pytest.approx(other.loss, rel=1e-5)
    assert one.per_class_top_1[:6] == other.per_class_top_1[:6]


def test_shares_of_several_processes_add_up(photographs: LocationDataset) -> None:
    # Each of two processes counts its own part of the hits; here one after the other.
    parts = [
        evaluate(
            model("medium"), photographs, len(CLASSES), TINY, _Uncounted(rank, 2, ALONE.device)
        )
        for rank in (0, 1)
    ]
    whole = scores("medium", photographs)
    assert sum(part.loss for part in parts) == pytest.approx(whole.loss, rel=1e-5)
    assert sum(part.top_1 for part in parts) == pytest.approx(whole.top_1)


class _Uncounted(Processes):
    def all_reduce(self, values: torch.Tensor) -> torch.Tensor:
        return values


def test_validation_is_not_augmented_and_training_is(photographs: LocationDataset) -> None:
    batch = photographs.__getitems__([0, 4, 8])
    losses, validated = [], []
    for strength in (0.0, 1.0):
        config = replace(TINY, augmentation=strength)
        train_step = TrainStep(model("medium"), config, ALONE, None, steps_per_epoch=1)
        losses.append(float(train_step(batch.views, batch.labels, 0, 3)))
        validated.append(scores("medium", photographs, augmentation=strength).loss)
    assert losses[0] != losses[1]
    assert validated[0] == validated[1]


def test_a_photograph_that_is_gone_is_named(tmp_path: Path) -> None:
    index = layout.index_folder(folder(tmp_path, ("A", "B"), 2))
    photographs = LocationDataset(index.root, index.locations, CLASSES, 32)
    gone = index.root / index.locations[1].images[3]
    gone.unlink()
    with pytest.raises(InputError, match=f"{gone}: the photograph is gone"):
        scores("medium", photographs)
