"""Rows of a store that match a condition, such as `state == 'Ohio' and not correct`.

The condition has Python's syntax and is parsed by `ast`, but never evaluated as Python: this module
walks the tree and refuses everything that it does not know.
"""

import ast
import difflib
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from common.errors import InputError
from common.names import canonical_name, is_valid_name, match_name
from workbench.evaluation import metrics
from workbench.store import SPLITS, Store

MAX_LENGTH = 10_000  # Characters.
MAX_DEPTH = 50  # Levels of the tree, to which parentheses do not add.
_YEAR = re.compile(r"(\d{4})_")


@dataclass(frozen=True)
class Mask:
    """True or false for each location (N,)."""

    value: NDArray[np.bool_]


@dataclass(frozen=True)
class Numbers:
    """A number for each location (N,), NaN if unknown, or a constant ()."""

    value: NDArray[np.float64]


@dataclass(frozen=True)
class Strings:
    """A string for each location (N,), or a constant (); `choices` are the possible values."""

    value: NDArray[np.str_]
    choices: tuple[str, ...] = ()


Value = Mask | Numbers | Strings


def years(location_ids: Sequence[str]) -> NDArray[np.float64]:
    """Return the years in location ids, (N,), NaN where there is none."""
    known: dict[str, float] = {}  # Few years begin a million names.
    result = np.empty(len(location_ids))
    for row, name in enumerate(location_ids):
        head = name[(start := name.find("/") + 1) : start + 5] if "/" in name else ""
        year = known.get(head)
        if year is None:
            found = _YEAR.fullmatch(head)
            year = known[head] = float(found[1]) if found else np.nan
        result[row] = year
    return result


def _rank(store: Store) -> Numbers:
    return Numbers(metrics.true_ranks(store.labels, store.logits).astype(np.float64))


def _split(store: Store) -> Strings:
    if store.splits is None:
        raise InputError("the store does not record the split of its locations; extract it again")
    return Strings(np.array(SPLITS)[store.splits], SPLITS)


def _classes(store: Store, label: NDArray[np.int64]) -> Strings:
    return Strings(np.array(store.class_names)[label], store.class_names)


def _predicted(store: Store) -> NDArray[np.int64]:
    result: NDArray[np.int64] = store.logits.argmax(axis=1)
    return result


NAMES: Mapping[str, Callable[[Store], Value]] = {
    "id": lambda store: Strings(np.array(store.location_ids, dtype=np.str_)),
    "state": lambda store: _classes(store, store.labels),
    "predicted": lambda store: _classes(store, _predicted(store)),
    "correct": lambda store: Mask(_predicted(store) == store.labels),
    "confidence": lambda store: Numbers(metrics.probabilities(store.logits).max(axis=1)),
    "rank": _rank,
    "latitude": lambda store: Numbers(store.latitudes),
    "longitude": lambda store: Numbers(store.longitudes),
    "split": _split,
    "year": lambda store: Numbers(years(store.location_ids)),
}
"""The names in a condition; there is also `probability('Ohio')`."""

_EQUALITY = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
_ORDER = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}


def select(store: Store, where: str) -> NDArray[np.bool_]:
    """Return a mask (N,) of the locations of a store that match a condition.

    `state` is the true class, `predicted` the predicted one, `confidence` its probability in
    [0, 1], `rank` that of the true class from 1, `year` the one in the id. Comparisons with unknown
    values are false. Raises InputError with the position of the error.
    """
    return _Condition(store, where).mask()


