"""Which locations are selected: a rule that the browser holds, read with suspicion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.panels.guesses import Guesses
from workbench.store import METHOD_TITLES


@dataclass(frozen=True)
class Selection:
    """Some locations of a store and why these.

    `member` is (N,), `words` a phrase for a person, `name` the classes that it is about, in class
    order. `cell` is the (true, predicted) pair of a cell of the confusion matrix, `within` the
    selection that the matrix showed when it was clicked, None for everything.
    """

    member: NDArray[np.bool_]
    words: str
    name: tuple[str, ...]
    cell: tuple[str, str] | None = None
    within: "Selection | None" = None


def resolve(rule: Any, guesses: Guesses) -> Selection | None:
    """Return what a rule from the browser selects, None for everything.

    A rule is null, {"by": "class", "names": [...]}, {"by": "lasso", "method": ..., "ids":
    [...]} or {"by": "cell", "true": ..., "predicted": ..., "within": one of the former}. Names
    and ids that the store does not know are dropped; a rule of another form, or one that is left
    with nothing, selects everything.
    """
    if not isinstance(rule, dict):
        return None
    match rule.get("by"):
        case "class":
            return _by_class(_known(rule.get("names"), guesses.class_index), guesses)
        case "cell":
            pair = _known([rule.get("true")], guesses.class_index)
            pair += _known([rule.get("predicted")], guesses.class_index)
            if len(pair) != 2:
                return None
            within = rule.get("within")
            nested = isinstance(within, dict) and within.get("by") == "cell"
            return _by_cell(
                (pair[0], pair[1]), None if nested else resolve(within, guesses), guesses
            )
        case "lasso":
            method = rule.get("method")
            title = METHOD_TITLES.get(method, method) if isinstance(method, str) else None
            where = f" in {title}" if title and method in guesses.store.projection else ""
            return _by_lasso(_known(rule.get("ids"), guesses.row), where, guesses)
        case _:
            return None


def _by_class(names: Sequence[str], guesses: Guesses) -> Selection | None:
    if not names:
        return None
    wanted = sorted({guesses.class_index[name] for name in names})
    member = np.isin(guesses.store.label, wanted)
    chosen = tuple(guesses.name[index] for index in wanted)
    return Selection(member, _listed(chosen), chosen)


def _by_cell(pair: tuple[str, str], within: Selection | None, guesses: Guesses) -> Selection:
    true, predicted = (guesses.class_index[name] for name in pair)
    member = (guesses.store.label == true) & (guesses.prediction == predicted)
    words = f"true {pair[0]}, predicted {pair[1]}"
    if within is not None:
        member &= within.member
        # Classes are already in the cell's own words; a lasso is not.
        words += f", {within.words}" if within.words.startswith("lasso") else ""
    return Selection(member, words, (pair[0],), pair, within)


def _by_lasso(ids: Sequence[str], where: str, guesses: Guesses) -> Selection | None:
    if not ids:
        return None
    member = np.zeros(len(guesses.store), dtype=bool)
    member[[guesses.row[location] for location in ids]] = True
    present = np.unique(guesses.store.label[member])
    return Selection(member, f"lasso{where}", tuple(guesses.name[index] for index in present))


def _known(values: Any, known: Any) -> list[str]:
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, str) and value in known]


def _listed(names: Sequence[str]) -> str:
    if len(names) <= 4:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more classes"
