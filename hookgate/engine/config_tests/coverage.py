"""Which rules the cases made true and which they made false, and which programs they started."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from hookgate.core.config import Config, Rule
from hookgate.engine.config_tests.comparing import Outcome
from hookgate.loading.conditions import always_holds
from hookgate.model import RuleOutcome


class RuleCoverage(Struct, frozen=True):
    """What came of one rule in all cases; a rule that always holds cannot fail."""

    source: str
    rule: Rule
    held: bool
    failed: bool
    can_fail: bool

    @property
    def name(self) -> str:
        """The rule among those of all sources, such as ``github/push[0]``."""
        return f"{self.source}/{self.rule.id}"


class Coverage(Struct, frozen=True):
    """What the cases reached of a rules file."""

    rules: tuple[RuleCoverage, ...]
    never_started: tuple[str, ...]

    @property
    def never_held(self) -> tuple[RuleCoverage, ...]:
        """The rules that no case made true."""
        return tuple(rule for rule in self.rules if not rule.held)

    @property
    def never_failed(self) -> tuple[RuleCoverage, ...]:
        """The rules that can fail and that no case made false."""
        return tuple(rule for rule in self.rules if rule.can_fail and not rule.failed)

    @property
    def fallible(self) -> int:
        """How many rules can fail."""
        return sum(rule.can_fail for rule in self.rules)

    @property
    def percent(self) -> float:
        """How much was seen of what rules can do: each can hold, and most can fail."""
        possible = len(self.rules) + self.fallible
        missed = len(self.never_held) + len(self.never_failed)
        return 100.0 if possible == 0 else 100.0 * (possible - missed) / possible


def coverage(config: Config, outcomes: Iterable[Outcome]) -> Coverage:
    """What `outcomes` reached of a configuration."""
    seen: dict[tuple[str, str], set[RuleOutcome]] = {}
    started: set[str] = set()
    for outcome in outcomes:
        if outcome.trace is None:
            continue
        started.update(task.program for task in outcome.trace.tasks)
        for rule in outcome.trace.rules:
            seen.setdefault((outcome.trace.source, rule.id), set()).add(rule.result)
    return Coverage(
        rules=tuple(
            _rule(source.name, rule, seen.get((source.name, rule.id), set()))
            for source in config.sources.values()
            for rules in source.rules.values()
            for rule in rules
        ),
        never_started=tuple(name for name in config.programs if name not in started),
    )


def _rule(source: str, rule: Rule, results: set[RuleOutcome]) -> RuleCoverage:
    return RuleCoverage(
        source=source,
        rule=rule,
        held=RuleOutcome.TRUE in results,
        failed=bool(results & {RuleOutcome.FALSE, RuleOutcome.ERROR}),
        can_fail=not always_holds(rule.condition),
    )
