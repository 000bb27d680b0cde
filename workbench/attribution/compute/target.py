"""The scalar output that is explained."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from workbench.attribution.request import AttributionRequest


@dataclass(frozen=True)
class Target:
    """An output of class `target`, minus that of class `contrast_target` if there is one."""

    output: str
    """"logit", "log_probability" or "probability"."""
    target: int
    contrast_target: int | None = None

    @classmethod
    def from_request(cls, request: AttributionRequest, class_names: Sequence[str]) -> "Target":
        """Return the target of a resolved request (`AttributionRequest.resolve`)."""
        contrast = request.contrast_target
        return cls(
            request.output,
            class_names.index(request.target),
            class_names.index(contrast) if contrast else None,
        )

    def __call__(self, logits: Tensor) -> Tensor:
        """Return the output (N,) for logits (N, S)."""
        if self.output == "log_probability":
            values = logits.log_softmax(dim=1)
        elif self.output == "probability":
            values = logits.softmax(dim=1)
        else:
            values = logits
        if self.contrast_target is None:
            return values[:, self.target]
        return values[:, self.target] - values[:, self.contrast_target]

    @property
    def is_linear(self) -> bool:
        """Whether the output is linear in the logits."""
        return self.output == "logit"

    def sensitivity(self, logits: Tensor) -> Tensor:
        """Return the norm (N,) of the output's gradient with respect to logits (N, S)."""
        # A tensor from inference mode cannot be differentiated; its copy can.
        variable = logits.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(self(variable).sum(), variable)
        norm: Tensor = gradient.norm(dim=1)
        return norm

    def probability(self, logits: Tensor) -> Tensor:
        """Return the probability (N,) of class `target`."""
        return logits.softmax(dim=1)[:, self.target]
