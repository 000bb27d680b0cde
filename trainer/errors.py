"""Errors of a configuration; another one may work on the same data."""

from common.errors import InputError


class TrainingFailed(InputError):  # noqa: N818
    """A training that its configuration makes impossible."""


class TrainingDiverged(TrainingFailed):
    """A training whose loss is no longer finite."""


class TrainingOutOfMemory(TrainingFailed):
    """A training for which the device has too little memory."""


class InvalidConfig(TrainingFailed):
    """A configuration that does not fit the photographs, the processes or the weights."""
