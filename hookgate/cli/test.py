"""hookgate test: the tests that a rules file brings along."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import typer
from msgspec import Struct

from hookgate.cli.config_tests.as_json import report_json
from hookgate.cli.config_tests.as_junit import report_junit
from hookgate.cli.config_tests.as_text import report_text
from hookgate.cli.config_tests.filling import fill_files
from hookgate.cli.config_tests.running import Results, named_like, run_suites
from hookgate.cli.config_tests.suites import Suite, load_suite, possible_tests
from hookgate.cli.exits import ENVIRONMENT, FINDINGS, OK, USAGE, Failed
from hookgate.cli.rules_file import print_problems, read_environment
from hookgate.cli.terminal import show

_FORMATS: Mapping[str, Callable[[Results], str]] = {
    "text": report_text,
    "json": report_json,
    "junit": report_junit,
}


class Options(Struct, frozen=True):
    """What the command line asks for. `fail_under` is the least coverage, in percent."""

    paths: Sequence[Path]
    env_file: Path | None
    output: str
    only: str | None
    fail_under: float | None
    update: bool


def test(options: Options, *, watch: bool) -> int:
    """Run the tests and print what came of them; the exit code.

    With `watch` this goes on until an interrupt, and the exit code is that of the last run.
    """
    if options.only is not None and options.fail_under is not None:
        _misuse("-k and --fail-under exclude each other: coverage is that of all tests")
    run = _Run(options)
    if not watch:
        run()
        return run.code
    from hookgate.cli.config_tests.watching import run_on_changes

    with suppress(KeyboardInterrupt):
        run_on_changes(run.watched, run.listed)
    return run.code


class _Run:
    """One run after another; keeps what the last one came from and how it ended."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._suites: list[Suite] = []
        self.code = OK

    def __call__(self) -> None:
        """Load, run, fill in where that is asked for, print."""
        results = self._results()
        if self._options.update:
            written = fill_files(results)
            for file in written:
                typer.echo(f"filled in {file}", err=True)
            results = self._results() if written else results
        _print(results, self._options.output)
        self.code = self._judge(results)

    def watched(self) -> frozenset[Path]:
        """Run, and give the files that the run came from; none has to be there all the time."""
        try:
            self()
        except Failed as failed:
            failed.tell()
            self.code = ENVIRONMENT
        except typer.Exit as ended:
            self.code = ended.exit_code
        given = [*self._options.paths, *filter(None, [self._options.env_file])]
        return frozenset(given).union(*(suite.watched for suite in self._suites))

    def listed(self) -> Iterator[Path]:
        """What a run reads because it stands beside a rules file."""
        for path in self._options.paths:
            yield from possible_tests(path.parent)

    def _results(self) -> Results:
        environ = read_environment(self._options.env_file)
        self._suites = [load_suite(path, environ) for path in self._options.paths]
        return run_suites(self._suites, named_like(self._options.only))

    def _judge(self, results: Results) -> int:
        """The exit code; what makes it one although no case failed is told."""
        if not all(suite.usable for suite in self._suites):
            return FINDINGS
        if results.total == 0 and self._options.only is not None:
            _misuse(f"no test is named like {self._options.only!r}")
        faults = [*_without_tests(results), *_uncovered(results, self._options.fail_under)]
        for fault in faults:
            typer.echo(f"hookgate test: {fault}", err=True)
        return FINDINGS if results.failed or faults else OK


def _print(results: Results, output: str) -> None:
    unusable = [suite.suite for suite in results.suites if not suite.suite.usable]
    if output != "text":
        show(_FORMATS[output](results))
        return
    for suite in unusable:
        for loaded in suite.files:
            print_problems(loaded)
    if len(unusable) < len(results.suites):
        show(report_text(results))


def _without_tests(results: Results) -> Iterator[str]:
    """A file without tests is a fault, lest they are lost by a slip in a name."""
    for result in results.suites:
        if not result.suite.cases:
            yield f"{result.suite.rules} has no tests, and no *_test.yaml beside it has any for it"


def _uncovered(results: Results, least: float | None) -> Iterator[str]:
    for result in results.suites:
        covered = None if result.coverage is None else result.coverage.percent
        if least is not None and covered is not None and covered < least:
            yield f"{result.suite.rules}: coverage is {covered:.0f}%, not the {least:g}% asked for"


def _misuse(reason: str) -> NoReturn:
    typer.echo(f"hookgate test: {reason}", err=True)
    raise typer.Exit(USAGE)
