"""Several processes that go on together or not at all."""

from collections.abc import Callable
from typing import TypeVar

from trainer import distributed
from trainer.distributed import Processes
from trainer.errors import InputError as TrainerInputError
from workbench.errors import InputError
from workbench.files import reason

T = TypeVar("T")


def agreed(processes: Processes, work: Callable[[], T]) -> T:
    """Do something in each process, and go on only where all of them could.

    Raises InputError in all processes when one of them does, or its disk refuses: none waits for
    another that has ended.
    """
    try:
        result, problem = work(), None
    except (InputError, TrainerInputError) as error:
        problem = InputError(str(error))
        problem.__cause__ = error
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        problem = InputError(f"{where}{reason(error)}; make room or name another place.")
        problem.__cause__ = error
    if processes.any(problem is not None):
        distributed.leave()
        raise problem or InputError(
            "another of the processes could not go on; what it said stands beside this."
        )
    return result
