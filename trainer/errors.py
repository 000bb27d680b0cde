"""What ends a command early and is meant for a person, not a programmer."""


class InputError(ValueError):
    """Input that cannot be used; the message is one sentence naming the file and the way out."""


class Diverged(InputError):  # noqa: N818  What the field calls it.
    """A training whose loss is not finite any more."""


class OutOfMemory(InputError):  # noqa: N818  What the field calls it.
    """A training for which the device has too little memory."""


class Stopped(Exception):  # noqa: N818  Nothing went wrong.
    """Training was asked to end and has saved what it did; the message says what comes next."""
