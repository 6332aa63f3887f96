"""Findings as one JSON document; the counts first, then each finding as it was reported."""

from __future__ import annotations

import json

from hookgate.cli.findings.report import Report
from hookgate.loading.problems import Problem

FORMAT_VERSION = 1
"""Goes up when a key changes its meaning or goes away; not when one is added."""


def report_json(report: Report) -> str:
    """The report. `valid` tells whether every file can be used; the exit code heeds --strict."""
    document = {
        "format_version": FORMAT_VERSION,
        "valid": report.valid,
        "files": len(report.files),
        "errors": report.errors,
        "warnings": report.warnings,
        "findings": [_finding(problem) for problem in report.problems],
    }
    return json.dumps(document, indent=2)


def _finding(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "length": problem.length,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "suggestion": problem.suggestion,
    }
