"""Check the fields of a dataclass against its annotations."""

import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from common.errors import InputError

_LIMIT = 2**31 - 1
Count = Annotated[int, Field(ge=1, le=_LIMIT)]
NonNegativeInt = Annotated[int, Field(ge=0, le=_LIMIT)]
Positive = Annotated[float, Field(gt=0, le=_LIMIT)]
NonNegative = Annotated[float, Field(ge=0, le=_LIMIT)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


def option(name: str) -> str:
    """Return the command-line option of a field."""
    return "--" + name.replace("_", "-")


def validate(instance: Any, label: Callable[[str], str] = option) -> None:
    """Raise InputError, naming it by `label`, for the first field that its annotation forbids.

    An annotation is a type, a Literal or a range, such as `Annotated[int, pydantic.Field(ge=1)]`.
    No value is converted: "1" and True are not integers.
    """
    for name, adapter in _adapters(instance.__class__).items():
        try:
            adapter.validate_python(getattr(instance, name), strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False)[0]
            rule = re.sub(r"^\w+ should", "must", details["msg"])
            rule = rule.replace("greater than or equal to", "at least")
            rule = rule.replace("less than or equal to", "at most")
            raise InputError(f"{label(name)} {details['input']!r:.80}: {rule}.") from error


@cache
def _adapters(kind: Any) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: TypeAdapter(hint) for name, hint in hints.items()}
