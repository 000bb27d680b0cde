"""Everything that decides a training run, in one frozen dataclass: each field is an option."""

from collections.abc import Mapping
from dataclasses import Field as DataclassField
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import Field

from common.errors import InputError
from common.validation import (
    Count,
    Fraction,
    NonNegative,
    NonNegativeInt,
    Positive,
    validate,
)

Fusion = Literal[
    "single", "early", "stack", "medium", "medium-max", "late", "late-mean", "attention"
]
Depth = Literal[18, 34, 50, 101, 152]
Precision = Literal["float32", "bfloat16"]
FUSIONS: tuple[Fusion, ...] = get_args(Fusion)
DEPTHS: tuple[Depth, ...] = get_args(Depth)

# Fields that may differ when a run is resumed: they do not change what it learns.
RESUMABLE_FIELDS = ("compile", "save_interval", "num_workers")
# Names in the configurations of checkpoints of versions 1 and 2.
FORMER_NAMES = {
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


@dataclass(frozen=True)
class Config:
    """How to train. The defaults are those of the preset."""

    fusion: Fusion = field(
        default="medium",
        metadata={
            "help": "how the four views are combined: single (not at all: each view is a sample), "
            "early (side by side), stack (12 channels), medium or medium-max (mean or "
            "maximum of the views' features), late or late-mean (maximum or mean of the "
            "views' logits), attention (learned weights over the views and their last "
            "feature maps)"
        },
    )
    depth: Depth = 50
    """layers of the ResNet"""
    weights: str = field(
        default="",
        metadata={
            "help": "pretrained weights of the trunk: a name of torchvision's, such as "
            "IMAGENET1K_V2, or a .pth or .safetensors file; empty trains from scratch"
        },
    )
    initialization: Literal["he", "zero-residual"] = field(
        default="he",
        metadata={
            "help": "initial weights from scratch: he (He et al. 2015), or zero-residual, where "
            "every block starts as the identity (Goyal et al. 2017) and short trainings "
            "get further"
        },
    )
    image_size: Annotated[int, Field(ge=32, le=4096)] = 256
    """side to which each view is scaled, pixels"""
    epochs: Count = 10
    """passes over the training part"""
    batch_size: Annotated[int, Field(ge=2, le=2**31 - 1)] = 28
    """locations in a step, over all processes"""
    accumulation_steps: Count = 1
    """parts in which each process computes its share of a step, to save memory"""
    optimizer: Literal["adam", "adamw", "sgd"] = field(
        default="adam",
        metadata={
            "help": "adam (weight decay as L2 penalty), adamw (decoupled weight decay, none for "
            "norms and biases), or sgd (Nesterov momentum)"
        },
    )
    learning_rate: Positive = 1e-5
    """learning rate, or its peak"""
    trunk_lr_scale: NonNegative = 1.0
    """learning rate of the trunk, as a fraction of the head's"""
    beta1: Fraction = 0.9
    """decay of the mean of the gradients; with sgd the momentum"""
    beta2: Fraction = 0.999
    """decay of the mean of the squared gradients"""
    eps: Positive = 1e-8
    """term added to the denominator of Adam"""
    weight_decay: NonNegative = 1e-4
    """weight decay"""
    schedule: Literal["constant", "one-cycle", "cosine"] = field(
        default="constant",
        metadata={
            "help": "learning rate over the steps: constant, one-cycle (a linear rise over the "
            "first quarter, then a cosine to zero), or cosine (a linear rise over the "
            "warm-up, then a cosine to zero)"
        },
    )
    warmup_epochs: NonNegative = 0.0
    """linear rise of the learning rate, epochs"""
    label_smoothing: Fraction = 0.0
    """fraction of the target spread evenly over all classes"""
    neighbor_smoothing: Fraction = field(
        default=0.0,
        metadata={
            "help": "fraction of the target spread over the other classes by the distance between "
            "their centres; needs coordinates"
        },
    )
    neighbor_distance: Positive = 300.0
    """distance over which that spread falls by a factor of e, km"""
    ema_decay: Fraction = field(
        default=0.0,
        metadata={
            "help": "decay per step of the exponential moving average of the weights, which is "
            "validated and saved; 0 saves the last weights"
        },
    )
    augmentation: Annotated[float, Field(ge=0, le=1)] = field(
        default=0.0,
        metadata={
            "help": "strength of random crops and changes of brightness, contrast and saturation, "
            "0 to 1; views are never mirrored"
        },
    )
    batch_norm: Literal["batch", "frozen"] = "batch"
    """statistics of batch normalisation: those of the batch, or frozen at their initial values"""
    precision: Precision = "float32"
    """number format of the forward and backward pass"""
    compile: bool = False
    """compile the model with torch.compile"""
    deterministic: bool = True
    """compute the same bits each time on the same device"""
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """fraction of each class's locations that is held back for validation"""
    min_locations: NonNegativeInt = 0
    """leave out classes with fewer locations that can be used; a class needs two"""
    save_interval: NonNegative = 10.0
    """time between saves within an epoch, minutes"""
    num_workers: NonNegativeInt = 2
    """processes that decode photographs; 0 decodes in the main process"""
    seed: NonNegativeInt = 0
    """seed of the split, the initial weights and the order of the samples"""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Config":
        """Return the configuration of a checkpoint's JSON, also of older versions.

        Raises InputError for a value that is not allowed and TypeError for an unknown field.
        """
        return cls(**{FORMER_NAMES.get(name, name): value for name, value in document.items()})

    def __post_init__(self) -> None:
        """Raise InputError for a value that is not allowed."""
        validate(self)
        if self.label_smoothing + self.neighbor_smoothing >= 1:
            raise InputError(
                "--label-smoothing and --neighbor-smoothing: their sum must be less than 1."
            )


def choices(field: "DataclassField[Any]") -> tuple[Any, ...]:
    """Return the values that a field may have; () for a field that is not a choice."""
    return get_args(field.type) if get_origin(field.type) is Literal else ()
