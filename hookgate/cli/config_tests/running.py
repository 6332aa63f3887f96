"""Running cases: the request through the gateway's own code, the outcome compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from hookgate.cli.config_tests.suites import Suite
from hookgate.core.config import Config
from hookgate.engine.config_tests.comparing import Difference, Outcome, differences
from hookgate.engine.config_tests.coverage import Coverage, coverage
from hookgate.engine.config_tests.requests import delivery_of
from hookgate.engine.outgoing import Unsendable
from hookgate.engine.signing import signable
from hookgate.loading.cases import Case
from hookgate.server.rehearsal import rehearse

Wanted = Callable[[Case], bool]


class CaseResult(Struct, frozen=True):
    """What came of a case. `outcome` is None where its request could not be made: see `fault`."""

    case: Case
    outcome: Outcome | None
    differences: tuple[Difference, ...]
    fault: str | None
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return self.fault is None and not self.differences


class SuiteResult(Struct, frozen=True):
    """What came of a suite. `coverage` is None where not all of its cases were run."""

    suite: Suite
    cases: tuple[CaseResult, ...]
    coverage: Coverage | None

    @property
    def failed(self) -> int:
        """How many cases did not pass."""
        return sum(not result.passed for result in self.cases)

    @property
    def never_started(self) -> tuple[tuple[str, int], ...]:
        """The programs that no case started, each with its line in the rules file."""
        tree, names = self.suite.loaded.tree, self.coverage.never_started if self.coverage else ()
        programs = {} if tree is None else tree.entries("programs")
        return tuple((name, programs[name].place.line) for name in names)


class Results(Struct, frozen=True):
    """What came of all suites, and how many seconds it took."""

    suites: tuple[SuiteResult, ...]
    seconds: float

    @property
    def total(self) -> int:
        """How many cases were run."""
        return sum(len(suite.cases) for suite in self.suites)

    @property
    def failed(self) -> int:
        """How many of them did not pass."""
        return sum(suite.failed for suite in self.suites)


def named_like(text: str | None) -> Wanted:
    """Whether a case's name has this text in it, or fits it as a pattern with ``*``; in any case.

    None wants every case.
    """
    if text is None:
        return lambda _: True
    wanted = text.lower()
    if any(mark in wanted for mark in "*?["):
        return lambda case: fnmatchcase(case.name.lower(), wanted)
    return lambda case: wanted in case.name.lower()


def run_suites(suites: Iterable[Suite], wanted: Wanted) -> Results:
    """Run the cases that are wanted; of a suite with an error there are none."""
    began = time.perf_counter()
    ran = tuple(_run_suite(suite, wanted) for suite in suites)
    return Results(ran, time.perf_counter() - began)


def _run_suite(suite: Suite, wanted: Wanted) -> SuiteResult:
    if suite.loaded.config is None or not suite.usable:
        return SuiteResult(suite, (), None)
    config = suite.loaded.config
    chosen = [case for case in suite.cases if wanted(case)]
    results = tuple(_run_case(config, case) for case in chosen)
    if len(chosen) < len(suite.cases):
        return SuiteResult(suite, results, None)
    outcomes = (result.outcome for result in results if result.outcome is not None)
    return SuiteResult(suite, results, coverage(config, outcomes))


def _run_case(config: Config, case: Case) -> CaseResult:
    began = time.perf_counter()
    config = _with_credentials(config, case)
    delivery = delivery_of(case, config.sources[case.source])
    if isinstance(delivery, Unsendable):
        return CaseResult(case, None, (), delivery.reason, time.perf_counter() - began)
    outcome = rehearse(config, delivery)
    found = differences(case.expect, outcome)
    return CaseResult(case, outcome, found, None, time.perf_counter() - began)


def _with_credentials(config: Config, case: Case) -> Config:
    """The configuration that a case is run with: one that it can be signed for."""
    if not case.sign:
        return config
    source = signable(config.sources[case.source])
    return replace(config, sources={**config.sources, source.name: source})
