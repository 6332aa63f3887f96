"""Conditions that hold for every event, or for none, without saying so."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hookgate.core.config import Source
from hookgate.loading.codes import Code
from hookgate.loading.lint.certainty import always_is, may_be_certain
from hookgate.loading.lint.comparisons import misfits
from hookgate.loading.lint.constants import literals_as_conditions
from hookgate.loading.lint.kinds import kinds_of_names
from hookgate.loading.lint.subject import RuleList
from hookgate.loading.lint.trees import choices


def check_truths(rules: RuleList) -> None:
    """Report conditions, and parts of them, that are always true or always false.

    ``True`` and ``False`` by themselves are what somebody means, and are not reported.
    """
    for condition in rules.conditions:
        tree = condition.tree
        if not may_be_certain(tree) or has_slip(tree, rules.source):
            continue
        for part, truth in _certain_parts(tree):
            code = Code.ALWAYS_HOLDS if truth else Code.NEVER_HOLDS
            message = f"this {'condition' if part is tree else 'part'} is always {truth}".lower()
            suggestion = f"write {truth} if that is meant" if part is tree else None
            condition.report(code, part, message, suggestion)


def has_slip(tree: ast.expr, source: Source) -> bool:
    """Whether a condition holds something that is reported as such, whatever comes of it."""
    literals, names = literals_as_conditions(tree), kinds_of_names(source)
    return any(literals) or any(misfits(tree, names))


def _certain_parts(tree: ast.expr) -> Iterator[tuple[ast.expr, bool]]:
    """The outermost parts whose truth is certain, with it."""
    truth = None if isinstance(tree, ast.Constant) else always_is(tree)
    if truth is not None:
        yield tree, truth
        return
    for part in choices(tree):
        yield from _certain_parts(part)
