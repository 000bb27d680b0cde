"""The search space: Optuna distributions of the fields that vary, and samples from them."""

import itertools
import math
from collections.abc import Mapping, Sequence

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
from trainer.sweep.overrides import Overrides, Value, apply_overrides, parse_value, split_override

SearchSpace = Mapping[str, BaseDistribution]
"""Distributions by the names of the fields of `Config`."""
MAX_DRAWS = 100
"""Draws for each trial, at most: a narrow range may hold few different values."""


def parse_search_space(texts: Sequence[str], config: Config) -> SearchSpace:
    """Parse the values of `--vary`; each list value and range end must be valid in `config`.

    Raises InputError for an unknown or repeated field and for invalid values.
    """
    space: dict[str, BaseDistribution] = {}
    for text in texts:
        name, distribution = _parse(text)
        if name in space:
            raise InputError(f"--vary {name}: given twice; list all its values at once.")
        space[name] = distribution
        for value in _choices(distribution) or _ends(distribution):
            apply_overrides(config, {name: value})
    return space


def sample(space: SearchSpace, sampler: str, seed: int, n_trials: int | None) -> list[Overrides]:
    """Return the overrides of each trial, all different; None returns the whole grid.

    `random` draws each field independently with Optuna's RandomSampler. `grid` shuffles all
    combinations of the lists. A longer sample with the same seed begins with the shorter one. It is
    shorter than `n_trials` where the space holds fewer values. Raises InputError for a range in a
    grid.
    """
    if sampler == "grid":
        return _grid(space, seed)[:n_trials]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Not the study in the database: its sampler would start again with each process.
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    count = n_trials or 1
    size = min(count, math.prod(map(_size, space.values())))
    result: dict[tuple[Value, ...], Overrides] = {}
    for _ in range(MAX_DRAWS * count):
        if len(result) >= size:
            break
        params = study.ask(dict(space)).params
        result.setdefault(tuple(params.values()), params)
    return list(result.values())


def format_distribution(distribution: BaseDistribution) -> str:
    """Return a distribution as `--vary` takes it: LOW:HIGH, LOW:HIGH:log or VALUE,VALUE."""
    if isinstance(distribution, (IntDistribution, FloatDistribution)):
        return f"{distribution.low!r}:{distribution.high!r}" + ":log" * distribution.log
    return ",".join(map(str, _choices(distribution)))


def _grid(space: SearchSpace, seed: int) -> list[Overrides]:
    for name, distribution in space.items():
        if ends := _ends(distribution):
            raise InputError(
                f"--vary {name}={format_distribution(distribution)}: a grid needs lists, such as "
                f"{name}={ends[0]!r},{ends[1]!r}; list the values or pass --sampler random."
            )
    points = list(itertools.product(*map(_choices, space.values())))
    order = np.random.default_rng(seed).permutation(len(points))
    return [dict(zip(space, points[index], strict=True)) for index in order]


def _choices(distribution: BaseDistribution) -> tuple[Value, ...]:
    """Return the values of a list; none for a range."""
    return getattr(distribution, "choices", ())


def _ends(distribution: BaseDistribution) -> tuple[Value, ...]:
    """Return the ends of a range; none for a list."""
    if isinstance(distribution, (IntDistribution, FloatDistribution)):
        return distribution.low, distribution.high
    return ()


def _size(distribution: BaseDistribution) -> float:
    """Return the number of different values."""
    if isinstance(distribution, IntDistribution):
        return distribution.high - distribution.low + 1
    return len(_choices(distribution)) or math.inf


def _parse(text: str) -> tuple[str, BaseDistribution]:
    """Parse FIELD=LOW:HIGH, FIELD=LOW:HIGH:log or FIELD=VALUE,VALUE,..."""
    field, values = split_override(text)
    if choices(field) and ":" in values:
        example = f"{field.name}={','.join(map(str, choices(field)))}"
        raise InputError(f"--vary {text}: {field.name} takes a list, such as {example}.")
    if type(field.default) in (int, float) and ":" in values:
        low, high, *scale = values.split(":")
        if scale not in ([], ["log"]):
            raise InputError(f"--vary {text}: a range is LOW:HIGH or LOW:HIGH:log.")
        first, last = (float(parse_value(field, end)) for end in (low, high))
        if not first < last:
            raise InputError(f"--vary {text}: {low} must be less than {high}.")
        if scale and first <= 0:
            raise InputError(f"--vary {text}: a logarithmic range must begin above 0.")
        if type(field.default) is int:
            return field.name, IntDistribution(int(first), int(last), log=bool(scale))
        return field.name, FloatDistribution(first, last, log=bool(scale))
    listed = tuple(parse_value(field, value.strip()) for value in values.split(","))
    if len(listed) < 2 or len(set(listed)) < len(listed):
        raise InputError(
            f"--vary {text}: list two or more different values, or pass one as an option."
        )
    return field.name, CategoricalDistribution(listed)
