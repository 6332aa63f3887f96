"""Constants where a condition belongs, as in ``kind == 'bug' or 'task'``, which always holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hookgate.loading.codes import Code
from hookgate.loading.lint.subject import RuleList, WrittenCondition
from hookgate.loading.lint.trees import choices, elements

_LITERALS = (ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict)


def check_constants(rules: RuleList) -> None:
    """Report literals that are taken for true or false; True and False themselves are meant."""
    for condition in rules.conditions:
        for literal, before in literals_as_conditions(condition.tree):
            source = condition.source(literal)
            message = f"{source} is not compared with anything; by itself it is {_truth(literal)}"
            suggestion = _suggestion(before, source, condition)
            if literal is condition.tree:
                suggestion = f"write {_truth(literal).capitalize()} if that is meant"
            condition.report(Code.CONDITION_CONSTANT, literal, message, suggestion)


def literals_as_conditions(tree: ast.expr) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """The literals that stand for a condition, each with the part before it."""
    if _is_literal(tree):
        yield tree, None
    before: ast.expr | None = None
    for part in choices(tree):
        if _is_literal(part):
            yield part, before
        else:
            yield from literals_as_conditions(part)
            before = part


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, bool)
    return isinstance(node, _LITERALS)


def _truth(literal: ast.expr) -> str:
    match literal:
        case ast.Constant(value) | ast.Dict(value):
            return "true" if value else "false"
    return "true" if elements(literal) else "false"


def _suggestion(before: ast.expr | None, source: str, condition: WrittenCondition) -> str | None:
    """The comparison before it, with the literal in place of the one there."""
    match before:
        case ast.Compare(left, [ast.Eq()]):
            return f"did you mean {condition.source(left)} == {source}?"
        case ast.Compare(left, [ast.NotEq()]):
            return f"did you mean {condition.source(left)} != {source}?"
    return None
