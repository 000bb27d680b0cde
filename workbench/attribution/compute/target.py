"""The one number of a location's logits that is explained."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.attribution.request import AttributionRequest


@dataclass(frozen=True)
class Target:
    """An output of class `state`, less that of class `rather_than` where there is one."""

    output: str
    """"logit", "log_probability" or "probability"."""
    state: int
    rather_than: int | None = None

    def __call__(self, logit: Tensor) -> Tensor:
        """Return the number (N,) of logits (N, S)."""
        if self.output == "log_probability":
            value = logit.log_softmax(dim=1)
        elif self.output == "probability":
            value = logit.softmax(dim=1)
        else:
            value = logit
        if self.rather_than is None:
            return value[:, self.state]
        return value[:, self.state] - value[:, self.rather_than]

    @property
    def linear(self) -> bool:
        """Whether the number is a sum of logits."""
        return self.output == "logit"

    def sensitivity(self, logit: Tensor) -> Tensor:
        """Return the length (N,) of the number's gradient with respect to logits (N, S)."""
        # What comes out of inference mode cannot be differentiated.
        own = logit.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(self(own).sum(), own)
        length: Tensor = gradient.norm(dim=1)
        return length

    def probability(self, logit: Tensor) -> Tensor:
        """Return the probability (N,) of the explained state."""
        return logit.softmax(dim=1)[:, self.state]


def target(question: AttributionRequest, class_name: Sequence[str]) -> Target:
    """Return the target of a question whose classes go by name (`AttributionRequest.about`)."""
    rather = class_name.index(question.contrast_target) if question.contrast_target else None
    return Target(question.output, class_name.index(question.target), rather)
