"""Results as JUnit XML, which continuous integration shows as a table."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from hookgate.cli.config_tests.as_text import failure_lines
from hookgate.cli.config_tests.running import CaseResult, Results, SuiteResult
from hookgate.cli.terminal import printable
from hookgate.loading.problems import Problem, Severity

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def report_junit(results: Results) -> str:
    """A testsuite for each rules file; an error in a file is a case that could not be run."""
    root = ET.Element("testsuites", name="hookgate test", time=f"{results.seconds:.6f}")
    root.extend(_suite(suite) for suite in results.suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}'


def _suite(result: SuiteResult) -> ET.Element:
    problems = (problem for loaded in result.suite.files for problem in loaded.problems)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    suite = ET.Element(
        "testsuite",
        name=printable(str(result.suite.rules)),
        tests=str(len(result.cases) + len(errors)),
        failures=str(result.failed),
        errors=str(len(errors)),
        time=f"{sum(case.seconds for case in result.cases):.6f}",
    )
    suite.extend(_error(problem) for problem in errors)
    suite.extend(_case(case, str(result.suite.rules)) for case in result.cases)
    return suite


def _case(result: CaseResult, rules_file: str) -> ET.Element:
    case = _testcase(result.case.name, result.case.file, result.case.line)
    case.set("time", f"{result.seconds:.6f}")
    if not result.passed:
        lines = [_STYLE.sub("", line) for line in failure_lines(result, rules_file)]
        _add(case, "failure", _summary(result), lines)
    return case


def _summary(result: CaseResult) -> str:
    if result.fault is not None:
        return result.fault
    keys = ", ".join(difference.key for difference in result.differences)
    return f"not as expected: {keys}"


def _error(problem: Problem) -> ET.Element:
    case = _testcase(problem.code, problem.file, problem.line)
    _add(case, "error", problem.message, [problem.as_line()])
    return case


def _testcase(name: str, file: str, line: int) -> ET.Element:
    file = printable(file)
    return ET.Element("testcase", classname=file, name=printable(name), file=file, line=str(line))


def _add(case: ET.Element, kind: str, message: str, lines: Iterable[str]) -> None:
    # XML has no way to write a control character, so each is escaped before.
    element = ET.SubElement(case, kind, message=printable(message))
    element.text = "\n".join(map(printable, lines))
