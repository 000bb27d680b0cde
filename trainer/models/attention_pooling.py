"""Attention pooling: a mean over the members of a bag, with weights that are learned."""

from typing import cast

import torch
from torch import Tensor, nn

HIDDEN = 128


class AttentionPooling(nn.Module):
    """The mean of n members (N, n, C), weighted by softmax(w tanh(V h)) over them.

    Ilse et al. 2018 (arXiv 1802.04712), equations 7 and 8, with 128 hidden units. w starts at
    zero, so the weights are equal and the pooling starts as the plain mean, bit for bit.
    """

    def __init__(self, width: int) -> None:
        """Take C."""
        super().__init__()
        # No biases: a softmax does not see what all its scores have in common.
        self.hidden = nn.Linear(width, HIDDEN, bias=False)
        self.score = nn.Linear(HIDDEN, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    def weights(self, members: Tensor) -> Tensor:
        """Return the weights (N, n) of members (N, n, C): above 0, of sum 1."""
        relative = self._relative(members)
        return relative / relative.sum(dim=1, keepdim=True)

    def forward(self, members: Tensor) -> Tensor:
        """Return the weighted mean (N, C) of members (N, n, C)."""
        relative = self._relative(members).unsqueeze(-1)
        # One mean over another: equal scores then give the plain mean without any rounding.
        return (members * relative).mean(dim=1) / relative.mean(dim=1)

    def _relative(self, members: Tensor) -> Tensor:
        """Return the weights (N, n) as shares of the largest, in float32 and (0, 1]."""
        score = cast(Tensor, self.score(torch.tanh(self.hidden(members)))).squeeze(-1).float()
        return (score - score.detach().amax(dim=1, keepdim=True)).exp()
