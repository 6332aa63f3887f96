"""Reading the rules file again, and running its tests, to see whether it can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from hookgate.cli.config_tests.as_text import report_text
from hookgate.cli.config_tests.running import CaseResult, Results, named_like, run_suites
from hookgate.cli.config_tests.suites import Suite, possible_tests, suite_of
from hookgate.cli.exits import Failed
from hookgate.cli.findings.as_text import problems_text
from hookgate.cli.findings.report import Checked, Report
from hookgate.cli.rules_file import read_environment, read_rules
from hookgate.cli.stamps import Stamp, stamps
from hookgate.cli.terminal import PIPE_WIDTH, plain, printable
from hookgate.core.config import Config
from hookgate.engine.reload import Candidate
from hookgate.loading.load import Loaded


class RulesFile:
    """The rules file that `serve` was started with, and all that belongs to it.

    `adjust` makes of its configuration the one that this process would use.
    """

    def __init__(
        self, path: Path, env_file: Path | None, adjust: Callable[[Config], Config]
    ) -> None:
        self.path = path
        self._env_file = env_file
        self._adjust = adjust
        self._given = {path} if env_file is None else {path, env_file}
        self._read: frozenset[Path] = frozenset()

    def load(self) -> Loaded:
        """Load it, adjusted; ends the command where it cannot be read at all."""
        loaded = read_rules(self.path, read_environment(self._env_file))
        self._read = frozenset(map(Path, loaded.files))
        if loaded.config is None:
            return loaded
        return replace(loaded, config=self._adjust(loaded.config))

    def candidate(self) -> Candidate:
        """Load it, check it and run its tests; whatever is wrong with it is in what this gives."""
        try:
            loaded = self.load()
            suite = suite_of(self.path, loaded)
        except Failed as failed:
            return Candidate(None, (failed.reason,), failed.reason)
        self._read |= suite.watched
        if loaded.config is None or not suite.usable:
            return Candidate(None, tuple(_problem_lines(suite)), _problems_text(suite))
        results = run_suites([suite], named_like(None))
        if results.failed:
            return Candidate(None, tuple(_failure_lines(results)), plain(report_text(results)))
        return Candidate(loaded.config, (), _problems_text(suite))

    def stamps(self) -> Mapping[Path, Stamp]:
        """The stamps of all that was read the last time, and of what would be read as well now."""
        return stamps(self._read.union(self._given, possible_tests(self.path.parent)))

    def known_after(self, before: Mapping[Path, Stamp]) -> Mapping[Path, Stamp]:
        """The stamps of what was read after `before`: what changed meanwhile has changed."""
        return {file: before.get(file, stamp) for file, stamp in self.stamps().items()}


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
