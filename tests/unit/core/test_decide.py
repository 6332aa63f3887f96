"""The decision about a delivery."""

from __future__ import annotations

import base64
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.core.config import Config
from hookgate.core.decide import decide
from hookgate.core.explain import explain
from hookgate.model import (
    Accepted,
    AuthResult,
    Decision,
    Delivery,
    Ignored,
    Rejected,
    Rejection,
    RuleOutcome,
)
from tests.rules import compiled, delivery

RULES = """
version: 1
sources:
  jira:
    auth: {type: token, token: canary-token}
    event_type: {header: X-Jira-Event-Type}
    event_id: {header: X-Id}
    params:
      issue_key: issue.key
      kind: issue.type
      priority: {path: issue.priority, default: Medium}
    rules:
      created:
        - {name: bugs, condition: kind == 'bug', program: fix}
        - {condition: kind == 'bug' and priority == 'High', program: page}
        - {condition: kind > 3, program: page}
      updated:
        - program: fix
  all:
    auth: {type: none}
    match: all
    params: {kind: kind, key: {path: key, required: true}}
    rules:
      ping: []
      "*":
        - {condition: kind == 'bug', program: fix}
        - {condition: kind == 'task', program: page}
        - {condition: "True", program: page}
  strict:
    auth:
      - {type: ip, allowed_ips: [192.0.2.0/24]}
      - {type: basic, username: u, password: p}
    rules: {"*": [{program: fix}]}
programs:
  fix: {command: fix}
  page: {command: page}
"""

TOKEN = {"x-webhook-token": "canary-token"}


@pytest.fixture(scope="module")
def config() -> Config:
    return compiled(RULES)


CREATED = TOKEN | {"x-jira-event-type": "created"}


def created(config: Config, body: str, **headers: str) -> Decision:
    return decide(config, delivery("jira", body, CREATED | headers), 0.0)


def test_a_rule_that_holds_starts_its_program_with_the_params(config: Config) -> None:
    decision = created(config, '{"issue":{"key":"P-1","type":"bug","priority":"High"}}')
    assert isinstance(decision, Accepted)
    (start,) = decision.starts
    assert (start.rule, start.program) == ("created[0]", "fix")
    assert start.params == {"issue_key": "P-1", "kind": "bug", "priority": "High"}


def test_match_first_stops_at_the_first_rule_that_holds(config: Config) -> None:
    sent = delivery("jira", '{"issue":{"type":"bug","priority":"High"}}', CREATED)
    decision = decide(config, sent, 0.0)
    assert isinstance(decision, Accepted)
    assert [start.rule for start in decision.starts] == ["created[0]"]
    assert outcomes(config, sent, decision) == [
        RuleOutcome.TRUE,
        RuleOutcome.NOT_REACHED,
        RuleOutcome.NOT_REACHED,
    ]


def test_match_all_starts_every_rule_that_holds(config: Config) -> None:
    decision = decide(config, delivery("all", '{"kind":"bug","key":1}'), 0.0)
    assert isinstance(decision, Accepted)
    assert [start.rule for start in decision.starts] == ["*[0]", "*[2]"]


def test_a_condition_that_cannot_be_evaluated_is_false_and_keeps_its_cause(config: Config) -> None:
    sent = delivery("jira", '{"issue":{"type":"task"}}', CREATED)
    decision = decide(config, sent, 0.0)
    assert isinstance(decision, Ignored)
    last = explain(config, sent, decision).rules[-1]
    assert last.result is RuleOutcome.ERROR
    assert last.reason
    assert decision.reason == "no rule of created held (1 could not be evaluated)"


def test_a_list_of_its_own_wins_over_the_star_also_when_it_is_empty(config: Config) -> None:
    ping = {"x-event-type": "ping"}
    decision = decide(config, delivery("all", '{"kind":"bug","key":1}', ping), 0.0)
    assert isinstance(decision, Ignored)


def test_an_event_type_without_rules_is_ignored_by_name(config: Config) -> None:
    decision = created(config, "{}", **{"x-jira-event-type": "deleted"})
    assert isinstance(decision, Ignored)
    assert decision.reason == "no rules for event type 'deleted'"


def test_an_event_without_a_type_is_unknown(config: Config) -> None:
    decision = decide(config, delivery("jira", "{}", TOKEN), 0.0)
    assert isinstance(decision, Ignored)
    assert decision.event.event_type == "unknown"


def test_the_senders_id_is_kept_as_text(config: Config) -> None:
    decision = created(config, "{}", **{"x-id": "77"})
    assert decision.event is not None
    assert decision.event.event_id == "77"


