"""Findings as JUnit XML, the form of test results that most CI systems can show.

A file is a test suite and a finding a case of it; a clean file is one case that passed. There is
no standard: this keeps to the elements that Jenkins, GitLab and GitHub's reporters agree on.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hookgate.cli.findings.as_text import finding_texts
from hookgate.cli.findings.report import Checked, Report, sentence
from hookgate.cli.terminal import plain, printable
from hookgate.loading.problems import Problem


def report_junit(report: Report, width: int) -> str:
    """The report; a finding that does not make the check fail is a case that was skipped."""
    root = ET.Element("testsuites", name="hookgate validate")
    for checked in report.files:
        root.append(_suite(checked, report, width))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}'


def _suite(checked: Checked, report: Report, width: int) -> ET.Element:
    problems = checked.loaded.problems
    failures = sum(report.fails(problem) for problem in problems)
    suite = ET.Element(
        "testsuite",
        name=printable(checked.file),
        tests=str(max(1, len(problems))),
        failures=str(failures),
        errors="0",
        skipped=str(len(problems) - failures),
    )
    for problem, text in zip(problems, finding_texts(checked, width), strict=True):
        suite.append(_case(problem, plain(text), report.fails(problem)))
    if not problems:
        ET.SubElement(suite, "testcase", classname=printable(checked.file), name="no findings")
    return suite


def _case(problem: Problem, text: str, fails: bool) -> ET.Element:
    file, message = printable(problem.file), printable(sentence(problem))
    case = ET.Element(
        "testcase",
        classname=file,
        name=f"{problem.code} at {problem.line}:{problem.column}: {message}",
        file=file,
        line=str(problem.line),
    )
    kind = "failure" if fails else "skipped"
    ET.SubElement(case, kind, type=problem.code, message=message).text = text
    return case
