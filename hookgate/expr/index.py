"""Which of many conditions an event may fulfil, without trying each.

A condition that begins with comparisons with literals, ``kind == 'bug' and priority == 'High'``, is
false wherever one of them is. The index looks up each value that is compared once for all of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec import Struct

from hookgate.errors import EvaluationError
from hookgate.expr.conditions import Condition
from hookgate.expr.sandbox import evaluate
from hookgate.model import JSON

Literal: TypeAlias = "str | int | float | None"

_MOST_PATHS = 16
"""How often a condition may stand in the index for all its comparisons together; the first alone
may have more literals. Each further comparison multiplies."""


class Narrowed(Struct, frozen=True):
    """What is left to try: the positions of `candidates` in order.

    Every other condition is false, or is one of `failing` many that cannot be evaluated.
    """

    candidates: list[int]
    failing: int


class ConditionIndex:
    """Many conditions by the literals that they begin to compare with.

    It decides as an evaluation from left to right does: a condition is left out only where what is
    evaluated first of it is false, or has no value.
    """

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self._root = _Node()
        for position, condition in enumerate(conditions):
            _insert(self._root, _comparisons(condition.tree), position)

    def narrow(self, values: Mapping[str, JSON]) -> Narrowed:
        """The conditions that may hold. `values` has a value for each of their names."""
        candidates: list[int] = []
        failing = 0
        reached = [self._root]
        for node in reached:
            candidates += node.ends
            for branch in node.branches.values():
                try:
                    found = branch.following(values)
                except EvaluationError:
                    failing += branch.size
                    continue
                if found is not None:
                    reached.append(found)
        candidates.sort()
        return Narrowed(candidates, failing)


# --- the tree -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Node:
    """Where all comparisons up to here are true: conditions that end here, and what follows."""

    ends: list[int] = field(default_factory=list)
    branches: dict[str, _Branch] = field(default_factory=dict)


@dataclass(slots=True)
class _Branch:
    """What `subject` is compared with next by `size` conditions."""

    subject: ast.expr
    by_literal: dict[Literal, _Node] = field(default_factory=dict)
    size: int = 0

    def following(self, values: Mapping[str, JSON]) -> _Node | None:
        """Where to go on; None where every comparison is false. Raises `EvaluationError`."""
        subject = self.subject
        value = values[subject.id] if type(subject) is ast.Name else evaluate(subject, values)
        try:
            return self.by_literal.get(value)  # type: ignore[call-overload,no-any-return]
        except TypeError:
            return None  # a list or an object, which equals no literal


def _insert(node: _Node, comparisons: list[_Comparison], position: int) -> None:
    if not comparisons:
        node.ends.append(position)
        return
    first, *others = comparisons
    branch = node.branches.setdefault(first.name, _Branch(first.subject))
    branch.size += 1
    for literal in first.literals:
        _insert(branch.by_literal.setdefault(literal, _Node()), others, position)


# --- what a condition begins with -----------------------------------------------------------


class _Comparison(Struct, frozen=True):
    """True where `subject` equals one of the literals, false where it does not, else an error."""

    subject: ast.expr
    literals: frozenset[Literal]

    @property
    def name(self) -> str:
        """Equal for equal subjects."""
        return ast.dump(self.subject)


def _comparisons(tree: ast.expr) -> list[_Comparison]:
    """Comparisons of which each must be true, and before which nothing else can be an error.

    A subject that can be an error is evaluated as soon as those before it are true.
    """
    found: list[_Comparison] = []
    paths, passed_over = 1, False
    for conjunct in _conjuncts(tree):
        comparison = _comparison(conjunct)
        if comparison is None and _is_without_error(conjunct):
            passed_over = True
            continue
        if comparison is None or (passed_over and not isinstance(comparison.subject, ast.Name)):
            break
        paths *= len(comparison.literals)
        if found and paths > _MOST_PATHS:
            break
        found.append(comparison)
    return found


def _conjuncts(tree: ast.expr) -> Iterator[ast.expr]:
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        for part in tree.values:
            yield from _conjuncts(part)
    else:
        yield tree


def _is_without_error(tree: ast.expr) -> bool:
    match tree:
        case ast.Constant() | ast.Name():
            return True
        case ast.UnaryOp(ast.Not(), operand):
            return _is_without_error(operand)
        case ast.Compare(left, [ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot()], [right]):
            return all(isinstance(side, ast.Name | ast.Constant) for side in (left, right))
    return False


def _comparison(tree: ast.expr) -> _Comparison | None:
    match tree:
        case ast.Compare(left, [ast.Eq()], [right]):
            return _equality(left, [right]) or _equality(right, [left])
        case ast.Compare(left, [ast.In()], [ast.List(literals) | ast.Tuple(literals)]):
            return _equality(left, literals)
        case ast.BoolOp(ast.Or(), alternatives):
            return _one_of(list(map(_comparison, alternatives)))
    return None


def _equality(subject: ast.expr, sides: list[ast.expr]) -> _Comparison | None:
    literals = [literal for side in sides for literal in _literal(side)]
    return _Comparison(subject, frozenset(literals)) if len(literals) == len(sides) else None


def _literal(side: ast.expr) -> Iterator[Literal]:
    match side:
        case ast.Constant(str() | int() | float() | None as value):
            yield value
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
            yield -number


def _one_of(alternatives: list[_Comparison | None]) -> _Comparison | None:
    """``x == 'a' or x == 'b'`` as one comparison."""
    known = [comparison for comparison in alternatives if comparison is not None]
    if len(known) < len(alternatives) or len({comparison.name for comparison in known}) > 1:
        return None
    literals = frozenset[Literal]().union(*(comparison.literals for comparison in known))
    return _Comparison(known[0].subject, literals)
