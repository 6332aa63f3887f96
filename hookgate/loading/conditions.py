"""Conditions of rules: parsed once, with each fault at its place in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hookgate.core.config import Key
from hookgate.errors import EvaluationError
from hookgate.expr.conditions import (
    BUILT_IN_NAMES,
    Condition,
    ConditionFault,
    parse_condition,
)
from hookgate.loading.codes import Code
from hookgate.loading.context import Context
from hookgate.loading.findings import quoted
from hookgate.loading.interpolation import complete, shown
from hookgate.loading.nodes import Node

_CODES = {
    "syntax": Code.CONDITION_SYNTAX,
    "name": Code.CONDITION_NAME,
    "function": Code.CONDITION_FUNCTION,
    "forbidden": Code.CONDITION_FORBIDDEN,
    "pattern": Code.CONDITION_PATTERN,
    "arguments": Code.CONDITION_ARGUMENTS,
    "too complex": Code.CONDITION_TOO_COMPLEX,
}


_BACKTRACKING = re.compile(r": (?:\(\?(?:<?[=!]|>|P$)|\\[1-9])")
"""In RE2's words: what only an engine that takes more than linear time can do."""


def _constant(text: str) -> Condition:
    condition = parse_condition(text, ())
    if not isinstance(condition, Condition):
        raise TypeError(text)
    return condition


ALWAYS = _constant("True")
NEVER = _constant("False")


def usable_names(params: Iterable[str]) -> frozenset[str]:
    """The names that the conditions of a source with these params can use."""
    return frozenset({*BUILT_IN_NAMES, *params})


def compile_condition(node: Node | None, names: frozenset[str], context: Context) -> Condition:
    """The condition of a rule, which holds where none is written; a faulty one never does.

    YAML's true and false are the conditions ``True`` and ``False``.
    """
    if node is None:
        return ALWAYS
    if node.text is None:
        return ALWAYS if node.value else NEVER
    if not complete(node.text):
        return NEVER
    condition = parse_condition(node.text, names)
    if isinstance(condition, Condition):
        return condition
    for fault in condition:
        _report(fault, node, names, context)
    return NEVER


def compile_key(node: Node | None, names: frozenset[str], context: Context) -> Key | None:
    """The expression that tells which events belong together; None where none can be read."""
    if node is None or node.text is None or not complete(node.text):
        return None
    expression = parse_condition(node.text, names)
    if isinstance(expression, Condition):
        return Key(expression, shown(node.text))
    for fault in expression:
        _report(fault, node, names, context)
    return None


def always_holds(condition: Condition) -> bool:
    """Whether the condition holds for every event, as far as can be told without one."""
    if condition.names:
        return False
    try:
        return condition.holds({})
    except EvaluationError:
        return False


def _report(fault: ConditionFault, node: Node, names: frozenset[str], context: Context) -> None:
    suggestion = _suggestion(fault, names)
    context.report_inside(
        _CODES[fault.kind], node, fault.message, suggestion, fault.offset, fault.length
    )


def _suggestion(fault: ConditionFault, names: frozenset[str]) -> str | None:
    if fault.near:
        return f"did you mean {quoted(fault.near)}?"
    if fault.kind == "name":
        params = sorted(names.difference(BUILT_IN_NAMES))
        return f"params: {', '.join(params)}" if params else None
    if fault.kind == "pattern" and _BACKTRACKING.search(fault.message):
        return "RE2 has no look-around and no backreferences; join two patterns with 'and', 'not'"
    return None
