"""Findings as text: where the suggestion stands, what is escaped, what the summary says."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

from hookgate.cli.findings.as_text import problems_text, report_text
from hookgate.cli.findings.report import Checked, Report
from hookgate.cli.terminal import plain
from hookgate.loading.load import Loaded, load
from hookgate.loading.problems import Problem, Severity

CLEAN = "version: 1\nsources: {}\nprograms: {}\n"


def problem(
    column: int = 1,
    length: int = 7,
    *,
    file: str = "rules.yaml",
    severity: Severity = Severity.ERROR,
    message: str = "wrong",
    suggestion: str | None = None,
) -> Problem:
    return Problem(file, 1, column, length, "HG111", severity, message, suggestion)


def text_of(*problems: Problem, text: str = CLEAN, width: int = 80) -> str:
    """What is printed of the findings of one file, without colour."""
    checked = Checked("rules.yaml", Loaded(None, problems, text))
    return plain(problems_text(Report((checked,)), width))


def first_lines(text: str) -> Sequence[str]:
    """All but the summary."""
    return text.rpartition("\n\n")[0].splitlines()


def test_a_suggestion_stands_beside_the_carets_where_there_is_room() -> None:
    assert first_lines(text_of(problem(suggestion="did you mean 'x'?"), width=29)) == [
        "rules.yaml:1:1: HG111 error: wrong",
        "  |",
        "1 | version: 1",
        "  | ^^^^^^^ did you mean 'x'?",
        "  |",
    ]


def test_a_suggestion_stands_below_the_carets_where_there_is_none() -> None:
    assert first_lines(text_of(problem(suggestion="did you mean 'x'?"), width=28)) == [
        "rules.yaml:1:1: HG111 error: wrong",
        "  |",
        "1 | version: 1",
        "  | ^^^^^^^",
        "  = did you mean 'x'?",
    ]


def test_a_token_that_fills_the_line_needs_no_suggestion() -> None:
    assert first_lines(text_of(problem(length=10), width=14))[2:] == [
        "1 | version: 1",
        "  | ^^^^^^^^^^",
        "  |",
    ]


def test_without_a_frame_the_suggestion_is_in_the_line() -> None:
    hinted = problem(column=11, suggestion="did you mean 'x'?")
    assert first_lines(text_of(hinted)) == [
        "rules.yaml:1:11: HG111 error: wrong (did you mean 'x'?)"
    ]


def test_the_margin_is_as_wide_as_the_number_of_the_line() -> None:
    late = Problem("rules.yaml", 1000, 1, 1, "HG111", Severity.ERROR, "wrong")
    assert first_lines(text_of(late, text="x\n" * 1000))[1:] == [
        "     |",
        "1000 | x",
        "     | ^",
        "     |",
    ]


def test_nothing_that_is_printed_can_steer_a_terminal() -> None:
    odd = "\x1b[2J\n\u202e"
    printed = text_of(problem(file=odd, message=odd, suggestion=odd), text=f"version{odd}: 1")
    assert printed.replace("\n", "").isprintable()
    assert len(first_lines(printed)) == 5


def test_the_summary_names_the_code_of_the_first_error() -> None:
    warning = Problem("rules.yaml", 1, 1, 1, "HG231", Severity.WARNING, "odd")
    assert text_of(warning, problem()).splitlines()[-1] == (
        "1 error, 1 warning in 1 file   hookgate explain HG111 tells more"
    )
    assert text_of(warning, warning).splitlines()[-1] == (
        "2 warnings in 1 file   hookgate explain HG231 tells more"
    )


def test_clean_files_are_named_and_counted_and_have_no_summary() -> None:
    loaded = load(
        dedent(
            """\
            version: 1
            sources:
              a:
                auth: {type: token, token: "${TOKEN}"}
                rules:
                  x: [{program: p}]
                  y: [{program: p}]
            programs: {p: {command: [./p.sh]}}
            """
        ),
        "rules.yaml",
        "/srv/hookgate",
        {},
        environment=False,
    )
    clean = Checked("a\nb.yaml", Loaded(loaded.config, (), loaded.text))
    assert (
        report_text(Report((clean, clean)), 80).splitlines()
        == ["a\\nb.yaml: valid (1 source, 2 rules, 1 program)"] * 2
    )
