"""The counts of several processes as those of one gateway."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from hookgate.core.backlog import Bound
from hookgate.core.config import Config
from hookgate.engine.metrics import Durations, Metrics

Name = TypeVar("Name", bound=str)


class _DurationCounts(NamedTuple):
    counts: list[int]
    sum: float


class Counts(NamedTuple):
    """What was counted, in plain numbers: by source its outcomes, answers and matches of secrets,
    by program its attempts, and what found no room."""

    sources: dict[str, tuple[dict[str, int], _DurationCounts, list[list[int]]]]
    programs: dict[str, tuple[dict[str, int], _DurationCounts]]
    full: dict[Bound, int]


NOTHING = Counts({}, {}, {})


def counts_of(metrics: Metrics) -> Counts:
    """The counts as they are now."""
    return Counts(
        {
            name: (each.outcomes, _durations(each.answers), [m.counts for m in each.matches])
            for name, each in metrics.sources.items()
        },
        {
            name: (each.statuses, _durations(each.attempts))
            for name, each in metrics.programs.items()
        },
        metrics.full,
    )


def add(metrics: Metrics, counts: Counts) -> None:
    """Count what was counted elsewhere; of a source or program that has gone, under ''."""
    for name, (outcomes, answers, matches) in counts.sources.items():
        source = metrics.sources.get(name) or metrics.sources[""]
        _add_numbers(source.outcomes, outcomes)
        _add_durations(source.answers, answers)
        for known, more in zip(source.matches, matches, strict=False):
            if len(known.counts) == len(more):
                _add_each(known.counts, more)
    for name, (statuses, attempts) in counts.programs.items():
        program = metrics.programs.get(name) or metrics.programs[""]
        _add_numbers(program.statuses, statuses)
        _add_durations(program.attempts, attempts)
    _add_numbers(metrics.full, counts.full)


def total(config: Config, own: Metrics, others: Iterable[Counts]) -> Metrics:
    """All counts together, with what `own` says of the configuration in use."""
    metrics = Metrics(config, own.reloaded_at)
    metrics.reload_successful = own.reload_successful
    for counts in (counts_of(own), *others):
        add(metrics, counts)
    return metrics


def _durations(durations: Durations) -> _DurationCounts:
    return _DurationCounts(durations.counts, durations.sum)


def _add_numbers(numbers: dict[Name, int], more: dict[Name, int]) -> None:
    for name, number in more.items():
        numbers[name] += number


def _add_durations(durations: Durations, more: _DurationCounts) -> None:
    _add_each(durations.counts, more.counts)
    durations.sum += more.sum


def _add_each(numbers: list[int], more: Sequence[int]) -> None:
    numbers[:] = map(sum, zip(numbers, more, strict=True))
