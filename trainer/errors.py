"""What ends a command early and is meant for a person, not a programmer."""


class InputError(ValueError):
    """Input that cannot be used; the message is one sentence naming the file and the way out."""


class Failed(InputError):  # noqa: N818  It is the training that failed.
    """A training that its own configuration brings to nothing, where another one may do."""


class Diverged(Failed):
    """A training whose loss is not finite any more."""


class OutOfMemory(Failed):
    """A training for which the device has too little memory."""


class Unfit(Failed):
    """A configuration that does not fit the photographs, the processes or the weights."""


class Stopped(Exception):  # noqa: N818  Nothing went wrong.
    """Training was asked to end and has saved what it did; the message says what comes next."""
