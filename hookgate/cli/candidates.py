"""Judging a rules file that a running gateway may change to: its findings, and its own tests."""

from __future__ import annotations

from collections.abc import Iterator

from hookgate.cli.config_tests.as_text import report_text
from hookgate.cli.config_tests.running import CaseResult, Results, named_like, run_suites
from hookgate.cli.config_tests.suites import Suite
from hookgate.cli.findings.as_text import problems_text
from hookgate.cli.findings.report import Checked, Report
from hookgate.cli.terminal import PIPE_WIDTH, plain, printable
from hookgate.core.config import Config
from hookgate.engine.reload import Candidate


def candidate_of(suite: Suite, config: Config | None) -> Candidate:
    """Run the tests of a file that compiled to `config`; what is wrong is in what this gives."""
    if config is None or not suite.usable:
        return Candidate(None, tuple(_problem_lines(suite)), _problems_text(suite))
    results = run_suites([suite], named_like(None))
    if results.failed:
        return Candidate(None, tuple(_failure_lines(results)), plain(report_text(results)))
    return Candidate(config, (), _problems_text(suite))


def _problems_text(suite: Suite) -> str:
    checked = [Checked(each.problems[0].file, each) for each in suite.files if each.problems]
    return plain(problems_text(Report(tuple(checked)), PIPE_WIDTH))


def _problem_lines(suite: Suite) -> Iterator[str]:
    for loaded in suite.files:
        yield from (problem.as_line() for problem in loaded.problems)


def _failure_lines(results: Results) -> Iterator[str]:
    for suite in results.suites:
        for result in suite.cases:
            if not result.passed:
                yield f"{result.case.file}:{result.case.line}: {_failure(result)}"


def _failure(result: CaseResult) -> str:
    failed = f"the test '{printable(result.case.name)}' failed"
    if result.fault is not None:
        return f"{failed}: {result.fault}"
    return f"{failed} in {', '.join(difference.key for difference in result.differences)}"
