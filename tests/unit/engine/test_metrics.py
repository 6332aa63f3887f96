"""Counting: durations by their bounds, and what becomes of counts when the rules file changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hookgate.core.config import Config
from hookgate.engine.metrics import Durations, Metrics
from hookgate.model import AuthStep, TaskStatus
from tests.rules import compiled

BOUNDS = (0.1, 1.0, 10.0)


@given(st.lists(st.floats(0, 20) | st.sampled_from(BOUNDS)))
def test_each_bound_counts_the_durations_that_are_at_most_that(seconds: list[float]) -> None:
    durations = Durations(BOUNDS)
    for each in seconds:
        durations.add(each)
    assert list(durations.cumulative()) == [
        ("0.1", sum(each <= 0.1 for each in seconds)),
        ("1.0", sum(each <= 1 for each in seconds)),
        ("10.0", sum(each <= 10 for each in seconds)),
        ("+Inf", len(seconds)),
    ]
    assert durations.sum == sum(seconds)


def config(tokens: str, source: str = "crm", program: str = "say") -> Config:
    return compiled(
        f"""
        version: 1
        sources:
          {source}:
            auth: {{type: token, token: {tokens}}}
            rules: {{go: [{{program: {program}}}]}}
        programs:
          {program}: {{command: cat}}
        """
    )


def counted(metrics: Metrics, index: int, source: str = "crm") -> None:
    step = AuthStep("token", passed=True, reason="", secret_index=index)
    metrics.decided(source, "accepted", [step])


def test_counts_go_on_when_the_rules_file_changes() -> None:
    metrics = Metrics(config("[b, a]"), 0.0)
    counted(metrics, 1)
    metrics.attempted("say", TaskStatus.COMPLETED, 0.5)
    metrics.use(config("[b, a]"), 1.0)
    assert metrics.sources["crm"].outcomes["accepted"] == 1
    assert metrics.sources["crm"].matches[0].counts == [0, 1]
    assert metrics.programs["say"].statuses["completed"] == 1


def test_matches_begin_anew_where_an_index_may_mean_another_secret() -> None:
    metrics = Metrics(config("[b, a]"), 0.0)
    counted(metrics, 1)
    metrics.use(config("[c, b]"), 1.0)
    assert metrics.sources["crm"].matches[0].counts == [0, 0]
    assert metrics.sources["crm"].outcomes["accepted"] == 1


def test_a_delivery_that_an_older_rules_file_decided_is_counted_where_that_is_possible() -> None:
    metrics = Metrics(config("[b, a]"), 0.0)
    metrics.use(config("[b]", program="other"), 1.0)
    counted(metrics, 1)
    metrics.attempted("say", TaskStatus.FAILED, 0.5)
    assert metrics.sources["crm"].matches[0].counts == [0]
    assert metrics.programs[""].statuses["failed"] == 1
    metrics.use(config("[b]", source="shop"), 2.0)
    counted(metrics, 0)
    assert metrics.sources[""].outcomes["accepted"] == 1


def test_what_has_left_the_rules_file_is_not_kept() -> None:
    metrics = Metrics(config("a"), 0.0)
    for number in range(100):
        metrics.use(config("a", f"source{number}", f"program{number}"), 1.0)
    assert set(metrics.sources) == {"source99", ""}
    assert set(metrics.programs) == {"program99", ""}