class _Condition:
    """A condition on one store."""

    def __init__(self, store: Store, where: str) -> None:
        if len(where) > MAX_LENGTH:
            raise InputError(f"--where has {len(where):,} characters; use at most {MAX_LENGTH:,}.")
        self._store = store
        # One line, so that a position is a single number.
        self._text = re.sub(r"[\r\n\f]", " ", where)
        self._indent = len(self._text) - len(self._text.lstrip())
        self._tree = self._parsed()

    def mask(self) -> NDArray[np.bool_]:
        value = self._truth(self._tree)
        return np.broadcast_to(value, len(self._store)).copy()

    def _parsed(self) -> ast.expr:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Of strange escapes in a literal.
                tree = ast.parse(self._text[self._indent :], mode="eval").body
        except SyntaxError as error:
            if not self._text.strip():
                raise InputError(
                    "--where is empty; write for example \"state == 'Ohio'\"."
                ) from None
            # The offset is 0 if something is missing at the end.
            place = error.offset - 1 + self._indent if error.offset else len(self._text)
            self._raise_at(place, error.msg.partition(";")[0])
        except (ValueError, RecursionError, MemoryError):
            raise InputError(
                "--where cannot be parsed: it is nested too deeply or contains binary data."
            ) from None
        level = [tree]
        for _ in range(MAX_DEPTH):
            level = [
                child
                for node in level
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.expr)
            ]
            if not level:
                return tree
        self._refuse(level[0], f"nested more than {MAX_DEPTH} levels")

    def _truth(self, node: ast.expr) -> NDArray[np.bool_]:
        match node:
            case ast.BoolOp(op, values):
                join = np.logical_and if isinstance(op, ast.And) else np.logical_or
                result = self._truth(values[0])
                for value in values[1:]:
                    result = join(result, self._truth(value))
                return result
            case ast.UnaryOp(ast.Not(), operand):
                return ~self._truth(operand)
            case ast.Compare():
                return self._comparison(node)
        found = self._value(node)
        if not isinstance(found, Mask):
            self._refuse(node, "expected a true/false expression; compare it with something")
        return found.value

    def _comparison(self, node: ast.Compare) -> NDArray[np.bool_]:
        """Return a chained comparison: `a < b < c` is `a < b and b < c`."""
        result = np.array(True)
        left = node.left
        for how, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(how, (ast.In, ast.NotIn)):
                result = result & self._membership(left, right, isinstance(how, ast.NotIn))
            else:
                result = result & self._pair(left, how, right)
            left = right
        return result

    def _pair(self, left: ast.expr, how: ast.cmpop, right: ast.expr) -> NDArray[np.bool_]:
        one, other = self._value(left), self._value(right)
        compare = _EQUALITY.get(type(how)) or _ORDER.get(type(how))
        if compare is None:
            self._refuse(right, "`is` is not supported; use `==` or `!=`")
        if isinstance(one, Strings) and isinstance(other, Strings):
            if type(how) in _ORDER:
                self._refuse(right, "strings have no order; use `==`, `!=` or `in`")
            self._check_known(right, other, one)
            self._check_known(left, one, other)
            return np.asarray(compare(one.value, other.value))
        if isinstance(one, Numbers) and isinstance(other, Numbers):
            known = ~np.isnan(one.value) & ~np.isnan(other.value)
            return np.asarray(compare(one.value, other.value)) & known
        self._refuse(right, f"{_kind(one)} cannot be compared with {_kind(other)}")

    def _membership(self, left: ast.expr, right: ast.expr, absent: bool) -> NDArray[np.bool_]:
        if not isinstance(right, (ast.Tuple, ast.List, ast.Set)) or not right.elts:
            self._refuse(right, "`in` needs a list: `in ('Ohio', 'Utah')`")
        how = ast.NotEq() if absent else ast.Eq()
        join = np.logical_and if absent else np.logical_or
        result = self._pair(left, how, right.elts[0])
        for element in right.elts[1:]:
            result = join(result, self._pair(left, how, element))
        return result

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(str(word)) if is_valid_name(word):
                return Strings(np.array(canonical_name(word)))
            case ast.Constant(bool()):
                self._refuse(node, "use `correct` or `not correct`")
            case ast.Constant(int() | float() as number):
                return Numbers(np.array(_float(number)))
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
                return Numbers(np.array(-_float(number)))
            case ast.Name(name) if name in NAMES:
                return self._named(node, name)
            case ast.Name(name):
                self._refuse(node, f"unknown name {name!r}{_suggest(name, NAMES)}")
            case ast.Call(ast.Name("probability"), [ast.Constant(str(word)) as argument], []):
                state = match_name(word, self._store.class_names)
                self._check_known(
                    argument,
                    Strings(np.array(state)),
                    Strings(np.array(""), self._store.class_names),
                )
                column = self._store.class_names.index(state)
                return Numbers(metrics.probabilities(self._store.logits)[:, column])
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp(ast.Not()):
                return Mask(self._truth(node))
        self._refuse(node, "not supported here")

    def _named(self, node: ast.expr, name: str) -> Value:
        try:
            return NAMES[name](self._store)
        except InputError as error:
            self._refuse(node, str(error))

    def _check_known(self, node: ast.expr, one: Strings, other: Strings) -> None:
        """Refuse a constant that is not one of the choices of the other side."""
        word = str(one.value)
        if one.value.ndim == 0 and other.choices and word not in other.choices:
            self._refuse(node, f"there is no {word!r}{_suggest(word, other.choices)}")

    def _refuse(self, node: ast.expr, what: str) -> NoReturn:
        # `col_offset` counts bytes.
        before = self._text[self._indent :].encode()[: node.col_offset].decode()
        self._raise_at(len(before) + self._indent, what)

    def _raise_at(self, position: int, what: str) -> NoReturn:
        raise InputError(
            f"--where, position {position + 1}: {what}; compare {', '.join(NAMES)} or "
            "probability('STATE') by == != < <= > >= in; combine by and, or, not."
        )


def _float(number: int | float) -> float:
    return float(str(number))  # float() raises for a very large integer.


def _kind(value: Value) -> str:
    kinds = {Mask: "a true/false value", Numbers: "a number", Strings: "a string"}
    return kinds[type(value)]


def _suggest(word: str, known: Sequence[str] | Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, 3, 0.5)
    return f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