@pytest.mark.parametrize("headers", [{}, {"x-webhook-token": ""}, {"x-webhook-token": "wrong"}])
def test_wrong_credentials_are_rejected_before_the_body_is_read(
    config: Config, headers: dict[str, str]
) -> None:
    decision = decide(config, delivery("jira", "not json", headers), 0.0)
    assert isinstance(decision, Rejected)
    assert decision.rejection is Rejection.UNAUTHENTICATED
    assert decision.message == "missing or wrong credentials"
    assert "canary" not in decision.detail


def test_every_entry_of_an_auth_list_must_pass(config: Config) -> None:
    right = {"authorization": "Basic " + base64.b64encode(b"u:p").decode()}
    inside, outside = "192.0.2.9", "198.51.100.1"
    assert isinstance(decide(config, delivery("strict", "{}", right, peer=inside), 0.0), Accepted)
    forbidden = decide(config, delivery("strict", "{}", right, peer=outside), 0.0)
    assert isinstance(forbidden, Rejected)
    assert forbidden.rejection is Rejection.FORBIDDEN
    unauthenticated = decide(config, delivery("strict", "{}", {}, peer=inside), 0.0)
    assert isinstance(unauthenticated, Rejected)
    assert unauthenticated.rejection is Rejection.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("body", "headers", "rejection"),
    [
        ("{", {}, Rejection.MALFORMED),
        ("<a/>", {"content-type": "application/xml"}, Rejection.MEDIA_TYPE),
    ],
)
def test_a_body_that_cannot_be_read_is_rejected(
    config: Config, body: str, headers: dict[str, str], rejection: Rejection
) -> None:
    decision = decide(config, delivery("jira", body, TOKEN | headers), 0.0)
    assert isinstance(decision, Rejected)
    assert decision.rejection is rejection


def test_a_required_param_that_is_missing_rejects_the_event(config: Config) -> None:
    decision = decide(config, delivery("all", '{"kind":"bug"}'), 0.0)
    assert isinstance(decision, Rejected)
    assert decision.rejection is Rejection.UNFIT
    assert decision.message == "param key is required and key is missing"


def test_conditions_never_see_credentials() -> None:
    config = compiled(
        """
        version: 1
        sources:
          s:
            auth: {type: token, token: canary}
            rules: {"*": [{condition: "'x-webhook-token' in headers", program: p}]}
        programs: {p: {command: p}}
        """
    )
    sent = delivery("s", "{}", {"x-webhook-token": "canary"})
    decision = decide(config, sent, 0.0)
    assert isinstance(decision, Ignored)
    assert "canary" not in repr(explain(config, sent, decision))


_compiled_once = functools.cache(lambda: compiled(RULES))

bodies = st.binary(max_size=60) | st.sampled_from(
    [b'{"issue":{"type":"bug"}}', b'{"issue":{"type":4}}', b'{"key":null,"kind":[]}', b"[]"]
)


@given(
    source=st.sampled_from(["jira", "all", "strict"]),
    body=bodies,
    headers=st.dictionaries(
        st.sampled_from(["x-webhook-token", "x-jira-event-type", "authorization", "content-type"]),
        st.sampled_from(["canary-token", "created", "updated", "Basic dTpw", "é"]) | st.text(),
    ),
)
def test_every_delivery_gets_a_decision_and_every_decision_an_explanation(
    source: str, body: bytes, headers: dict[str, str]
) -> None:
    config = _compiled_once()
    sent = delivery(source, body, headers)
    decision = decide(config, sent, 0.0)
    trace = explain(config, sent, decision)
    assert (trace.outcome, trace.auth) == (decision.outcome, decision.auth)
    results = [rule.result for rule in trace.rules]
    starts = decision.starts if isinstance(decision, Accepted) else ()
    assert [start.rule for start in starts] == [
        rule.id for rule in trace.rules if rule.result is RuleOutcome.TRUE
    ]
    if isinstance(decision, Ignored) and (errors := results.count(RuleOutcome.ERROR)):
        assert decision.reason.endswith(f"({errors} could not be evaluated)")
    assert [task.program for task in trace.tasks] == [start.program for start in starts]
    if not isinstance(decision, Rejected):
        assert decision.auth.result is AuthResult.PASSED


def outcomes(config: Config, sent: Delivery, decision: Decision) -> list[RuleOutcome]:
    return [rule.result for rule in explain(config, sent, decision).rules]
