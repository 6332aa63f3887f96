"""Every check: of the file as a whole, of each list of rules, of what is not there."""

from __future__ import annotations

from collections.abc import Callable

from hookgate.loading.lint.code import check_code
from hookgate.loading.lint.comparisons import check_comparisons
from hookgate.loading.lint.constants import check_constants
from hookgate.loading.lint.exposure import check_exposure
from hookgate.loading.lint.reach import check_reach
from hookgate.loading.lint.requests import check_lookups, check_routes
from hookgate.loading.lint.secrets import check_secrets
from hookgate.loading.lint.signatures import check_replay, check_timestamps
from hookgate.loading.lint.spelling import check_event_types
from hookgate.loading.lint.subject import RuleList, Subject, rule_lists
from hookgate.loading.lint.truths import check_truths
from hookgate.loading.lint.unused import check_params, check_programs

_CHECKS_OF_FILES: tuple[Callable[[Subject], None], ...] = (
    check_exposure,
    check_secrets,
    check_timestamps,
    check_event_types,
    check_code,
)
_CHECKS_OF_RULES: tuple[Callable[[RuleList], None], ...] = (
    check_constants,
    check_truths,
    check_comparisons,
    check_lookups,
    check_routes,
    check_reach,
)
_CHECKS_OF_ABSENCE: tuple[Callable[[Subject], None], ...] = (
    check_replay,
    check_params,
    check_programs,
)
"""These report that something is not there; a misspelt key would make them say so once more."""


def lint(subject: Subject) -> None:
    """Report whatever is well formed and yet hardly meant."""
    for check in _CHECKS_OF_FILES:
        check(subject)
    for rules in rule_lists(subject):
        for check_rules in _CHECKS_OF_RULES:
            check_rules(rules)
    if not subject.context.findings.misshapen:
        for check in _CHECKS_OF_ABSENCE:
            check(subject)
