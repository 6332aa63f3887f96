"""What a case expects against what came of it: only what is named counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hookgate.engine.config_tests.comparing import (
    Difference,
    Nothing,
    Outcome,
    actual_at,
    differences,
    same,
)
from hookgate.expr.values import ExactFloat
from hookgate.model import JSON
from hookgate.server.rehearsal import rehearse
from tests.rules import compiled, delivery

CONFIG = compiled(
    """\
    version: 1
    sources:
      shop:
        auth: {type: none}
        event_id: {header: X-Id}
        match: all
        max_body: 200
        params: {total: order.total, paid: order.paid}
        rules:
          order:
            - {condition: total > 100, program: act}
            - {name: second, condition: total > 100, program: act}
            - {condition: total > 1000, program: act}
            - {condition: "True", program: plain}
    programs:
      act: {command: [act, "${SERVER}"], env: {KEY: "${KEY}"}}
      plain: {command: [plain, "{total}"], pass: none}
    """,
    {"SERVER": "server-canary", "KEY": "key-canary"},
)


def outcome_of(
    body: str = '{"order":{"total":250.00,"paid":true}}',
    event_type: str = "order",
    method: str = "POST",
) -> Outcome:
    headers = {"x-event-type": event_type, "x-id": "7"}
    return rehearse(CONFIG, replace(delivery("shop", body, headers), method=method))


ACCEPTED = outcome_of()
IGNORED = outcome_of(event_type="other")
REJECTED = outcome_of("{")
REFUSED = outcome_of(method="PUT")


@pytest.mark.parametrize(
    "expect",
    [
        {"status": 202},
        {"outcome": "accepted", "event_type": "order", "event_id": "7", "reason": "3 tasks"},
        {"reason": "task"},
        {"params": {"total": 250, "paid": True}},
        {"params": {}},
        {"rules": ["order[0]", "order[1]", "order[3]"]},
        {"rules": ["order[0]", "second", "order[3]"]},
        {"programs": ["act", "act", "plain"]},
        {"argv": ["act", "${SERVER}", "--total=250.00", "--paid=true", "--event_type=order"]},
        {"argv": {"plain": ["plain", "250.00"]}},
        {"env": {"KEY": "${KEY}"}},
        {"env": {"act": {"HOOKGATE_EVENT_ID": "7"}, "plain": {"HOOKGATE_SOURCE": "shop"}}},
    ],
)
def test_what_came_out_as_expected_is_no_difference(expect: dict[str, JSON]) -> None:
    assert differences(expect, ACCEPTED) == ()


ARGV: list[JSON] = ["act", "${SERVER}", "--total=250.00", "--paid=true", "--event_type=order"]


@pytest.mark.parametrize(
    ("expect", "key", "actual"),
    [
        ({"status": 200}, "status", 202),
        ({"outcome": "ignored"}, "outcome", "accepted"),
        ({"event_type": "orders"}, "event_type", "order"),
        ({"event_id": None}, "event_id", "7"),
        ({"reason": "2 tasks"}, "reason", "3 tasks"),
        ({"params": {"total": 250.5}}, "params.total", 250.0),
        ({"params": {"paid": 1}}, "params.paid", True),
        ({"rules": ["order[0]", "second"]}, "rules", ["order[0]", "second", "order[3]"]),
        ({"rules": []}, "rules", ["order[0]", "second", "order[3]"]),
        ({"programs": ["act", "plain", "act"]}, "programs", ["act", "act", "plain"]),
        ({"argv": ["act"]}, "argv", ARGV),
        ({"argv": {"act": ["act"]}}, "argv.act", ARGV),
        ({"argv": {"none": []}}, "argv.none", Nothing.NOTHING),
        ({"env": {"KEY": "x"}}, "env.KEY", "${KEY}"),
        ({"env": {"NONE": ""}}, "env.NONE", Nothing.NOTHING),
        ({"env": {"plain": {"KEY": "x"}}}, "env.plain.KEY", Nothing.NOTHING),
    ],
)
def test_what_did_not_is_told_with_what_came_instead(
    expect: dict[str, JSON], key: str, actual: JSON
) -> None:
    (difference,) = differences(expect, ACCEPTED)
    assert (difference.key, difference.actual) == (key, actual)


def test_differences_come_in_the_order_of_the_case() -> None:
    found = differences({"status": 1, "params": {"paid": 0, "total": 0}, "event_id": ""}, ACCEPTED)
    assert [one.key for one in found] == ["status", "params.paid", "params.total", "event_id"]


def test_the_body_at_the_end_of_an_argv_counts_only_where_it_is_written() -> None:
    payload = '--raw_payload={"order":{"total":250.00,"paid":true}}'
    assert differences({"argv": [*ARGV, payload]}, ACCEPTED) == ()
    (difference,) = differences({"argv": [*ARGV, "--raw_payload={}"]}, ACCEPTED)
    assert difference.actual == [*ARGV, payload]


def test_nothing_secret_is_compared_or_told() -> None:
    told = str([actual_at(ACCEPTED, (key,)) for key in ("argv", "env", "params")])
    assert "canary" not in told


def test_an_event_without_rules_is_ignored_with_its_type() -> None:
    assert (
        differences({"status": 200, "outcome": "ignored", "rules": [], "programs": []}, IGNORED)
        == ()
    )
    assert differences({"params": {"total": None}}, IGNORED) == (
        Difference("params.total", None, Nothing.NOTHING),
    )


def test_a_rejected_request_has_no_event() -> None:
    expect: dict[str, JSON] = {"status": 400, "event_type": None, "reason": "not valid JSON"}
    assert differences(expect, REJECTED) == ()


def test_a_request_that_would_be_refused_unread_has_its_status_and_reason() -> None:
    expect: dict[str, JSON] = {"status": 405, "outcome": "rejected", "reason": "PUT", "rules": []}
    assert differences(expect, REFUSED) == ()
    large = "[" + "1," * 99 + "1]"
    assert differences({"event_id": None, "status": 413}, outcome_of(large)) == ()
    assert differences({"status": 405}, outcome_of(large, method="PUT")) == ()


def test_a_blank_is_always_a_difference_with_the_value_to_write() -> None:
    found = differences({"status": "?", "params": "?", "argv": {"plain": "?"}}, ACCEPTED)
    assert [(one.key, one.actual) for one in found] == [
        ("status", 202),
        ("params", {"total": 250.0, "paid": True}),
        ("argv.plain", ["plain", "250.00"]),
    ]


def test_a_blank_env_is_filled_with_what_the_rules_file_adds() -> None:
    assert actual_at(ACCEPTED, ("env",)) == {"KEY": "${KEY}"}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_a_value_is_the_same_as_itself(value: JSON) -> None:
    assert same(value, value)


@given(VALUES, VALUES)
def test_same_goes_both_ways(one: JSON, other: JSON) -> None:
    assert same(one, other) == same(other, one)


def test_numbers_are_equal_by_value_and_truth_is_no_number() -> None:
    assert same([1, {"a": ExactFloat("1.10")}], [1.0, {"a": 1.1}])
    assert not same(1, True)
    assert not same([0], [False])
    assert not same("1", 1)
    assert not same({"a": None}, {})
