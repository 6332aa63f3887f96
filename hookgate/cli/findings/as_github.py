"""Findings as workflow commands, which GitHub Actions shows beside the lines of a pull request.

The format and its escapes are those of "Workflow commands for GitHub Actions" and of the
toolkit's `command.ts`: ``%``, CR and LF everywhere, and ``:`` and ``,`` in a property.
"""

from __future__ import annotations

from hookgate.cli.findings.report import Report, sentence
from hookgate.loading.problems import Problem

_IN_TEXT = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = {**_IN_TEXT, **str.maketrans({":": "%3A", ",": "%2C"})}


def report_github(report: Report) -> str:
    """A command for each finding; nothing where there are none."""
    return "\n".join(map(_annotation, report.problems))


def _annotation(problem: Problem) -> str:
    properties: dict[str, str | int] = {
        "file": problem.file,
        "line": problem.line,
        "col": problem.column,
        "endColumn": problem.column + problem.length,
        "title": problem.code,
    }
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{problem.severity} {written}::{sentence(problem).translate(_IN_TEXT)}"


def _property(value: str | int) -> str:
    return str(value).translate(_IN_PROPERTY)
