"""Everything that decides a training run, in one frozen dataclass: each field is an option."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from common.errors import InputError

FUSIONS = (
    "single",
    "early",
    "stack",
    "medium",
    "medium-max",
    "late",
    "late-mean",
    "attention",
)
DEPTHS = (18, 34, 50, 101, 152)
INITIALISATIONS = ("he", "zero-residual")
OPTIMISERS = ("adam", "adamw", "sgd")
SCHEDULES = ("constant", "one-cycle", "cosine")
PRECISIONS = ("float32", "bfloat16")
BATCH_NORMS = ("batch", "frozen")


# Names in the configurations of checkpoints of versions 1 and 2.
_FORMER_NAMES = {
    "initialisation": "initialization",
    "size": "image_size",
    "accumulation": "accumulation_steps",
    "optimiser": "optimizer",
    "trunk_rate": "trunk_lr_scale",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "epsilon": "eps",
    "warm_up": "warmup_epochs",
    "neighbour_smoothing": "neighbor_smoothing",
    "neighbour_distance": "neighbor_distance",
    "averaging": "ema_decay",
    "validation_share": "validation_fraction",
    "save_minutes": "save_interval",
    "workers": "num_workers",
}


def _option(default: Any, text: str, **metadata: Any) -> Any:
    return field(default=default, metadata={"help": text, **metadata})


def option(name: str) -> str:
    """Return the command-line option of a field."""
    return "--" + name.replace("_", "-")


@dataclass(frozen=True)
class Config:
    """How to train: each field is an option of `python -m trainer`, with its unit in the help.

    A field whose metadata says `free` may differ when a run is resumed. Raises InputError for a
    value that cannot be.
    """

    fusion: str = _option(
        "medium",
        "how the four views meet: single (never: each view is a sample), early (side by side), "
        "stack (12 channels), medium or medium-max (mean or maximum of the views' features), late "
        "or late-mean (maximum or mean of the views' logits), attention (learned weights over the "
        "views and their last feature maps)",
        choices=FUSIONS,
    )
    depth: int = _option(50, "layers of the residual network", choices=DEPTHS)
    weights: str = _option(
        "",
        "weights to start the trunk from: a name of torchvision's, such as IMAGENET1K_V2, or a "
        "local .pth or .safetensors file; from scratch where empty",
    )
    initialization: str = _option(
        "he",
        "from scratch: he (He et al. 2015), or zero-residual, in which every block starts as the "
        "identity (Goyal et al. 2017) and short trainings get further",
        choices=INITIALISATIONS,
    )
    image_size: int = _option(
        256, "side to which each view is scaled, pixels", minimum=32, maximum=4096
    )
    epochs: int = _option(10, "passes over the training part", minimum=1)
    batch_size: int = _option(28, "locations a step, over all processes", minimum=2)
    accumulation_steps: int = _option(
        1, "parts in which a process computes its share of a step, to save memory", minimum=1
    )
    optimizer: str = _option(
        "adam",
        "adam (weight decay as L2 penalty), adamw (decoupled; norms and biases are spared), or "
        "sgd (Nesterov momentum)",
        choices=OPTIMISERS,
    )
    learning_rate: float = _option(1e-5, "step size, or its peak", above=0.0)
    trunk_lr_scale: float = _option(
        1.0, "the trunk's learning rate as a share of the head's", minimum=0.0
    )
    beta1: float = _option(
        0.9, "decay of the gradient's mean; sgd: momentum", minimum=0.0, below=1.0
    )
    beta2: float = _option(0.999, "decay of the gradient's square", minimum=0.0, below=1.0)
    eps: float = _option(1e-8, "added to the denominator", above=0.0)
    weight_decay: float = _option(1e-4, "decay of the weights", minimum=0.0)
    schedule: str = _option(
        "constant",
        "learning rate over the steps: constant, one-cycle (a linear rise over the first quarter, "
        "then a cosine to zero), or cosine (a rise over the warm-up, then the same)",
        choices=SCHEDULES,
    )
    warmup_epochs: float = _option(0.0, "linear rise of the learning rate, epochs", minimum=0.0)
    label_smoothing: float = _option(
        0.0, "share of the target spread over all classes", minimum=0.0, below=1.0
    )
    neighbor_smoothing: float = _option(
        0.0,
        "share of the target spread over the other classes by the distance of their centres; "
        "needs coordinates",
        minimum=0.0,
        below=1.0,
    )
    neighbor_distance: float = _option(
        300.0, "distance at which that spread falls by a factor e, km", above=0.0
    )
    ema_decay: float = _option(
        0.0,
        "decay, a step, of the exponential average of the weights that is validated and kept; 0 "
        "keeps the last weights",
        minimum=0.0,
        below=1.0,
    )
    augmentation: float = _option(
        0.0,
        "strength of random crops, brightness, contrast and saturation; left and right stay",
        minimum=0.0,
        maximum=1.0,
    )
    batch_norm: str = _option(
        "batch",
        "statistics of batch normalisation: batch, or frozen at those it starts with",
        choices=BATCH_NORMS,
    )
    precision: str = _option(
        "float32", "numbers of the forward and backward pass", choices=PRECISIONS
    )
    compile: bool = _option(False, "compile the model with torch.compile", free=True)
    deterministic: bool = _option(True, "the same bits each time on the same device")
    validation_fraction: float = _option(
        0.1, "share of each class's locations held back for validation", above=0.0, below=1.0
    )
    save_interval: float = _option(
        10.0, "time between saves within an epoch, minutes", minimum=0.0, free=True
    )
    num_workers: int = _option(2, "processes that decode photographs", minimum=0, free=True)
    seed: int = _option(0, "seed of the split, the weights and the order", minimum=0)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Config":
        """Return the configuration of a checkpoint's JSON, also of older versions.

        Raises InputError for a value that is not allowed and TypeError for an unknown field.
        """
        return cls(**{_FORMER_NAMES.get(name, name): value for name, value in document.items()})

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be."""
        for item in dataclasses.fields(self):
            _check(item, getattr(self, item.name))
        if self.label_smoothing + self.neighbor_smoothing >= 1:
            raise InputError(
                "--label-smoothing and --neighbor-smoothing must leave something to the class: "
                "their sum must be below 1."
            )


def _check(item: "dataclasses.Field[Any]", value: object) -> None:
    """Raise InputError unless a field may have this value: a JSON file may hold anything."""
    name, metadata, wanted = option(item.name), item.metadata, type(item.default)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (number if wanted is float else type(value) is wanted):
        raise InputError(f"{name} {value!r}: must be of type {wanted.__name__}.")
    if "choices" in metadata and value not in metadata["choices"]:
        raise InputError(
            f"{name} {value}: choose one of {', '.join(map(str, metadata['choices']))}."
        )
    if not isinstance(value, (int, float)) or "choices" in metadata or wanted is bool:
        return
    lowest, highest = metadata.get("minimum"), metadata.get("maximum", 2**31 - 1)
    above, below = metadata.get("above"), metadata.get("below")
    if not (
        (lowest is None or value >= lowest)
        and (above is None or value > above)
        and (value <= highest)
        and (below is None or value < below)
    ):
        left = f"[{lowest}" if above is None else f"({above}"
        right = f"{highest}]" if below is None else f"{below})"
        raise InputError(f"{name} {value}: must lie in {left}, {right}.")
