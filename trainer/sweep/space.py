"""What a search varies: ranges and lists of values, and the settings drawn from them."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from common.errors import InputError
from trainer.config import Config, choices
from trainer.sweep.settings import Value, assignment, value

Settings = Mapping[str, Value]
DRAWS = 100  # For each setting that is wanted, at most.


@dataclass(frozen=True)
class Range:
    """A field that may take any value from `low` to `high`, drawn evenly, or in its logarithm."""

    name: str
    low: int | float
    high: int | float
    log: bool = False

    @property
    def size(self) -> float:
        """Return how many values there are."""
        return self.high - self.low + 1 if isinstance(self.low, int) else math.inf

    @property
    def distribution(self) -> BaseDistribution:
        """Return the range in Optuna's terms."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return IntDistribution(self.low, self.high, log=self.log)
        return FloatDistribution(self.low, self.high, log=self.log)

    def __str__(self) -> str:
        return f"{self.low!r}:{self.high!r}" + (":log" if self.log else "")


@dataclass(frozen=True)
class Choice:
    """A field that takes one of some values."""

    name: str
    value: tuple[Value, ...]

    @property
    def size(self) -> float:
        """Return how many values there are."""
        return len(self.value)

    @property
    def distribution(self) -> BaseDistribution:
        """Return the list in Optuna's terms."""
        return CategoricalDistribution(self.value)

    def __str__(self) -> str:
        return ",".join(map(str, self.value))


Varied = Range | Choice


def varied(words: Sequence[str], fixed: Config) -> tuple[Varied, ...]:
    """Read what `--vary` was given; every value, or both ends, are tried on the configuration.

    Raises InputError for a field that there is not or that comes twice, and a value that cannot
    be.
    """
    result = tuple(map(_varied, words))
    for number, one in enumerate(result):
        if one.name in {other.name for other in result[:number]}:
            raise InputError(f"--vary {one.name}: comes twice; give all its values at once.")
        for here in one.value if isinstance(one, Choice) else (one.low, one.high):
            configured(fixed, {one.name: here})
    return result


def configured(fixed: Config, settings: Settings) -> Config:
    """Return the configuration with these settings; raises InputError for those that cannot be."""
    return replace(fixed, **settings)  # type: ignore[arg-type]  # It checks their types itself.


def sequence(varied: Sequence[Varied], method: str, seed: int, count: int | None) -> list[Settings]:
    """Return the settings of `count` trials, in order, no two alike; all of a grid where None.

    They depend on the seed alone: more of them begin with the fewer. `random` draws each field by
    itself with Optuna's sampler; `grid` goes through all combinations of the lists in a random
    order. There are fewer than `count` where there are no more. Raises InputError for the grid of
    a range.
    """
    if method == "grid":
        return _grid(varied, seed)[:count]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # The study in the database could not do this: its sampler would begin anew at each start.
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    distributions = {one.name: one.distribution for one in varied}
    most = min(count or math.inf, math.prod(one.size for one in varied))
    result: dict[tuple[Value, ...], Settings] = {}
    for _ in range(DRAWS * (count or 1)):  # A range may be so narrow that it holds few values.
        if len(result) >= most:
            break
        drawn = study.ask(distributions).params
        result.setdefault(tuple(drawn.values()), drawn)
    return list(result.values())


def _grid(varied: Sequence[Varied], seed: int) -> list[Settings]:
    for one in varied:
        if isinstance(one, Range):
            raise InputError(
                f"--vary {one.name}={one}: a grid takes lists, such as {one.name}={one.low!r},"
                f"{one.high!r}; list the values or say --method random."
            )
    names = [one.name for one in varied]
    lists = [one.value for one in varied if isinstance(one, Choice)]
    points = [dict(zip(names, point, strict=True)) for point in itertools.product(*lists)]
    return [points[row] for row in np.random.default_rng(seed).permutation(len(points))]


def _varied(word: str) -> Varied:
    """Read FIELD=LOW:HIGH, FIELD=LOW:HIGH:log or FIELD=VALUE,VALUE,..."""
    item, text = assignment(word)
    if ":" in text and choices(item):
        listed = ",".join(map(str, choices(item)))
        raise InputError(f"--vary {word}: {item.name} takes a list, such as {item.name}={listed}.")
    number = type(item.default) in (int, float) and not choices(item)
    if number and ":" in text:
        low, high, *rest = text.split(":")
        if rest not in ([], ["log"]):
            raise InputError(f"--vary {word}: a range is LOW:HIGH or LOW:HIGH:log.")
        first, last = value(item, low), value(item, high)
        assert isinstance(first, (int, float))
        assert isinstance(last, (int, float))
        if not first < last:
            raise InputError(f"--vary {word}: {low} must be less than {high}.")
        if rest and first <= 0:
            raise InputError(f"--vary {word}: a logarithmic range must begin above 0.")
        return Range(item.name, first, last, log=bool(rest))
    values = tuple(value(item, part.strip()) for part in text.split(","))
    if len(values) < 2 or len(set(values)) < len(values):
        raise InputError(
            f"--vary {word}: list two or more different values, or give one as an option."
        )
    return Choice(item.name, values)
