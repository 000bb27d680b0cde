"""Locations by a condition: `state == 'Ohio' and not correct` -> which rows of a store.

The condition is written in Python's syntax and parsed by Python, but never evaluated: its tree is
walked, and what is not named here is refused.
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
from workbench.evaluation import metrics
from workbench.store import SPLITS, Store

LONGEST = 10_000
"""Characters of a condition."""
DEEPEST = 50
"""Levels of its tree: parentheses alone add none."""
_YEAR = re.compile(r"[^/]*/(\d{4})_")


@dataclass(frozen=True)
class Mask:
    """Something that is so or not, for each location: (N,)."""

    value: NDArray[np.bool_]


@dataclass(frozen=True)
class Numbers:
    """A number for each location (N,), NaN where unknown, or one for all ()."""

    value: NDArray[np.float64]


@dataclass(frozen=True)
class Words:
    """A word for each location (N,), or one for all (); `known` has all that there can be."""

    value: NDArray[np.str_]
    known: tuple[str, ...] = ()


Value = Mask | Numbers | Words


def _year(store: Store) -> Numbers:
    found = [_YEAR.match(name) for name in store.location_ids]
    return Numbers(np.array([float(year[1]) if year else np.nan for year in found]))


def _rank(store: Store) -> Numbers:
    place = metrics.rank_classes(store.logits) == store.labels[:, None]
    return Numbers(place.argmax(axis=1) + 1.0)


def _split(store: Store) -> Words:
    if store.splits is None:
        raise InputError("the store does not say the split of its locations; extract it again")
    return Words(np.array(SPLITS)[store.splits], SPLITS)


def _classes(store: Store, label: NDArray[np.int64]) -> Words:
    return Words(np.array(store.class_names)[label], store.class_names)


def _predicted(store: Store) -> NDArray[np.int64]:
    result: NDArray[np.int64] = store.logits.argmax(axis=1)
    return result


NAMES: Mapping[str, Callable[[Store], Value]] = {
    "id": lambda store: Words(np.array(store.location_ids, dtype=np.str_)),
    "state": lambda store: _classes(store, store.labels),
    "predicted": lambda store: _classes(store, _predicted(store)),
    "correct": lambda store: Mask(_predicted(store) == store.labels),
    "confidence": lambda store: Numbers(metrics.probabilities(store.logits).max(axis=1)),
    "rank": _rank,
    "latitude": lambda store: Numbers(store.latitudes),
    "longitude": lambda store: Numbers(store.longitudes),
    "split": _split,
    "year": _year,
}
"""What a condition can speak of; `probability('Ohio')` besides."""

_EQUALITY = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
_ORDER = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}


def select(store: Store, where: str) -> NDArray[np.bool_]:
    """Return (N,) whether the condition holds for each location of a store.

    `state` and `predicted` are classes, `confidence` the probability of the predicted one in
    [0, 1], `rank` that of the true one from 1, `year` the one in an id. A comparison with what is
    unknown does not hold, whichever it is. Raises InputError, naming the position, for a condition
    that says anything else, and for a state that the store does not have.
    """
    return _Condition(store, where).mask()


class _Condition:
    """One condition over one store, and the sentences about what is wrong in it."""

    def __init__(self, store: Store, where: str) -> None:
        if len(where) > LONGEST:
            raise InputError(
                f"--where has {len(where):,} characters; say it in at most {LONGEST:,}."
            )
        self._store = store
        # One line, so that a position is one number.
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
                raise InputError("--where is empty; say for example \"state == 'Ohio'\".") from None
            # Where something is missing at the end, the parser says 0.
            place = error.offset - 1 + self._indent if error.offset else len(self._text)
            self._complain(place, error.msg.partition(";")[0])
        except (ValueError, RecursionError, MemoryError):
            raise InputError(
                "--where cannot be read: it is nested too deeply, or holds what is no text."
            ) from None
        level = [tree]
        for _ in range(DEEPEST):
            level = [
                child
                for node in level
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.expr)
            ]
            if not level:
                return tree
        self._refuse(level[0], f"this is nested more than {DEEPEST} levels deep")

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
            self._refuse(node, "this is neither so nor not; compare it with something")
        return found.value

    def _comparison(self, node: ast.Compare) -> NDArray[np.bool_]:
        """Return a chain, as Python means it: `a < b < c` is `a < b and b < c`."""
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
            self._refuse(right, "before this, `is` compares nothing here; say `==` or `!=`")
        if isinstance(one, Words) and isinstance(other, Words):
            if type(how) in _ORDER:
                self._refuse(right, "words have no order here; say `==`, `!=` or `in`")
            self._check_known(right, other, one)
            self._check_known(left, one, other)
            return np.asarray(compare(one.value, other.value))
        if isinstance(one, Numbers) and isinstance(other, Numbers):
            known = ~np.isnan(one.value) & ~np.isnan(other.value)
            return np.asarray(compare(one.value, other.value)) & known
        self._refuse(right, f"{_kind(one)} cannot be compared with {_kind(other)}")

    def _membership(self, left: ast.expr, right: ast.expr, absent: bool) -> NDArray[np.bool_]:
        if not isinstance(right, (ast.Tuple, ast.List, ast.Set)) or not right.elts:
            self._refuse(right, "after `in`, list what it may be: `in ('Ohio', 'Utah')`")
        how = ast.NotEq() if absent else ast.Eq()
        join = np.logical_and if absent else np.logical_or
        result = self._pair(left, how, right.elts[0])
        for element in right.elts[1:]:
            result = join(result, self._pair(left, how, element))
        return result

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(str(word)) if word.isprintable():
                return Words(np.array(word))
            case ast.Constant(bool()):
                self._refuse(node, "say `correct` or `not correct`")
            case ast.Constant(int() | float() as number):
                return Numbers(np.array(_float(number)))
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
                return Numbers(np.array(-_float(number)))
            case ast.Name(name) if name in NAMES:
                return self._named(node, name)
            case ast.Name(name):
                self._refuse(node, f"{name!r} is no name here{_like(name, NAMES)}")
            case ast.Call(ast.Name("probability"), [ast.Constant(str(state)) as argument], []):
                self._check_known(
                    argument, Words(np.array(state)), Words(np.array(""), self._store.class_names)
                )
                column = self._store.class_names.index(state)
                return Numbers(metrics.probabilities(self._store.logits)[:, column])
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp(ast.Not()):
                return Mask(self._truth(node))
        self._refuse(node, "this cannot be said here")

    def _named(self, node: ast.expr, name: str) -> Value:
        try:
            return NAMES[name](self._store)
        except InputError as error:
            self._refuse(node, str(error))

    def _check_known(self, node: ast.expr, one: Words, other: Words) -> None:
        """Refuse a word for all that is none of those that the other side can be."""
        word = str(one.value)
        if one.value.ndim == 0 and other.known and word not in other.known:
            self._refuse(node, f"there is no {word!r}{_like(word, other.known)}")

    def _refuse(self, node: ast.expr, what: str) -> NoReturn:
        # The parser counts bytes.
        before = self._text[self._indent :].encode()[: node.col_offset].decode()
        self._complain(len(before) + self._indent, what)

    def _complain(self, position: int, what: str) -> NoReturn:
        raise InputError(
            f"--where, position {position + 1}: {what}; it can compare {', '.join(NAMES)} and "
            "probability('STATE') by == != < <= > >= and in, joined by and, or, not."
        )


def _float(number: int | float) -> float:
    return float(str(number))  # An integer may be too large for a float to be made of it.


def _kind(value: Value) -> str:
    kinds = {Mask: "what is so or not", Numbers: "a number", Words: "a word"}
    return kinds[type(value)]


def _like(word: str, known: Sequence[str] | Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, 3, 0.5)
    return f" (perhaps {' or '.join(map(repr, near))})" if near else ""
