"""What the gateway counts, in plain numbers: a library's counters cost a tenth of an answer.

`hookgate.server.metrics` shows them. Labels are names of the rules file and words of our own, so
their number is bounded by the file: what a caller made up is counted under the name "".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from hookgate.auth.verifier import Verifier
from hookgate.core.backlog import Bound
from hookgate.core.config import Config, Source
from hookgate.model import AuthStep, TaskStatus

OUTCOMES = (
    "accepted",
    "ignored",
    "duplicate",
    "answered",
    "limited",
    "full",
    "rejected",
    "refused",
    "not recorded",
    "not verified",
)
"""What becomes of a request, in the words of the journal."""

ANSWER_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ATTEMPT_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)

_ENDED = tuple(status.value for status in TaskStatus if status.ended)


class Durations:
    """How many durations, in seconds, were at most each bound, and their sum.

    `counts` has one number for each bound and one for what is above them all.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """For each bound as text, and then for infinity, how many were at most that."""
        total = 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            total += count
            yield bound, total


class SecretMatches:
    """Of one auth entry of a source: how often each of its secrets matched, by its index."""

    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier
        self.counts = [0] * verifier.secret_count

    def add(self, index: int) -> None:
        """Count one; a secret that has left the rules file meanwhile has nothing to count it."""
        if index < len(self.counts):
            self.counts[index] += 1


class SourceCounts:
    """Of one source: its deliveries by outcome, how long answers took, which secrets matched."""

    def __init__(self) -> None:
        self.outcomes = dict.fromkeys(OUTCOMES, 0)
        self.answers = Durations(ANSWER_BOUNDS)
        self.matches: tuple[SecretMatches, ...] = ()

    @property
    def total(self) -> int:
        """How many requests were counted."""
        return sum(self.outcomes.values())

    def use(self, source: Source) -> None:
        """Count for this source from now on.

        Where an auth entry has changed its counts begin anew: an index may mean another secret.
        """
        known = dict(enumerate(self.matches))
        self.matches = tuple(
            known[entry]
            if entry in known and known[entry].verifier == verifier
            else SecretMatches(verifier)
            for entry, verifier in enumerate(source.auth)
        )


class ProgramCounts:
    """Of one program: its attempts by status, and how long they took."""

    def __init__(self) -> None:
        self.statuses = dict.fromkeys(_ENDED, 0)
        self.attempts = Durations(ATTEMPT_BOUNDS)

    @property
    def total(self) -> int:
        """How many attempts were counted."""
        return sum(self.statuses.values())


class Metrics:
    """The counts of one gateway since it was started.

    `digest` is that of the configuration in use since `reloaded_at`; `reload_successful` tells
    whether the newest one that was there to be used could be. `full` counts the deliveries that
    `max_pending` left no room for, by which number of it was too small.
    """

    def __init__(self, config: Config, now: float) -> None:
        self.sources: dict[str, SourceCounts] = {}
        self.programs: dict[str, ProgramCounts] = {}
        self.full: dict[Bound, int] = {"tasks": 0, "bytes": 0}
        self.use(config, now)

    def use(self, config: Config, now: float) -> None:
        """Count for the sources and programs of `config`; the counts of those that stay go on."""
        self.digest = config.digest
        self.max_pending = config.store.max_pending
        self.reloaded_at = now
        self.reload_successful = True
        self.sources = {
            name: self.sources.get(name) or SourceCounts() for name in (*config.sources, "")
        }
        self.programs = {
            name: self.programs.get(name) or ProgramCounts() for name in (*config.programs, "")
        }
        for source in config.sources.values():
            self.sources[source.name].use(source)

    def decided(self, source: str, outcome: str, steps: Sequence[AuthStep]) -> None:
        """A delivery came to `outcome`; `steps` are those of its authentication."""
        counts = self._source(source)
        counts.outcomes[outcome] += 1
        for matches, step in zip(counts.matches, steps, strict=False):
            if step.secret_index is not None:
                matches.add(step.secret_index)

    def refused(self, source: str) -> None:
        """A request was turned away before it became a delivery; it may name any source."""
        self._source(source).outcomes["refused"] += 1

    def answered(self, source: str, seconds: float) -> None:
        """The answer to a delivery was ready after `seconds`."""
        self._source(source).answers.add(seconds)

    def attempted(self, program: str, status: TaskStatus, seconds: float) -> None:
        """An attempt of a program ended with `status` after `seconds`."""
        counts = self.programs.get(program) or self.programs[""]
        counts.statuses[status.value] += 1
        counts.attempts.add(seconds)

    def _source(self, name: str) -> SourceCounts:
        return self.sources.get(name) or self.sources[""]
