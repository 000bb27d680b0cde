"""Errors of a training."""

from common.errors import InputError


class TrainingError(InputError):
    """A training that its configuration makes impossible; another one may work on the same data.

    The loss is not finite, the GPU has too little memory, or an option does not fit the
    photographs, the processes or the weights.
    """
