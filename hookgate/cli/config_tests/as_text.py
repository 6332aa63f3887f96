"""Results for people: a line for each case, and below a failure what differs and why."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from hookgate.cli.config_tests.running import CaseResult, Results, SuiteResult
from hookgate.cli.terminal import bad, dim, good, printable
from hookgate.cli.trace_lines import trace_lines
from hookgate.engine.config_tests.comparing import Actual, Difference, Nothing
from hookgate.engine.config_tests.coverage import Coverage
from hookgate.engine.config_tests.updating import as_yaml
from hookgate.loading.cases import BLANK
from hookgate.model import JSON

_INDENT = " " * 8
_KEY_WIDTH = 10
_SHORT = 60
"""The length of two values that are told on one line."""


def report_text(results: Results) -> str:
    """Every case in the order of the files, then the totals and the coverage."""
    return "\n".join(
        [
            *(line for suite in results.suites for line in _suite(suite)),
            _totals(results),
            *(line for suite in results.suites for line in _coverage(suite, len(results.suites))),
        ]
    )


def failure_lines(result: CaseResult, rules_file: str) -> Iterator[str]:
    """Why a case did not pass: what differs, then the trace of the decision."""
    if result.fault is not None:
        yield bad(printable(result.fault))
    for difference in result.differences:
        yield from _difference(difference)
    if result.outcome is None:
        return
    if result.outcome.trace is None:
        yield f"{'outcome':<{_KEY_WIDTH}}{bad('rejected')}: {printable(result.outcome.reason)}"
        return
    yield from trace_lines(result.outcome.trace, rules_file)


# --- cases ----------------------------------------------------------------------------------


def _suite(suite: SuiteResult) -> Iterator[str]:
    file = None
    for result in suite.cases:
        if result.case.file != file:
            file = result.case.file
            yield file
        yield from _case(result, str(suite.suite.rules))


def _case(result: CaseResult, rules_file: str) -> Iterator[str]:
    name = printable(result.case.name)
    if result.passed:
        yield f"  {good('ok')}    {name}"
        return
    yield f"  {bad('FAIL')}  {name}  {dim(f'{result.case.file}:{result.case.line}')}"
    yield from (_INDENT + line for line in failure_lines(result, rules_file))


def _difference(difference: Difference) -> Iterator[str]:
    expected, actual = _value(difference.expected), _value(difference.actual)
    key = f"{difference.key:<{_KEY_WIDTH - 2}}  "
    if difference.expected == BLANK:
        hint = "" if difference.actual is Nothing.NOTHING else dim("   --update writes it")
        yield f"{key}left open   got {actual}{hint}"
    elif len(expected) + len(actual) <= _SHORT:
        yield f"{key}expected {good(expected)}   got {bad(actual)}"
    elif isinstance(difference.expected, list) and isinstance(difference.actual, list):
        lines = _list_difference(difference.expected, difference.actual)
        yield from (f"{'' if number else key:<{len(key)}}{line}" for number, line in lines)
    else:
        yield f"{key}expected {good(expected)}"
        yield f"{'':<{len(key)}}got      {bad(actual)}"


def _list_difference(expected: list[JSON], actual: list[JSON]) -> Iterator[tuple[int, str]]:
    """The items of both lists, numbered; those of one alone are marked with - or +."""
    compared = difflib.ndiff([_value(item) for item in expected], [_value(item) for item in actual])
    colours = {"-": good, "+": bad}
    lines = [line for line in compared if not line.startswith("?")]
    for number, line in enumerate(lines):
        colour = colours.get(line[0])
        yield number, line if colour is None else colour(line)


def _value(value: Actual) -> str:
    return value.value if isinstance(value, Nothing) else printable(as_yaml(value))


# --- the whole ------------------------------------------------------------------------------


def _totals(results: Results) -> str:
    failed = f"{results.failed} failed"
    tests = f"{results.total} test{'' if results.total == 1 else 's'}"
    return f"{tests}, {bad(failed) if results.failed else failed} in {results.seconds:.2f}s"


def _coverage(suite: SuiteResult, suites: int) -> Iterator[str]:
    if suite.coverage is None:
        return
    file = f"{suite.suite.rules}: " if suites > 1 else ""
    title = f"{'coverage':<{_KEY_WIDTH}}"
    for line in _coverage_lines(suite.coverage, suite):
        yield f"{title}{file}{line}"
        title, file = " " * _KEY_WIDTH, ""


def _coverage_lines(coverage: Coverage, suite: SuiteResult) -> Iterator[str]:
    rules, fallible = len(coverage.rules), coverage.fallible
    held, failed = rules - len(coverage.never_held), fallible - len(coverage.never_failed)
    yield (
        f"{coverage.percent:.0f}%: {held} of {rules} rules held,"
        f" {failed} of {fallible} that can fail failed"
    )
    file = suite.suite.rules
    for words, covered in (("held", coverage.never_held), ("failed", coverage.never_failed)):
        for rule in covered:
            yield f"never {words}: {printable(rule.name)}  {dim(f'{file}:{rule.rule.line}')}"
    for program, line in suite.never_started:
        yield f"never started: {printable(program)}  {dim(f'{file}:{line}')}"
