"""What the gateway counts, in the text format that Prometheus reads.

The names and labels are the operator's interface; docs/operating.md has them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from hookgate import __version__
from hookgate.core.backlog import Backlog
from hookgate.engine.gateway import Gateway
from hookgate.engine.metrics import Durations, Metrics, ProgramCounts, SourceCounts
from hookgate.errors import StoreUnavailable
from hookgate.stores.store import COUNTED, Standing

__all__ = ["CONTENT_TYPE", "new_page"]

Counts = TypeVar("Counts", SourceCounts, ProgramCounts)

_process = ProcessCollector(registry=None)


async def new_page(gateway: Gateway, metrics: Metrics) -> bytes:
    """The page with these counts, as the work of a gateway stands now."""
    try:
        work = await gateway.store.standing(), await gateway.store.backlog()
    except StoreUnavailable:
        work = None  # that is when the other figures are needed most
    return generate_latest(Families(metrics, work, gateway.now()))


class Families(Collector):
    """The metrics of one moment; without `work` those of the tasks are left out."""

    def __init__(self, metrics: Metrics, work: tuple[Standing, Backlog] | None, now: float) -> None:
        self._metrics = metrics
        self._work = work
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        yield from _process.collect()
        yield InfoMetricFamily(
            "hookgate_build", "The version that runs.", value={"version": __version__}
        )
        yield from _about_config(self._metrics)
        yield from _about_sources(self._metrics)
        yield from _about_programs(self._metrics)
        yield from _about_room(self._metrics)
        if self._work is not None:
            standing, backlog = self._work
            yield from _about_tasks(standing, self._now)
            yield from _about_backlog(backlog)


def _about_config(metrics: Metrics) -> Iterator[Metric]:
    yield InfoMetricFamily(
        "hookgate_config",
        "The rules file in use, by the SHA-256 of its text without secrets and remarks.",
        value={"digest": metrics.digest},
    )
    yield GaugeMetricFamily(
        "hookgate_config_last_reload_successful",
        "Whether the newest rules file is in use (1), or was refused and an older one is (0).",
        value=float(metrics.reload_successful),
    )
    yield GaugeMetricFamily(
        "hookgate_config_last_reload_timestamp_seconds",
        "When the rules file in use was put to use.",
        value=metrics.reloaded_at,
    )


def _about_sources(metrics: Metrics) -> Iterator[Metric]:
    deliveries = CounterMetricFamily(
        "hookgate_deliveries",
        "Requests by what became of them; of a source that does not exist, under the name ''.",
        labels=("source", "outcome"),
    )
    matches = CounterMetricFamily(
        "hookgate_auth_secret_matches",
        "How often a secret of a source matched: the one at an index of the list in the entry of"
        " its auth.",
        labels=("source", "entry", "scheme", "index"),
    )
    answers = HistogramMetricFamily(
        "hookgate_answer_seconds",
        "How long a delivery that was read took to be decided, recorded and, where its sender"
        " waits for a program, run.",
        labels=("source",),
    )
    for name, counts in _counted(metrics.sources):
        for outcome, number in counts.outcomes.items():
            deliveries.add_metric((name, outcome), number)
        for entry, secrets in enumerate(counts.matches):
            for index, number in enumerate(secrets.counts):
                labels = (name, str(entry), secrets.verifier.scheme, str(index))
                matches.add_metric(labels, number)
        _add_durations(answers, name, counts.answers)
    yield from (deliveries, matches, answers)


def _about_programs(metrics: Metrics) -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        "hookgate_attempts",
        "Attempts by how they ended; of a program that is not in the rules file any more, under"
        " the name ''.",
        labels=("program", "status"),
    )
    seconds = HistogramMetricFamily(
        "hookgate_attempt_seconds", "How long attempts took.", labels=("program",)
    )
    for name, counts in _counted(metrics.programs):
        for status, number in counts.statuses.items():
            attempts.add_metric((name, status), number)
        _add_durations(seconds, name, counts.attempts)
    yield from (attempts, seconds)


def _about_tasks(standing: Standing, now: float) -> Iterable[Metric]:
    tasks = GaugeMetricFamily(
        "hookgate_tasks", f"Tasks by status, counted up to {COUNTED}.", labels=("status",)
    )
    tasks.add_metric(("pending",), standing.pending)
    tasks.add_metric(("running",), standing.running)
    tasks.add_metric(("failed",), standing.failed)
    due = now if standing.next_due is None else standing.next_due
    oldest = GaugeMetricFamily(
        "hookgate_oldest_pending_seconds",
        "How long the pending task that was due first has been due; 0 where none is due.",
        value=max(0.0, now - due),
    )
    return tasks, oldest


def _about_room(metrics: Metrics) -> Iterator[Metric]:
    full = CounterMetricFamily(
        "hookgate_deliveries_full",
        "Deliveries that were not taken because too much is pending, by the number of"
        " store.max_pending that is too small.",
        labels=("bound",),
    )
    for bound, number in metrics.full.items():
        full.add_metric((bound,), number)
    most = metrics.max_pending
    yield full
    yield GaugeMetricFamily(
        "hookgate_max_pending_tasks", "How many tasks may be pending.", value=most.tasks
    )
    yield GaugeMetricFamily(
        "hookgate_max_pending_bytes", "How many bytes may be pending.", value=most.bytes
    )


def _about_backlog(backlog: Backlog) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "hookgate_pending_tasks", "How many tasks are pending.", value=backlog.tasks
    )
    yield GaugeMetricFamily(
        "hookgate_pending_bytes",
        "The bytes of the bodies of pending tasks, counted for each task.",
        value=backlog.bytes,
    )


def _counted(counts: Mapping[str, Counts]) -> Iterator[tuple[str, Counts]]:
    """All by name, but for the name '' where nothing was counted under it."""
    return ((name, each) for name, each in counts.items() if name or each.total)


def _add_durations(family: HistogramMetricFamily, name: str, durations: Durations) -> None:
    family.add_metric((name,), list(durations.cumulative()), durations.sum)
