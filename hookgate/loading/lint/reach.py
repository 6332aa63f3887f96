"""Rules that are never reached, since one before them holds whenever they do."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple, TypeAlias

from hookgate.loading.codes import Code
from hookgate.loading.lint.certainty import always_is
from hookgate.loading.lint.subject import ListedRule, RuleList
from hookgate.loading.lint.trees import key
from hookgate.loading.lint.truths import has_slip


class _Place(NamedTuple):
    """Where a rule stands: how many of the others are before it, and its line."""

    position: int
    line: int


_Demands: TypeAlias = frozenset[object]
"""All that must be true for a rule to hold."""


def check_reach(rules: RuleList) -> None:
    """Report rules that are never reached, where ``match: first`` stops at one before."""
    if rules.source.match != "first":
        return
    certain: int | None = None
    earlier: dict[_Demands, _Place] = {}
    for listed in rules.rules:
        if certain is not None:
            _report(listed, f"line {certain} always holds", rules)
        elif listed.rule is None or listed.condition is None:
            continue
        elif (truth := _truth(listed.condition.tree, rules)) is not None:
            certain = listed.rule.line if truth else None
        else:
            demands = frozenset(map(key, _demanded(listed.condition.tree)))
            before = _first_that_demands_no_more(demands, earlier)
            if before is None:
                earlier[demands] = _Place(len(earlier), listed.rule.line)
            else:
                _report(listed, f"line {before.line} holds whenever this does", rules)


def _first_that_demands_no_more(
    demands: _Demands, earlier: Mapping[_Demands, _Place]
) -> _Place | None:
    """Looks for each part of `demands`, or through all rules where these are fewer."""
    if 2 ** len(demands) < len(earlier):
        sizes = range(1, len(demands) + 1)
        parts = (frozenset(part) for size in sizes for part in combinations(demands, size))
        return min((earlier[part] for part in parts if part in earlier), default=None)
    return next((place for others, place in earlier.items() if others <= demands), None)


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
