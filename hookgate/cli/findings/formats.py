"""The table of formats that findings are written in."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line names the formats long before it has anything to write
    from hookgate.cli.findings.report import Report


class FindingsFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    JUNIT = "junit"


def written(report: Report, output: FindingsFormat, width: int) -> str:
    """The report in a format; a line of source that is shown takes at most `width` cells."""
    match output:
        case FindingsFormat.TEXT:
            from hookgate.cli.findings.as_text import report_text

            return report_text(report, width)
        case FindingsFormat.JSON:
            from hookgate.cli.findings.as_json import report_json

            return report_json(report)
        case FindingsFormat.SARIF:
            from hookgate.cli.findings.as_sarif import report_sarif

            return report_sarif(report)
        case FindingsFormat.GITHUB:
            from hookgate.cli.findings.as_github import report_github

            return report_github(report)
        case FindingsFormat.JUNIT:
            from hookgate.cli.findings.as_junit import report_junit

            return report_junit(report, width)
