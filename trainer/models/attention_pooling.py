"""Attention pooling: a mean over the elements of a set, with learned weights."""

from typing import cast

import torch
from torch import Tensor, nn

HIDDEN = 128


class AttentionPooling(nn.Module):
    """The mean of n elements (N, n, C), weighted by softmax(w tanh(V h)) over them.

    Ilse et al. 2018 (arXiv 1802.04712), equations 7 and 8, with 128 hidden units. w starts at zero:
    all weights are equal and the pooling starts as the plain mean, bit for bit.
    """

    def __init__(self, num_features: int) -> None:
        """Build the pooling of elements of length C = `num_features`."""
        super().__init__()
        # No biases: a softmax ignores what is common to all scores.
        self.hidden = nn.Linear(num_features, HIDDEN, bias=False)
        self.score = nn.Linear(HIDDEN, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    def weights(self, elements: Tensor) -> Tensor:
        """Return the weights (N, n) of elements (N, n, C): positive, with sum 1."""
        relative = self._relative_weights(elements)
        return relative / relative.sum(dim=1, keepdim=True)

    def forward(self, elements: Tensor) -> Tensor:
        """Return the weighted mean (N, C) of elements (N, n, C)."""
        relative = self._relative_weights(elements).unsqueeze(-1)
        # As a ratio of means, so that equal scores give the plain mean without rounding.
        return (elements * relative).mean(dim=1) / relative.mean(dim=1)

    def _relative_weights(self, elements: Tensor) -> Tensor:
        """Return the weights (N, n) relative to the largest, float32 in (0, 1]."""
        scores = cast(Tensor, self.score(torch.tanh(self.hidden(elements)))).squeeze(-1).float()
        return (scores - scores.detach().amax(dim=1, keepdim=True)).exp()
