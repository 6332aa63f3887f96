"""Findings as SARIF 2.1.0, which code scanning services read.

The format is the OASIS standard "Static Analysis Results Interchange Format (SARIF) Version
2.1.0"; section numbers below are of that document.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

from hookgate import __version__
from hookgate.cli.findings.report import Report, sentence
from hookgate.loading.explanations import all_codes, explanation
from hookgate.loading.problems import Problem

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def report_sarif(report: Report) -> str:
    """The report as one run of the tool. Files under the working directory are named from there."""
    codes = all_codes()
    rules = {code: number for number, code in enumerate(codes)}
    run = {
        "tool": {
            "driver": {
                "name": "hookgate",
                "semanticVersion": __version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, rules[problem.code]) for problem in report.problems],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str) -> dict[str, object]:
    """A code as a reportingDescriptor (3.49), with its explanation as the help."""
    told = explanation(code)
    if told is None:
        raise LookupError(code)
    examples = f"Wrong:\n\n```yaml\n{told.bad}```\n\nRight:\n\n```yaml\n{told.good}```\n"
    return {
        "id": code,
        "shortDescription": {"text": told.title},
        "fullDescription": {"text": told.meaning},
        "help": {"text": told.meaning, "markdown": f"{told.meaning}\n\n{examples}"},
        "defaultConfiguration": {"level": told.severity.value},
    }


def _result(problem: Problem, rule: int) -> dict[str, object]:
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": sentence(problem)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(problem.file),
                    "region": {
                        "startLine": problem.line,
                        "startColumn": problem.column,
                        "endColumn": problem.column + problem.length,
                    },
                }
            }
        ],
    }


def _artifact(file: str) -> dict[str, str]:
    """An artifactLocation (3.4): relative to where the check ran, else absolute."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 - resolve() would follow links as well
    try:
        relative = path.relative_to(Path.cwd())
    except ValueError:
        return {"uri": path.as_uri()}
    return {"uri": quote(os.fsencode(relative)), "uriBaseId": "%SRCROOT%"}
