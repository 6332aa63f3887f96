"""Findings for people: a line each, the place in its code frame, and a summary.

::

    rules.yaml:31:20: HG204 error: the program 'jira_isue' does not exist
       |
    31 |           program: jira_isue
       |                    ^^^^^^^^^ did you mean 'jira_issue'?
       |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hookgate.cli.findings.frames import Frame, frame_of, shown_lines
from hookgate.cli.findings.report import Checked, Report, sentence
from hookgate.cli.terminal import bad, dim, doubtful, printable
from hookgate.core.config import Config
from hookgate.loading.problems import Problem, Severity

_COLOURS = {Severity.ERROR: bad, Severity.WARNING: doubtful}


def report_text(report: Report, width: int) -> str:
    """Everything: findings and valid files, then the summary. Lines of frames fit in `width`."""
    return "\n".join([*_files(report, width), *_summary_lines(report)])


def problems_text(report: Report, width: int) -> str:
    """The findings and their summary; empty where there are none."""
    findings = [text for checked in report.files for text in finding_texts(checked, width)]
    return "\n".join([*findings, *_summary_lines(report)])


def finding_texts(checked: Checked, width: int) -> Iterator[str]:
    """Each finding of a file with its frame."""
    lines = shown_lines(checked.loaded.text)
    for problem in checked.loaded.problems:
        yield "\n".join(_finding(problem, lines, width))


def contents(config: Config) -> str:
    """What a rules file holds, counted."""
    rules = sum(len(rules) for source in config.sources.values() for rules in source.rules.values())
    return ", ".join(
        [
            counted(len(config.sources), "source"),
            counted(rules, "rule"),
            counted(len(config.programs), "program"),
        ]
    )


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _files(report: Report, width: int) -> Iterator[str]:
    for checked in report.files:
        yield from finding_texts(checked, width)
        if checked.loaded.config is not None:
            yield f"{printable(checked.file)}: valid ({contents(checked.loaded.config)})"


def _finding(problem: Problem, lines: Sequence[str], width: int) -> Iterator[str]:
    room = width - len(f"{problem.line} | ")
    frame = frame_of(problem, lines, room)
    if frame is None:
        yield _headline(problem, sentence(problem))
    else:
        yield _headline(problem, problem.message)
        yield from _framed(problem, frame, room)


def _headline(problem: Problem, told: str) -> str:
    place = printable(f"{problem.file}:{problem.line}:{problem.column}")
    severity = _COLOURS[problem.severity](problem.severity.value)
    return f"{place}: {problem.code} {severity}: {printable(told)}"


def _framed(problem: Problem, frame: Frame, room: int) -> Iterator[str]:
    margin = " " * len(str(frame.line))
    edge = dim(f"{margin} |")
    carets = _COLOURS[problem.severity]("^" * frame.carets)
    hint = printable(problem.suggestion or "")
    beside = not hint or frame.indent + frame.carets + len(hint) < room
    yield edge
    yield dim(f"{frame.line} | {frame.source}")
    yield f"{edge} {'':{frame.indent}}{carets} {hint if beside else ''}".rstrip()
    yield edge if beside else f"{margin} = {hint}"


def _summary_lines(report: Report) -> list[str]:
    problems = sorted(report.problems, key=lambda problem: problem.severity is not Severity.ERROR)
    if not problems:
        return []
    first = problems[0]
    return ["", f"{_tally(report)}   {dim(f'hookgate explain {first.code} tells more')}"]


def _tally(report: Report) -> str:
    kinds = ((report.errors, "error"), (report.warnings, "warning"))
    numbers = ", ".join(counted(number, kind) for number, kind in kinds if number)
    affected = sum(bool(checked.loaded.problems) for checked in report.files)
    total = len(report.files)
    of = "" if affected == total else f"{affected} of "
    refused = "; --strict refuses warnings" if report.valid and not report.passed else ""
    return f"{numbers} in {of}{counted(total, 'file')}{refused}"
