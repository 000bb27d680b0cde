"""Errors in words for a person, not a programmer."""


class InputError(ValueError):
    """Input that cannot be used; the message is one sentence naming the file and the way out."""


def described(error: OSError) -> str:
    """Say in one sentence what a disk or a folder refused."""
    reason = error.strerror or str(error).partition("\n")[0]
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{reason}; make room or name another place."
