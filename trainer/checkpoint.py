"""Checkpoints: weights as safetensors, everything else as readable JSON beside them.

`best.json` and `last.json` in a run folder each name a weights file and its SHA-256. The weights
file has a new name for each save and is written first; then the JSON is replaced atomically, so a
kill at any moment leaves the previous checkpoint intact.
"""

import dataclasses
import errno
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import numpy
import torch
import torchvision
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from common.errors import InputError
from common.files import atomic_write, atomic_write_text, check_readable
from common.names import canonical_names
from common.system_errors import explain, is_system_error
from common.validation import NonNegativeInt, validate
from trainer.config import Config
from trainer.models.resnet import FourViewResNet

FORMAT = "resnetbolt-checkpoint"
VERSION = 4
_OLD_NAMES = {
    "class_name": "class_names",
    "data": "data_root",
    "class_top_1": "per_class_top_1",
}
"""Names of fields in versions 1 and 2 -> names now."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
RESUME = "and resume from the previous save"
METRICS = ("training_loss", "validation_loss", "top_1", "top_5")


@dataclass(frozen=True)
class Checkpoint:
    """A trained model without its weights: the content of `best.json` or `last.json`.

    `class_names` is in the order of the logits. `data_root` is the data folder and `data_sha256`
    the fingerprint of its locations (`PreparedData.fingerprint`). `split` maps "training" and
    "validation" to location ids. `epoch` and `step` count completed epochs and steps. `metrics` are
    the training and validation scores of `epoch`, and `per_class_top_1` the validation accuracy of
    each class; both are empty before the first epoch ends. `excluded_classes` were left out because
    they are small (`Config.min_locations`). `loss_sum` is the sum of the step losses
    since `epoch`, in nats, and `seconds` the training time so far. `weights` is the name of the
    weights file and `sha256` its hash; both are empty until the checkpoint is saved. `hardware` is
    what it was trained on, in words.

    Only a published checkpoint (`trainer.publish`) has `commands`, which made it from nothing, and
    `test_metrics`: "locations", "loss" in nats, "top_1" and "top_5" of its rounded weights over
    test photographs.
    """

    config: Config
    class_names: tuple[str, ...]
    data_root: str
    split: Mapping[str, Sequence[str]]
    metrics: Mapping[str, Finite]
    epoch: NonNegativeInt
    step: NonNegativeInt = 0
    loss_sum: Finite = 0.0
    seconds: Finite = 0.0
    per_class_top_1: Mapping[str, Finite] = dataclasses.field(default_factory=dict)
    data_sha256: str = ""
    excluded_classes: tuple[str, ...] = ()
    preset: str = ""
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    commit: str = ""
    weights: str = ""
    sha256: str = ""
    hardware: str = ""
    commands: tuple[str, ...] = ()
    test_metrics: Mapping[str, Finite] = dataclasses.field(default_factory=dict)


def save(
    run: Path,
    names: Sequence[str],
    checkpoint: Checkpoint,
    model: FourViewResNet,
    state: Mapping[str, Any],
) -> None:
    """Write the weights, then `RUN/<name>.json` for each of `names` ("best", "last") in order.

    Put "last" last: after a kill before it, resuming starts from the previous save. `state`, which
    only resuming needs, goes into a separate file. Raises InputError on a full disk.
    """
    temporary = run / f"weights-{checkpoint.step:07d}.safetensors"
    try:
        with atomic_write(temporary) as partial:
            partial.write_bytes(_weights_bytes(model.state_dict(), checkpoint.config))
        with atomic_write(_state_file(run, checkpoint)) as partial:
            torch.save(dict(state), partial)
    except (InputError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        cause = error.__cause__
        # torch raises a RuntimeError without the cause where the disk is full.
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        reason = explain(cause if isinstance(cause, OSError) else full, RESUME)
        raise InputError(
            f"{run}: the checkpoint of step {checkpoint.step} could not be written: {reason}."
        ) from error
    named = _name_weights(temporary, dataclasses.replace(checkpoint, **_provenance()))
    for name in names:
        atomic_write_text(run / f"{name}.json", _to_json(named))
    _remove_unused(run)


def save_half(folder: Path, checkpoint: Checkpoint, tensors: Mapping[str, Tensor]) -> Checkpoint:
    """Write only `best.json` and its weights, in half precision, and return the checkpoint.

    `load` reads them as any others. The folder must exist. Raises InputError on a full disk.
    """
    halves = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }
    temporary = folder / "weights.safetensors"
    with atomic_write(temporary) as partial:
        partial.write_bytes(_weights_bytes(halves, checkpoint.config))
    named = _name_weights(temporary, checkpoint)
    atomic_write_text(folder / "best.json", _to_json(named))
    return named


def _weights_bytes(tensors: Mapping[str, Tensor], config: Config) -> bytes:
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    return to_bytes(contiguous, _weights_metadata(config))


def _name_weights(path: Path, checkpoint: Checkpoint) -> Checkpoint:
    """Rename a file of weights by its content, and return the checkpoint with its name and hash.

    Saving a step again must not change the weights that another JSON names.
    """
    sha256 = _sha256(path)
    weights = f"weights-{checkpoint.step:07d}-{sha256[:12]}.safetensors"
    path.replace(path.with_name(weights))
    return dataclasses.replace(checkpoint, weights=weights, sha256=sha256)


def _to_json(checkpoint: Checkpoint) -> str:
    document = {"format": FORMAT, "version": VERSION} | dataclasses.asdict(checkpoint)
    return json.dumps(document, indent=1) + "\n"


def load_state(run: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the state that was saved with a checkpoint, on the CPU; raises InputError."""
    path = _state_file(run, checkpoint)
    check_readable(path, "the optimizer state is missing; train into another folder")
    try:
        return cast(dict[str, Any], torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # A damaged pickle can raise anything.
        if is_system_error(error):
            raise InputError(f"{path}: {explain(error)}.") from error
        raise InputError(
            f"{path}: the optimizer state is damaged; train into another folder."
        ) from error


def read(run: Path, name: str = "best") -> Checkpoint:
    """Read `RUN/<name>.json`; raises InputError if it is missing or not a checkpoint."""
    path = run / f"{name}.json"
    check_readable(path, "there is no such checkpoint; train one first")
    try:
        document = json.loads(path.read_text("utf-8"))
        if document.pop("format") != FORMAT:
            raise ValueError("not a checkpoint")
        version = document.pop("version")
        if type(version) is not int or version < 1:
            raise ValueError("no version")
        if version > VERSION:
            raise InputError(
                f"the checkpoint has version {version}, but this program reads up to version "
                f"{VERSION}; update the program."
            )
        fields = {_OLD_NAMES.get(key, key): value for key, value in document.items()}
        fields["config"] = Config.from_json(fields["config"])
        for key in ("class_names", "excluded_classes", "commands"):
            if not isinstance(fields.get(key, []), list):  # Of a string, each letter would count.
                raise TypeError("no list")
            fields[key] = tuple(fields.get(key, []))
        for key in ("class_names", "excluded_classes"):
            fields[key] = canonical_names(fields[key])
        fields["per_class_top_1"] = _canonical_keys(fields.get("per_class_top_1", {}))
        checkpoint = Checkpoint(**fields)
        _check(checkpoint)
        return checkpoint
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: {explain(error)}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: not a readable checkpoint; choose another run.") from error


def _canonical_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(zip(canonical_names(values), values.values(), strict=True))


def _check(checkpoint: Checkpoint) -> None:
    """Raise ValueError if a value has another type or an entry is missing."""
    try:
        validate(checkpoint)
    except InputError as error:
        raise ValueError("a value has another type") from error
    classes = checkpoint.class_names
    if not classes or len(set(classes)) != len(classes):
        raise ValueError("classes are missing or not unique")
    if not {"training", "validation"} <= set(checkpoint.split):
        raise ValueError("a part of the split is missing")
    if checkpoint.epoch and not set(METRICS) <= set(checkpoint.metrics):
        raise ValueError("a metric is missing")


def load(run: Path, name: str = "best") -> tuple[FourViewResNet, Checkpoint]:
    """Return the model, on the CPU and in evaluation mode, and its checkpoint.

    Raises InputError if a file is missing or damaged, or if the weights are of another model.
    """
    checkpoint = read(run, name)
    path = run / Path(checkpoint.weights).name
    check_readable(path, f"the weights that {name}.json names are missing; train again")
    fusion, depth = checkpoint.config.fusion, checkpoint.config.depth
    model = FourViewResNet(fusion, len(checkpoint.class_names), depth=depth)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        if "model" in metadata and metadata != _weights_metadata(checkpoint.config):
            raise RuntimeError("written for another model")
        model.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError, OSError, MemoryError) as error:
        if is_system_error(error):
            raise InputError(f"{path}: {explain(error)}.") from error
        if isinstance(error, SafetensorError):
            raise InputError(
                f"{path}: the weights are damaged or cut off; choose another run."
            ) from error
        raise InputError(
            f"{path}: not the weights of a ResNet-{depth} with {fusion} fusion and "
            f"{len(checkpoint.class_names)} classes; choose another run."
        ) from error
    if checkpoint.sha256 != _sha256(path):
        raise InputError(f"{path}: the weights have changed since {name}.json was written.")
    return model.eval(), checkpoint


def _weights_metadata(config: Config) -> dict[str, str]:
    """Return the metadata of a weights file: what the shapes of its tensors do not tell.

    It has one entry, because the library writes several in any order and equal models must have
    equal files.
    """
    return {"model": f"ResNet-{config.depth}, {config.fusion}"}


def _state_file(run: Path, checkpoint: Checkpoint) -> Path:
    return run / f"state-{checkpoint.step:07d}.pt"


def _remove_unused(run: Path) -> None:
    """Remove weights that no checkpoint names, and states that are not the last one's."""
    last = read(run, "last")
    used_names = {last.weights, _state_file(run, last).name}
    if (run / "best.json").is_file():
        used_names.add(read(run, "best").weights)
    for path in [*run.glob("weights-*.safetensors"), *run.glob("state-*.pt")]:
        if path.name not in used_names:
            path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _provenance() -> dict[str, Any]:
    """Return versions, hardware and, in a clone, the commit of this program."""
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = ""
    return {"commit": commit, "versions": versions(), "hardware": _hardware()}


def _hardware() -> str:
    """Return the GPU or the number of cores, in words."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"{os.cpu_count()} cores, {platform.machine()}"


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide the numbers, by package."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "numpy": numpy.__version__,
    }
