"""Keys of rules: which events belong together."""

from __future__ import annotations

from typing import Any

import pytest

from hookgate.core.decide import decide
from hookgate.core.explain import explain
from hookgate.core.explain_tasks import TaskTrace
from hookgate.core.tasks import pending_task
from hookgate.model import Accepted, Burst, Pause, Start
from tests.rules import compiled, delivery

RULES = """
version: 1
sources:
  s:
    auth: {type: none}
    params:
      repository: repository
      secret: {value: "${SECRET}"}
    rules:
      "*":
        - program: run
          RULE
programs:
  run: {command: [cat]}
"""
NOW = 1_000_000.0


def decided(rule: str, body: str) -> tuple[Start, TaskTrace]:
    config = compiled(RULES.replace("RULE", rule), {"SECRET": "canary"})
    given = delivery("s", body)
    decision = decide(config, given, NOW)
    assert isinstance(decision, Accepted)
    [start] = decision.starts
    [trace] = explain(config, given, decision).tasks
    return start, trace


def key_of(rule: str, body: str) -> str | None:
    start, trace = decided(rule, body)
    assert (trace.key, trace.remarks) == (start.key, ())
    return start.key


@pytest.mark.parametrize(
    ("repository", "key"),
    [
        ('"acme/site"', "acme/site"),
        ('""', ""),
        ("7", "7"),
        ("1.50", "1.50"),
        ("true", "true"),
        (f'"{"x" * 200}"', "x" * 200),
    ],
)
def test_a_key_is_the_text_of_its_value(repository: str, key: str) -> None:
    assert key_of("key: repository", f'{{"repository": {repository}}}') == key


def test_a_key_may_be_put_together() -> None:
    assert key_of("key: repository + '/' + event_type", '{"repository": "a"}') == "a/unknown"


def test_without_a_key_a_start_has_none() -> None:
    assert key_of("priority: 3", "{}") is None


def test_a_long_key_is_kept_as_its_hash_and_two_of_them_stay_apart() -> None:
    one = key_of("key: repository", f'{{"repository": "{"x" * 100_000}"}}')
    other = key_of("key: repository", f'{{"repository": "{"x" * 99_999}y"}}')
    assert one is not None
    assert other is not None
    assert one.startswith("sha256:")
    assert len(one) < 100
    assert one != other


UNKEYED = [
    ("{}", "it is missing"),
    ('{"repository": [1]}', "it is a list"),
    ('{"repository": {}}', "it is an object"),
]


@pytest.mark.parametrize(("body", "reason"), UNKEYED)
def test_events_whose_key_cannot_be_told_share_one_and_the_trace_says_why(
    body: str, reason: str
) -> None:
    start, trace = decided("key: repository", body)
    assert start.key == ""
    assert trace.remarks == (
        f"key: {reason}, not text, a number or a boolean; so it is run one after the other with "
        "all such tasks",
    )


def test_a_key_that_cannot_be_evaluated_does_not_lose_the_task() -> None:
    start, trace = decided("key: payload['a']['b']", '{"a": 1}')
    assert start.key == ""
    [remark] = trace.remarks
    assert "has no item 'b'" in remark


def test_a_number_of_too_many_digits_is_no_key() -> None:
    start, _ = decided("key: repository * repository", f'{{"repository": 1{"0" * 2400}}}')
    assert start.key == ""


def test_priority_reaches_the_task() -> None:
    start, trace = decided("priority: 7", "{}")
    assert (start.priority, trace.priority) == (7, 7)
    assert pending_task("t", delivery("s", "{}"), _event(), start).priority == 7


def test_a_debounced_start_waits_for_quiet_and_no_longer_than_allowed() -> None:
    start, trace = decided("debounce: {wait: 10s, key: repository}", '{"repository": "a"}')
    assert start.pause == Pause("a", 10, 100)
    assert trace.pause == Pause("a", 10, 100)
    task = pending_task("t", delivery("s", "{}"), _event(), start)
    assert (task.next_attempt_at, task.burst) == (NOW + 10, Burst("a", NOW + 100))


def test_without_a_key_all_events_of_a_rule_are_one_burst() -> None:
    start, _ = decided("debounce: {wait: 10s, max_wait: 15s}", "{}")
    assert start.pause == Pause("", 10, 15)


@pytest.mark.parametrize(("body", "reason"), UNKEYED)
def test_an_event_whose_burst_cannot_be_told_is_not_debounced(body: str, reason: str) -> None:
    """Or it could take the place of a task that has nothing to do with it."""
    start, trace = decided("debounce: {wait: 10s, key: repository}", body)
    assert start.pause is None
    assert trace.pause is None
    [remark] = trace.remarks
    assert remark.startswith(f"debounce.key: {reason}")
    assert remark.endswith("; so it runs at once")
    task = pending_task("t", delivery("s", "{}"), _event(), start)
    assert (task.next_attempt_at, task.burst) == (NOW, None)


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ("key: secret", "secret"),
        ("key: \"'${SECRET}' + repository\"", "'${SECRET}' + repository"),
        ("debounce: {wait: 1s, key: secret}", "secret"),
    ],
)
def test_a_value_from_the_environment_is_not_shown(rule: str, shown: str) -> None:
    start, trace = decided(rule, '{"repository": "a"}')
    told = start.key if start.pause is None else start.pause.key
    assert told is not None
    assert "canary" in str.__str__(told)
    assert "canary" not in str((trace.key, trace.pause, trace.remarks))
    assert shown in (trace.key, trace.pause and trace.pause.key)


def test_a_fault_does_not_show_a_value_from_the_environment() -> None:
    _, trace = decided("key: payload[secret]", '{"repository": "a"}')
    assert trace.remarks != ()
    assert "canary" not in str(trace.remarks)


def _event() -> Any:
    config = compiled(RULES.replace("RULE", "priority: 1"), {"SECRET": "canary"})
    decision = decide(config, delivery("s", "{}"), NOW)
    assert isinstance(decision, Accepted)
    return decision.event
