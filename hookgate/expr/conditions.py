"""Conditions: what a rule asks of an event, as a Python-like expression in a sandbox.

``issue_type == 'bug' and (priority in ['High', 'Highest'] or len(labels) > 2)``
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hookgate.errors import EvaluationError
from hookgate.expr.functions import FUNCTIONS
from hookgate.expr.grammar import faults_of, literal_pattern
from hookgate.expr.places import Places
from hookgate.expr.rendering import shown
from hookgate.expr.sandbox import evaluate
from hookgate.expr.syntax import ConditionFault, Parsed, parse, parts
from hookgate.model import JSON

__all__ = ["BUILT_IN_NAMES", "FUNCTIONS", "Condition", "ConditionFault", "parse_condition"]

BUILT_IN_NAMES = ("event_type", "source", "payload", "headers", "query")
"""The names that every condition can use besides the params of its source."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition; `parse_condition` makes it. `names` are those that it uses."""

    text: str
    names: frozenset[str]
    tree: ast.expr = field(repr=False, compare=False)
    _places: Places = field(repr=False, compare=False)

    def holds(self, values: Mapping[str, JSON]) -> bool:
        """Whether the condition is true of an event. `values` has a value for each of `names`.

        Raises `EvaluationError` with the cause in one line where it can be neither true nor false.
        """
        return bool(self.value(values))

    def value(self, values: Mapping[str, JSON]) -> object:
        """What the expression gives for an event; raises as `holds` does."""
        if isinstance(self.tree, ast.Constant):
            return self.tree.value
        return evaluate(self.tree, values)

    def filled_in(self, values: Mapping[str, JSON]) -> str:
        """The condition's text with values in place of what gave them.

        Names, subscripts, arithmetic and the results of functions become literals; comparisons,
        ``and``, ``or``, ``not`` and functions that only answer yes or no stay, with their arguments
        filled in. What has no value stays as written. ``priority > 3`` may give ``5 > 3``.
        """
        text, end = "", 0
        for node in sorted(_valued_parts(self.tree), key=self._places.span):
            start, stop = self._places.span(node)
            text += self.text[end:start] + self._value_shown(node, values)
            end = stop
        return text + self.text[end:]

    def _value_shown(self, node: ast.expr, values: Mapping[str, JSON]) -> str:
        try:
            return shown(evaluate(node, values))
        except EvaluationError:
            return self._places.source(node)


def parse_condition(text: str, names: Collection[str]) -> Condition | tuple[ConditionFault, ...]:
    """Read a condition that may use `names` (params and `BUILT_IN_NAMES`) and the `FUNCTIONS`.

    Gives every fault, in order of offset, where there is one; never raises.
    """
    parsed = parse(text)
    if isinstance(parsed, ConditionFault):
        return (parsed,)
    return faults_of(parsed, names) or _condition(text, parsed)


def _condition(text: str, parsed: Parsed) -> Condition:
    names = {node.id for node in _walk(parsed.tree) if isinstance(node, ast.Name)}
    _put_in_compiled_patterns(parsed.tree)
    return Condition(text, frozenset(names), parsed.tree, parsed.places)


def _put_in_compiled_patterns(tree: ast.expr) -> None:
    """Replace the patterns that are written out by what they compile to."""
    for node in _walk(tree):
        pattern = literal_pattern(node) if isinstance(node, ast.Call) else None
        if pattern is not None:
            compiled: Any = pattern.compile(pattern.text)
            pattern.node.value = compiled


def _valued_parts(tree: ast.expr) -> Iterator[ast.expr]:
    """The largest parts that are shown by their value."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if _is_shown_by_value(node):
            yield node
        else:
            pending += _operands(node)


def _is_shown_by_value(node: ast.expr) -> bool:
    match node:
        case ast.Name() | ast.Subscript() | ast.BinOp() | ast.UnaryOp(ast.USub() | ast.UAdd()):
            return True
        case ast.Call(ast.Name(name)):
            return not FUNCTIONS[name].tells
    return False


def _walk(tree: ast.expr) -> Iterator[ast.expr]:
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending += _operands(node)


def _operands(node: ast.expr) -> Iterable[ast.expr]:
    """The parts of a node that have a value: not the name of a function that is called."""
    return node.args if isinstance(node, ast.Call) else parts(node)
