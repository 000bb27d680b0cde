"""How commands take their options, and how they end: one sentence and an exit status."""

import dataclasses
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import tyro

from common.errors import InputError, Interrupted
from common.streams import end_with_reader, print_error
from common.system_errors import explain, is_out_of_memory
from common.validation import validate

_CONFIG = (tyro.conf.HelptextFromCommentsOff,)
Options = TypeVar("Options")
AS_EXTRACTED = "(default: as when the store was extracted)"


def parse(
    kind: type[Options], arguments: Sequence[str] | None, prog: str, **defaults: Any
) -> Options:
    """Return a command's options, a dataclass, from its arguments or those of this process.

    Its docstring is the description, those of its fields are the help. `defaults` replace the
    defaults of fields. An option that there is not ends the program with status 2, `--help` with
    0. Raises InputError for a value that the annotation of its field does not allow.
    """
    if defaults:
        required = {
            field.name: tyro.MISSING
            for field in dataclasses.fields(kind)  # type: ignore[arg-type]
            if field.default is dataclasses.MISSING
        }
        result = tyro.cli(
            kind, args=arguments, prog=prog, default=kind(**required | defaults), config=_CONFIG
        )
    else:
        result = tyro.cli(kind, args=arguments, prog=prog, config=_CONFIG)
    validate(result)
    return result


def parse_subcommand(
    kinds: dict[str, Callable[..., Options]],
    description: str,
    arguments: Sequence[str] | None,
    prog: str,
) -> Options:
    """Return the options of one of several subcommands; otherwise as `parse`."""
    result: Options = tyro.extras.subcommand_cli_from_dict(
        kinds, args=arguments, prog=prog, description=description, config=_CONFIG
    )
    validate(result)
    return result


@contextmanager
def cli_errors(program: str, *, interrupted: str = "nothing was written") -> Iterator[None]:
    """Turn unusable input, a failing disk and a lack of memory into a sentence and exit status 2.

    Ctrl-C and SIGTERM raise KeyboardInterrupt inside the block, also in a background job whose
    shell made it ignore Ctrl-C, so that nothing half-written stays behind; the exit status is 130
    or 143 and `interrupted` says what that means. A command that was asked to stop and has saved
    (`Interrupted`) ends with the status of SIGTERM. When the program that reads stdout or stderr
    has ended, as in `| head`, the command ends silently with status 141.
    """
    signals: list[int] = []
    try:
        with _interruptible(signals), end_with_reader():
            yield
    except InputError as error:
        print_error(f"{program}: {error}")
        raise SystemExit(2) from error
    except Interrupted as stop:
        print_error(f"{program}: {stop}")
        raise SystemExit(128 + signal.SIGTERM) from None
    except (OSError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not is_out_of_memory(error):
            raise
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        print_error(f"{program}: {where}{explain(error)}.")
        raise SystemExit(2) from error
    except (KeyboardInterrupt, ImportError) as error:
        # NumPy turns an interrupted import into an ImportError.
        if isinstance(error, ImportError) and not signals:
            raise
        print_error(f"\n{program}: interrupted; {interrupted}.")
        raise SystemExit(128 + (signals or [signal.SIGINT])[-1]) from None


class _Interrupt(KeyboardInterrupt):
    """A signal. KeyboardInterrupt itself, in an import, changes the exit status though caught."""


@contextmanager
def _interruptible(signals: list[int]) -> Iterator[None]:
    """Raise KeyboardInterrupt for Ctrl-C and SIGTERM, and append their numbers to `signals`."""
    if threading.current_thread() is not threading.main_thread():  # Only it receives signals.
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        raise _Interrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
