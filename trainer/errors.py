"""The one error that a person, not a programmer, is meant to read."""


class InputError(ValueError):
    """Input that cannot be used; the message is one sentence naming the file and the way out."""
