"""Everything that decides a training run, in one frozen dataclass, and the named presets."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer.errors import InputError

FUSIONS = ("early", "medium")
INITIALISATIONS = ("he", "zero-residual")
SCHEDULES = ("constant", "one-cycle")


def _option(default: Any, text: str, **metadata: Any) -> Any:
    return field(default=default, metadata={"help": text, **metadata})


def option(name: str) -> str:
    """Return the command-line option of a field."""
    return "--" + name.replace("_", "-")


@dataclass(frozen=True)
class Config:
    """How to train: each field is an option of `python -m trainer`, with its unit in the help."""

    fusion: str = _option(
        "medium",
        "how the four views meet: early lays them side by side, medium averages their features",
        choices=FUSIONS,
    )
    initialisation: str = _option(
        "he",
        "weights to start from: he (He et al. 2015), or zero-residual, in which every block starts "
        "as the identity (Goyal et al. 2017) and short trainings get further",
        choices=INITIALISATIONS,
    )
    size: int = _option(256, "side to which each view is scaled, pixels", minimum=32, maximum=4096)
    epochs: int = _option(10, "passes over the training part", minimum=1)
    batch_size: int = _option(28, "locations a step", minimum=2)
    learning_rate: float = _option(1e-5, "step size of Adam, or its peak", minimum=0.0)
    beta_1: float = _option(0.9, "Adam: decay of the gradient's mean", minimum=0.0)
    beta_2: float = _option(0.999, "Adam: decay of the gradient's square", minimum=0.0)
    epsilon: float = _option(1e-8, "Adam: added to the denominator", minimum=0.0)
    weight_decay: float = _option(1e-4, "L2 penalty on the weights", minimum=0.0)
    schedule: str = _option(
        "constant",
        "learning rate over the steps: constant, or one-cycle (a linear rise over the first "
        "quarter, then a cosine to zero)",
        choices=SCHEDULES,
    )
    validation_share: float = _option(
        0.1, "share of each class's locations held back for validation", minimum=0.0
    )
    workers: int = _option(2, "processes that decode photographs", minimum=0)
    seed: int = _option(0, "seed of the split, the weights and the order", minimum=0)

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be."""
        for item in dataclasses.fields(self):
            value, name = getattr(self, item.name), option(item.name)
            wanted = (int, float) if isinstance(item.default, float) else type(item.default)
            if not isinstance(value, wanted) or isinstance(value, bool):
                raise InputError(
                    f"{name} {value!r}: must be of type {type(item.default).__name__}."
                )
            choices, minimum = item.metadata.get("choices"), item.metadata.get("minimum")
            if choices is not None and value not in choices:
                raise InputError(f"{name} {value}: choose one of {', '.join(choices)}.")
            maximum = item.metadata.get("maximum", 2**31 - 1)
            if minimum is not None and not minimum <= value <= maximum:
                raise InputError(f"{name} {value}: must lie between {minimum} and {maximum}.")
        if not 0 < self.validation_share < 1:
            raise InputError(f"--validation-share {self.validation_share}: must lie in (0, 1).")
        if not (self.beta_1 < 1 and self.beta_2 < 1 and self.epsilon > 0 < self.learning_rate):
            raise InputError(
                "--beta-1 and --beta-2 must be below 1, --epsilon and --learning-rate above 0."
            )


PRESETS: Mapping[str, Config] = {
    # Table 1 of the paper, for each of its two models.
    "paper-early": Config(fusion="early"),
    "paper-medium": Config(fusion="medium"),
    # Small and steep: what two cores can learn from the painted states in some three minutes.
    "demo": Config(
        fusion="medium",
        initialisation="zero-residual",
        size=48,
        epochs=2,
        batch_size=16,
        learning_rate=1e-3,
        schedule="one-cycle",
    ),
}
DEFAULT_PRESET = "paper-medium"
