"""Rules that are never reached, since one before them holds whenever they do."""

from __future__ import annotations

import ast
from typing import NamedTuple

from hookgate.loading.codes import Code
from hookgate.loading.lint.certainty import always_is
from hookgate.loading.lint.subject import ListedRule, RuleList
from hookgate.loading.lint.trees import key
from hookgate.loading.lint.truths import has_slip


class _Earlier(NamedTuple):
    """A rule further up: its line, and all that must be true for it to hold."""

    line: int
    demands: frozenset[object]


def check_reach(rules: RuleList) -> None:
    """Report rules that are never reached, where ``match: first`` stops at one before."""
    if rules.source.match != "first":
        return
    certain: int | None = None
    earlier: list[_Earlier] = []
    for listed in rules.rules:
        if certain is not None:
            _report(listed, f"line {certain} always holds", rules)
        elif listed.rule is None or listed.condition is None:
            continue
        elif (truth := _truth(listed.condition.tree, rules)) is not None:
            certain = listed.rule.line if truth else None
        else:
            demands = frozenset(map(key, _demanded(listed.condition.tree)))
            before = next((rule for rule in earlier if rule.demands <= demands), None)
            if before is None:
                earlier.append(_Earlier(listed.rule.line, demands))
            else:
                _report(listed, f"line {before.line} holds whenever this does", rules)


def _report(listed: ListedRule, reason: str, rules: RuleList) -> None:
    message = f"this rule is never reached: {reason}, match is 'first'"
    rules.context.report(Code.NEVER_REACHED, listed.node, message)


def _truth(tree: ast.expr, rules: RuleList) -> bool | None:
    truth = always_is(tree)
    return None if truth is not None and has_slip(tree, rules.source) else truth


def _demanded(tree: ast.expr) -> list[ast.expr]:
    """The parts of which all must be true; where they are, none of them is an error."""
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        return [part for value in tree.values for part in _demanded(value)]
    return [tree]
