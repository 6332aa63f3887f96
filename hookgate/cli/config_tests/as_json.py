"""Results as one JSON document, for programs."""

from __future__ import annotations

from hookgate.cli.config_tests.running import CaseResult, Results, SuiteResult
from hookgate.engine.config_tests.comparing import Nothing, Outcome
from hookgate.engine.config_tests.coverage import Coverage
from hookgate.expr.values import json_text
from hookgate.model import JSON
from hookgate.server.views import trace_document

FORMAT_VERSION = 1


def report_json(results: Results) -> str:
    """The document. The trace of a decision is in it where its case did not pass."""
    return json_text(
        {
            "format_version": FORMAT_VERSION,
            "tests": results.total,
            "failed": results.failed,
            "seconds": round(results.seconds, 6),
            "suites": [_suite(suite) for suite in results.suites],
        }
    )


def _suite(result: SuiteResult) -> dict[str, JSON]:
    problems = [problem for loaded in result.suite.files for problem in loaded.problems]
    return {
        "rules": str(result.suite.rules),
        "findings": [problem.as_line() for problem in problems],
        "cases": [_case(case) for case in result.cases],
        "coverage": None if result.coverage is None else _coverage(result.coverage, result),
    }


def _case(result: CaseResult) -> dict[str, JSON]:
    case = result.case
    document: dict[str, JSON] = {
        "name": case.name,
        "file": case.file,
        "line": case.line,
        "source": case.source,
        "passed": result.passed,
        "fault": result.fault,
        "differences": [
            {
                "key": difference.key,
                "expected": difference.expected,
                "actual": None if isinstance(difference.actual, Nothing) else difference.actual,
            }
            for difference in result.differences
        ],
    }
    return document | _outcome(result.outcome, with_trace=not result.passed)


def _outcome(outcome: Outcome | None, *, with_trace: bool) -> dict[str, JSON]:
    if outcome is None:
        return {"status": None, "outcome": None, "reason": None, "trace": None}
    trace = outcome.trace if with_trace else None
    return {
        "status": outcome.status,
        "outcome": outcome.outcome,
        "reason": outcome.reason,
        "trace": None if trace is None else trace_document(trace),
    }


def _coverage(coverage: Coverage, result: SuiteResult) -> dict[str, JSON]:
    return {
        "percent": round(coverage.percent, 2),
        "rules": [
            {
                "rule": rule.name,
                "name": rule.rule.name,
                "line": rule.rule.line,
                "held": rule.held,
                "failed": rule.failed,
                "can_fail": rule.can_fail,
            }
            for rule in coverage.rules
        ],
        "never_started": [
            {"program": program, "line": line} for program, line in result.never_started
        ],
    }
