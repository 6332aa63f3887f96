"""Comparisons of values whose types never fit: they are always false, or an error each time."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hookgate.loading.codes import Code
from hookgate.loading.lint.kinds import Kind, Kinds, comparable, in_words, kinds_of, kinds_of_names
from hookgate.loading.lint.subject import RuleList, WrittenCondition
from hookgate.loading.lint.trees import Pair, elements, pairs, walk

_ORDERED = frozenset({Kind.TEXT, Kind.NUMBER, Kind.LIST})
_CONTAINERS = frozenset({Kind.TEXT, Kind.LIST, Kind.OBJECT})

_Names = Mapping[str, Kinds]


class _Misfit(NamedTuple):
    """Two parts of a condition, and what becomes of comparing them; `place` is to be shown."""

    left: ast.expr
    right: ast.expr
    outcome: str
    place: tuple[ast.expr, ast.expr]


def check_comparisons(rules: RuleList) -> None:
    """Report comparisons of values of types that never fit, such as a header with a number."""
    names = kinds_of_names(rules.source)
    for condition in rules.conditions:
        for misfit in misfits(condition.tree, names):
            message = _message(misfit, condition, names)
            suggestion = _suggestion(misfit, names)
            condition.report(Code.CONDITION_TYPE, misfit.place, message, suggestion)


def misfits(tree: ast.expr, names: _Names) -> Iterator[_Misfit]:
    """The comparisons that never come to anything, given the kinds of names."""
    for node in walk(tree):
        for pair in pairs(node) if isinstance(node, ast.Compare) else ():
            match pair.operation:
                case ast.Eq() | ast.NotEq():
                    yield from _never_equal(pair, (pair.left, pair.right), names)
                case ast.In() | ast.NotIn():
                    yield from _never_in(pair, names)
                case ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE():
                    yield from _never_ordered(pair, names)


def _never_equal(pair: Pair, place: tuple[ast.expr, ast.expr], names: _Names) -> Iterator[_Misfit]:
    if not _shared(pair.left, pair.right, names):
        yield _Misfit(pair.left, pair.right, "they are never equal", place)


def _never_ordered(pair: Pair, names: _Names) -> Iterator[_Misfit]:
    if not _shared(pair.left, pair.right, names) & _ORDERED:
        outcome = "neither is ever less than the other"
        yield _Misfit(pair.left, pair.right, outcome, (pair.left, pair.right))


def _never_in(pair: Pair, names: _Names) -> Iterator[_Misfit]:
    items = elements(pair.right)
    if items is not None:
        for item in items:
            yield from _never_equal(pair._replace(right=item), (item, item), names)
        return
    containers = kinds_of(pair.right, names) & _CONTAINERS
    texts_alone = Kind.LIST not in containers  # what is looked for in an object is a key
    if not containers or (texts_alone and Kind.TEXT not in kinds_of(pair.left, names)):
        outcome = "the one is never in the other"
        yield _Misfit(pair.left, pair.right, outcome, (pair.left, pair.right))


def _shared(left: ast.expr, right: ast.expr, names: _Names) -> Kinds:
    return comparable(kinds_of(left, names)) & comparable(kinds_of(right, names))


def _message(misfit: _Misfit, condition: WrittenCondition, names: _Names) -> str:
    left, right = (
        f"{condition.source(part)} is {in_words(kinds_of(part, names))}"
        for part in (misfit.left, misfit.right)
    )
    return f"{left} and {right}: {misfit.outcome}"


def _suggestion(misfit: _Misfit, names: _Names) -> str | None:
    """The same literal as the other side would have it."""
    match misfit.left, misfit.right:
        case (ast.Constant(value), other) | (other, ast.Constant(value)):
            wanted = kinds_of(other, names)
        case _:
            return None
    if Kind.TEXT in wanted and isinstance(value, int | float):
        return f"did you mean {str(value)!r}?"
    if Kind.NUMBER in wanted and isinstance(value, str) and value.isdecimal():
        return f"did you mean {int(value)}?"
    if Kind.BOOLEAN in wanted and isinstance(value, str) and value.lower() in ("true", "false"):
        return f"did you mean {value.capitalize()}?"
    return None
