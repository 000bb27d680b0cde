"""Errors whose message is meant for the user."""


class InputError(Exception):
    """Input that cannot be used; the message is one sentence naming the file and the way out."""


class Interrupted(Exception):  # noqa: N818  Nothing went wrong.
    """The command was asked to stop and has saved its work; the message says how to resume."""
